"""All that the kernel and the libraries share: names, formats and contracts, and no state."""

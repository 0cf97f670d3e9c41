"""All that the kernel and the libraries share, and nothing that runs."""

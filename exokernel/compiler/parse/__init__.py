"""From import names to syntax trees: finds, reads and parses modules, and judges nothing else."""

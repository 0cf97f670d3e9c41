"""The exokernel: it protects frames, tables, environments, slices and devices, and decides nothing else."""

"""The machine: `machine` and `ports` are what the rest of the kernel sees of it."""

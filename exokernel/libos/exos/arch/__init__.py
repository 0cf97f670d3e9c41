"""What ExOS has that knows the machine: entry points, saved contexts, ELF, its own page."""

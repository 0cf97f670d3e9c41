"""The exception handlers themselves, which the kernel enters."""

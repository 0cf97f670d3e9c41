"""Our static linker: one ELF64 object for x86-64 in, one executable out."""

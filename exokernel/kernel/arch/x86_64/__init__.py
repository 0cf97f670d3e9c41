"""The x86-64 processor and its board. Nothing outside `kernel.arch` imports from here."""

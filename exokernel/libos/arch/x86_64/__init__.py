"""The x86-64 under the libraries: the kernel's tables where they lie, and bytes at addresses."""

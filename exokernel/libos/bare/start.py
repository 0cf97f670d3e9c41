"""Where a program with the smallest library begins: the module the compiler starts from."""

from exokernel.libos.bare.arch import entry

__all__ = ["entry"]

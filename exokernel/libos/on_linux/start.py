"""Where a program on Linux begins: the module the compiler starts from."""

from exokernel.libos.on_linux.arch import entry

__all__ = ["entry"]

"""Where a program on Linux begins: the module the compiler starts from."""

from exokernel.libos.arch.x86_64 import raised
from exokernel.libos.on_linux.arch import entry

__all__ = ["entry", "raised"]

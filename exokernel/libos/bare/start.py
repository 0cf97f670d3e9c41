"""Where a program with the smallest library begins: the module the compiler starts from."""

from exokernel.libos.arch.x86_64 import raised
from exokernel.libos.bare.arch import entry

__all__ = ["entry", "raised"]

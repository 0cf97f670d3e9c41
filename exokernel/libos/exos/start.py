"""Where a program with ExOS begins: the module the compiler starts from.

The entry points are in `arch`, since the processor jumps to them.
"""

from exokernel.libos.exos.arch import entry

__all__ = ["entry"]

"""The environment page: all the entry points of an environment, and its exception stack.

The library writes it; the kernel reads the entry points when it delivers, and writes
records onto the stack. It holds nothing the kernel believes: a bad entry point harms only
the environment that put it there. [SOSP95 §5, environments; Xok's u-area]
"""

from exokernel.dialect import Array, array, u8, u32
from exokernel.dialect.unsafe import Shared

VECTORS = 32
EXCEPTION_STACK = 2048  # bytes


class EnvironmentPage(Shared):
    """Exactly one frame. Written by the library and, where it says so, by the kernel."""

    handlers: Array[int] = array(VECTORS)  # where each exception goes; 0: the environment dies of it
    begin: int  # where a slice begins, with RSP at the top of the exception stack; 0: the wheel passes it by
    end: int  # where the end of a slice is announced, as a TrapFrame; 0: the environment dies of it
    critical: u32  # depth of the software critical section; the library's own
    interrupted: u32  # the slice ended during one; the library's own
    library: Array[int] = array(221)  # the library's own
    exception_stack: Array[u8] = array(EXCEPTION_STACK)  # records are pushed from its end down; written by the kernel too

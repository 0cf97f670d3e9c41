"""Everything a system call can raise. The number is the ABI; the class is the name.

A call that raises has changed nothing, and which error it raises depends only on what its
caller may see.
"""

from typing import ClassVar


class KernelError(Exception):
    number: ClassVar[int] = 0


class BadCall(KernelError):
    """No system call has this number."""

    number = 1


class BadName(KernelError):
    """An argument names no resource that exists. Raised by the gate."""

    number = 2


class NoCapability(KernelError):
    """The slot named is empty."""

    number = 3


class NotPermitted(KernelError):
    """The capability presented does not grant the right over this resource."""

    number = 4


class InUse(KernelError):
    """The resource named is not free, or still has users."""

    number = 5


class WrongKind(KernelError):
    """The frame named is not of the kind this call works on, or the environment not in the phase."""

    number = 6


class BadEntry(KernelError):
    """A page-table entry has bits that no library may set, or stands where none may."""

    number = 7


class QuotaExceeded(KernelError):
    """The environment that would pay owns as much as it may."""

    number = 8


class NotAccepting(KernelError):
    """The receiver has opened no slot for this donor."""

    number = 9


class BadSeal(KernelError):
    """The seal is not the kernel's for this capability."""

    number = 10


class NothingToRead(KernelError):
    """The device has no input yet."""

    number = 11


class BadLength(KernelError):
    """A count or length is negative, or reaches past the end of what it counts in."""

    number = 12

"""Processes, which are those of Linux."""

from typing import NoReturn

from exokernel.dialect import Array, array, u32
from exokernel.libos.errors import NoChild, NoMemory
from exokernel.libos.on_linux.arch.system import EXIT, FORK, GET_PROCESS, call, wait_for
from exokernel.libos.on_linux.output import flush_all

CHILD = 0  # what `fork` answers in the child
SIGNALS = 128  # the low bits of a status that say which signal ended a process
SIGNALLED = 128  # a status above names a signal


def process() -> int:
    """Our own number."""
    return call(GET_PROCESS, 0, 0, 0)


def fork() -> int:
    """Make a copy of this process, which goes on from here. Answers its number, or CHILD in the copy.

    Raises:
        NoMemory: there is no room for another process.
    """
    flush_all()
    child = call(FORK, 0, 0, 0)
    if child < 0:
        raise NoMemory
    return child


def wait(child: int) -> int:
    """Wait until a child has ended, and answer its status: 128 and the number of the signal that ended it.

    Raises:
        NoChild: that is no child of ours.
    """
    status: Array[u32] = array(1)
    if child <= 0 or wait_for(child, status) != child:
        raise NoChild
    signal = status[0] % SIGNALS
    return SIGNALLED + signal if signal != 0 else status[0] // 256 % 256


def shut_down(status: int) -> NoReturn:
    """End the program: what `bare` calls it."""
    leave(status)


def leave(status: int) -> NoReturn:
    """End this process with a status."""
    flush_all()
    while True:
        call(EXIT, status % 256, 0, 0)

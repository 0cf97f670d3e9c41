"""What ExOS keeps in its environment page: always mapped, never shared, there before anything else.

Fault handlers may use it, since touching it cannot fault. A fork copies it by hand.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.abi.names import EnvironmentId, Frame, Slot
from exokernel.dialect import Record, offset_of
from exokernel.dialect.unsafe import record_at
from exokernel.libos.exos.layout import WINDOW

STATE = offset_of(EnvironmentPage, "library")  # bytes from the start of the page
INTEGERS_TO_COPY = 96  # of the page: the entry points and all of ProcessState


class ProcessState(Record):
    """One process, as it and its family see it. Trust: mutual, within the family."""

    context: int  # the stack pointer where a slice begins; written and read by `arch.context`
    frame_hint: int  # where the search for a free frame goes on
    region: int  # whose level-1 table `table` is; -1: none
    table: Frame
    guard: Slot  # of ours: what guards the processes we make
    abandoned_first: int  # the frames of ours that we left to children, and that become garbage of ours, ...
    abandoned_last: int  # ... lie between
    children: int  # made and not yet waited for
    parent: EnvironmentId
    parent_generation: int  # which bearer of that name
    successor: EnvironmentId  # the environment that goes on in our place after `execute`; NOBODY: none
    status: int  # what we ended with, once `ended`
    ended: bool
    crashing: bool
    arguments: int  # address of the arguments, each with a NUL behind it
    arguments_size: int  # bytes
    heap: int  # address of the first byte of the heap not given out yet


def state() -> ProcessState:
    """Our own state."""
    return record_at(ProcessState, ENVIRONMENT_PAGE + STATE)


def state_in_window() -> ProcessState:
    """The state of the process whose environment page is in the window."""
    return record_at(ProcessState, WINDOW + STATE)


def page_in_window() -> EnvironmentPage:
    return record_at(EnvironmentPage, WINDOW)

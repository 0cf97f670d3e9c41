"""Frames of our own: found, taken, copied and given back.

Another environment may take a free frame between our look and our call, so every taker
looks again. What we own and nothing uses is garbage, and `sweep` gives it back; so nothing
here may keep a frame it has not mapped.
"""

from exokernel.abi.errors import InUse, QuotaExceeded
from exokernel.abi.names import Frame, Index, Slot
from exokernel.abi.tables import FrameKind
from exokernel.libos import kernel
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import KEY


def candidate() -> Frame:
    """Name a frame that is free now, and go on behind it next time.

    Raises:
        NothingFree: every frame has an owner.
    """
    frame = kernel.free_frame(state().frame_hint)
    state().frame_hint = frame + 1
    return frame


def make_room() -> None:
    """Give back what we own and nothing uses.

    Raises:
        QuotaExceeded: there was nothing of the kind.
    """
    if sweep(0, kernel.machine().frame_count) == 0:
        raise QuotaExceeded


def new_frame(guard: Slot = KEY) -> Frame:
    """Take a zeroed frame.

    Raises:
        QuotaExceeded: we own as much as we may.
        NothingFree: every frame has an owner.
    """
    while True:
        frame = candidate()
        try:
            kernel.frame_alloc(frame, guard)
            return frame
        except InUse:
            continue
        except QuotaExceeded:
            make_room()


def copy_of(source: Frame, key: Slot) -> Frame:
    """Take a frame with the bytes of another, which `key` opens.

    Raises:
        QuotaExceeded: we own as much as we may.
        NothingFree: every frame has an owner.
    """
    while True:
        frame = candidate()
        try:
            kernel.frame_copy(frame, KEY, source, key)
            return frame
        except InUse:
            continue
        except QuotaExceeded:
            make_room()


def new_table(parent: Frame, index: Index) -> Frame:
    """Make an empty table below `parent`, whose owner pays.

    Raises:
        QuotaExceeded: the owner of `parent` owns as much as it may.
        NothingFree: every frame has an owner.
    """
    while True:
        frame = candidate()
        try:
            kernel.table_alloc(parent, index, frame, KEY)
            return frame
        except InUse:
            continue


def sweep(low: int, high: int) -> int:
    """Give back those of the frames from `low` to `high` that are ours and unused. Answers how many."""
    us = kernel.ourselves()
    given = 0
    for number in range(low, high):
        frame = kernel.frames[number]
        if frame.owner == us and frame.uses == 0 and frame.kind == FrameKind.DATA:
            kernel.frame_free(Frame(number), KEY)
            given += 1
    return given

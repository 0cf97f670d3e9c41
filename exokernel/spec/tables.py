"""The specification of the calls on page tables."""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import BadEntry, InUse, QuotaExceeded, WrongKind
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import TABLE_ENTRIES, EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.state import frames
from exokernel.spec.frames import FREE, is_free, may_own_one_more, paying
from exokernel.spec.rows import (
    ALLOWED,
    AccountRow,
    FrameRow,
    frame_row,
    is_abandoned,
    key_error,
    linking,
    word_row,
)


def space_error(table: Frame, holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability) -> int:
    """Why somebody may not take from an address space: it is not abandoned, and the key does not open the guard."""
    return ALLOWED if is_abandoned(table) else key_error(holder, key, wanted, guard)


def links_tables(frame: Frame) -> bool:
    return frames[frame].kind >= FrameKind.TABLE_2


def is_kernels(parent: Frame, index: Index) -> bool:
    """Whether an entry is in the half of a root that is the kernel's."""
    return frames[parent].kind == FrameKind.TABLE_4 and index >= FIRST_KERNEL_SLOT


def below(kind: FrameKind) -> FrameKind:
    match kind:
        case FrameKind.TABLE_4:
            return FrameKind.TABLE_3
        case FrameKind.TABLE_3:
            return FrameKind.TABLE_2
        case _:
            return FrameKind.TABLE_1


def first_region(parent: Frame, index: Index) -> int:
    """The first region that what is linked there covers."""
    match frames[parent].kind:
        case FrameKind.TABLE_4:
            return frames[parent].region + index * TABLE_ENTRIES * TABLE_ENTRIES
        case FrameKind.TABLE_3:
            return frames[parent].region + index * TABLE_ENTRIES
        case _:
            return frames[parent].region + index


# table_alloc


def table_alloc_error(caller: EnvironmentId, parent: Frame, index: Index, frame: Frame, key: Slot) -> int:
    if not links_tables(parent):
        return WrongKind.number
    error = key_error(caller, key, Rights.WRITE, frames[parent].guard)
    if error != ALLOWED:
        return error
    if is_kernels(parent, index):
        return BadEntry.number
    if not is_free(frame) or word_row(parent, index).present:
        return InUse.number
    return ALLOWED if may_own_one_more(frames[parent].owner) else QuotaExceeded.number


def table_alloc_frame(parent: Frame, index: Index, frame: Frame, any_frame: Frame) -> FrameRow:
    before = frame_row(any_frame)
    if any_frame == parent:
        return linking(before, 1)
    if any_frame != frame:
        return before
    above = frame_row(parent)
    return FrameRow(below(above.kind), above.owner, above.guard, 1, 0, first_region(parent, index))


def table_alloc_account(parent: Frame, any_environment: EnvironmentId) -> AccountRow:
    return paying(frames[parent].owner, 1, any_environment)


def table_alloc_word(parent: Frame, index: Index, frame: Frame, any_frame: Frame, any_index: Index) -> Entry:
    if any_frame == parent and any_index == index:
        return Entry(present=True, writable=True, user=True, frame=frame)
    return Entry() if any_frame == frame else word_row(any_frame, any_index)


# table_free


def table_free_error(caller: EnvironmentId, parent: Frame, index: Index, key: Slot) -> int:
    if not links_tables(parent):
        return WrongKind.number
    error = space_error(parent, caller, key, Rights.WRITE, frames[parent].guard)
    if error != ALLOWED:
        return error
    if is_kernels(parent, index) or not word_row(parent, index).present:
        return BadEntry.number
    return InUse.number if frames[word_row(parent, index).frame].entries > 0 else ALLOWED


def table_free_frame(parent: Frame, index: Index, any_frame: Frame) -> FrameRow:
    if any_frame == word_row(parent, index).frame:
        return FREE
    before = frame_row(any_frame)
    return linking(before, -1) if any_frame == parent else before


def table_free_account(parent: Frame, any_environment: EnvironmentId) -> AccountRow:
    return paying(frames[parent].owner, -1, any_environment)


def table_free_word(parent: Frame, index: Index, any_frame: Frame, any_index: Index) -> Entry:
    return Entry() if any_frame == parent and any_index == index else word_row(any_frame, any_index)

"""The specification of the calls on frames."""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import InUse, NoCapability, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import NOBODY, EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.state import environments, frames
from exokernel.spec.rows import (
    ALLOWED,
    AccountRow,
    FrameRow,
    account_row,
    frame_row,
    held,
    key_error,
    lives,
    one_if,
    owning,
    reaper_error,
    word_row,
)

FREE = FrameRow(FrameKind.FREE, NOBODY, Capability(), 0, 0, 0)


def is_free(frame: Frame) -> bool:
    return frames[frame].kind == FrameKind.FREE


def is_data(frame: Frame) -> bool:
    return frames[frame].kind == FrameKind.DATA


def may_own_one_more(environment: EnvironmentId) -> bool:
    return environments[environment].frames < environments[environment].quota


def paying(payer: EnvironmentId, more: int, environment: EnvironmentId) -> AccountRow:
    """Any account, after one environment has come to own `more` frames."""
    before = account_row(environment)
    return owning(before, more) if environment == payer else before


# frame_alloc


def frame_alloc_error(caller: EnvironmentId, frame: Frame, guard: Slot) -> int:
    if not held(caller, guard).valid:
        return NoCapability.number
    if not is_free(frame):
        return InUse.number
    return ALLOWED if may_own_one_more(caller) else QuotaExceeded.number


def frame_alloc_frame(caller: EnvironmentId, frame: Frame, guard: Slot, any_frame: Frame) -> FrameRow:
    if any_frame != frame:
        return frame_row(any_frame)
    return FrameRow(FrameKind.DATA, caller, held(caller, guard), 0, 0, 0)


def frame_alloc_account(caller: EnvironmentId, any_environment: EnvironmentId) -> AccountRow:
    return paying(caller, 1, any_environment)


def frame_alloc_word(frame: Frame, any_frame: Frame, any_index: Index) -> Entry:
    return Entry() if any_frame == frame else word_row(any_frame, any_index)


# frame_copy


def frame_copy_error(caller: EnvironmentId, frame: Frame, guard: Slot, source: Frame, key: Slot) -> int:
    if not held(caller, guard).valid or not held(caller, key).valid:
        return NoCapability.number
    if not is_free(frame):
        return InUse.number
    if not may_own_one_more(caller):
        return QuotaExceeded.number
    if not is_data(source):
        return WrongKind.number
    return key_error(caller, key, Rights.READ, frames[source].guard)


def frame_copy_frame(caller: EnvironmentId, frame: Frame, guard: Slot, any_frame: Frame) -> FrameRow:
    return frame_alloc_frame(caller, frame, guard, any_frame)


def frame_copy_account(caller: EnvironmentId, any_environment: EnvironmentId) -> AccountRow:
    return paying(caller, 1, any_environment)


def frame_copy_word(frame: Frame, source: Frame, any_frame: Frame, any_index: Index) -> Entry:
    return word_row(source if any_frame == frame else any_frame, any_index)


# frame_free


def frame_free_error(caller: EnvironmentId, frame: Frame, key: Slot) -> int:
    if not is_data(frame):
        return WrongKind.number
    error = reaper_error(frames[frame].owner, caller, key, Rights.GRANT, frames[frame].guard)
    if error != ALLOWED:
        return error
    return InUse.number if frames[frame].uses > 0 else ALLOWED


def frame_free_frame(frame: Frame, any_frame: Frame) -> FrameRow:
    return FREE if any_frame == frame else frame_row(any_frame)


def frame_free_account(frame: Frame, any_environment: EnvironmentId) -> AccountRow:
    return paying(frames[frame].owner, -1, any_environment)


# frame_guard


def frame_guard_error(caller: EnvironmentId, frame: Frame, key: Slot, guard: Slot) -> int:
    if not is_data(frame):
        return WrongKind.number
    if not held(caller, key).valid or not held(caller, guard).valid:
        return NoCapability.number
    if not held(caller, key).grants(Rights.GRANT, frames[frame].guard):
        return NotPermitted.number
    return InUse.number if frames[frame].uses > 0 else ALLOWED


def frame_guard_frame(caller: EnvironmentId, frame: Frame, guard: Slot, any_frame: Frame) -> FrameRow:
    before = frame_row(any_frame)
    if any_frame != frame:
        return before
    return FrameRow(before.kind, before.owner, held(caller, guard), 0, 0, before.region)


# frame_adopt


def frame_adopt_error(caller: EnvironmentId, frame: Frame, key: Slot) -> int:
    owner = frames[frame].owner
    if not is_data(frame) or lives(owner) or environments[owner].page == frame:
        return WrongKind.number
    error = key_error(caller, key, Rights.GRANT, frames[frame].guard)
    if error != ALLOWED:
        return error
    return ALLOWED if may_own_one_more(caller) else QuotaExceeded.number


def frame_adopt_frame(caller: EnvironmentId, frame: Frame, any_frame: Frame) -> FrameRow:
    before = frame_row(any_frame)
    if any_frame != frame:
        return before
    return FrameRow(before.kind, caller, before.guard, before.uses, 0, before.region)


def frame_adopt_account(caller: EnvironmentId, frame: Frame, any_environment: EnvironmentId) -> AccountRow:
    heir, deceased = any_environment == caller, any_environment == frames[frame].owner
    return owning(account_row(any_environment), one_if(heir) - one_if(deceased))

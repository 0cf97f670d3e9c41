"""What the specification speaks of: one row for each thing in the kernel's tables.

A call is specified by functions of the state before it. `NAME_error` says which error it
raises, or 0; and for each kind of row, `NAME_frame`, `NAME_word` and so on say what the row of
*any* thing is afterwards. A kind for which a call has no function is left as it is, and so is
all that no row shows. So what a call does is said exactly, and that it does nothing else is
said too. A call for which nothing says `NAME_error` raises nothing, but for what a device may
say (`NAME_device_error`). The machine ends exactly when `NAME_ends` gives a status. `NAME_value` says what it
returns. Where that is how many steps it did, `done` is that number, and `NAME_step_error`
says why it goes no further. `after`, where a function asks for it, is a view of the state in
which the call ends.

Rows are read by the functions here, which the kernel does not use.
"""

from typing import NamedTuple

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import NoCapability, NotPermitted
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import SLOTS, EnvironmentId, Frame, Generation, Index, Page, Slice, Slot
from exokernel.abi.tables import CapabilityState, FrameKind, Phase, Reason
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.arch import machine
from exokernel.kernel.state import capabilities, environments, frames, machine_state, slices

ALLOWED = 0
NEVER = -1  # in the place of a status with which the machine ends


class FrameRow(NamedTuple):
    kind: FrameKind
    owner: EnvironmentId
    guard: Capability
    uses: int
    entries: int
    region: int
    restricted: int = 0


def frame_row(frame: Frame) -> FrameRow:
    state = frames[frame]
    return FrameRow(state.kind, state.owner, state.guard, state.uses, state.entries, state.region, state.restricted)


def word_row(frame: Frame, index: Index) -> Entry:
    """Eight bytes of a frame, as an entry."""
    return machine.entries(frame)[index]


class SlotRow(NamedTuple):
    capability: Capability
    mappings: int


def slot_row(holder: EnvironmentId, slot: Slot) -> SlotRow:
    state = slot_of(holder, slot)
    return SlotRow(state.capability, state.mappings)


class IdentityRow(NamedTuple):
    """Of an environment: what it is."""

    phase: Phase
    guard: Capability
    at: Page
    root: Frame
    page: Frame
    generation: Generation


def identity_row(environment: EnvironmentId) -> IdentityRow:
    state = environments[environment]
    return IdentityRow(state.phase, state.guard, state.at, state.root, state.page, state.generation)


class AccountRow(NamedTuple):
    """Of an environment: what it has."""

    frames: int
    quota: int
    slices: int
    slice_quota: int
    name_quota: int
    mappings: int


def account_row(environment: EnvironmentId) -> AccountRow:
    state = environments[environment]
    return AccountRow(
        state.frames, state.quota, state.slices, state.slice_quota, state.name_quota, state.mappings
    )


class ConductRow(NamedTuple):
    """Of an environment: what it is about, and how it ended."""

    donor: EnvironmentId
    donor_generation: Generation
    accepting: Slot
    excess: int
    reason: Reason
    vector: int


def conduct_row(environment: EnvironmentId) -> ConductRow:
    state = environments[environment]
    donor, generation = state.donor, state.donor_generation
    return ConductRow(donor, generation, state.accepting, state.excess, state.reason, state.vector)


class SliceRow(NamedTuple):
    owner: EnvironmentId
    guard: Capability


def slice_row(slice: Slice) -> SliceRow:
    return SliceRow(slices[slice].owner, slices[slice].guard)


class MachineRow(NamedTuple):
    current: EnvironmentId
    ending: bool
    now: Slice
    ticks: int


def machine_row() -> MachineRow:
    state = machine_state()
    return MachineRow(state.current, state.ending, state.now, state.ticks)


# What the specification says of things


def slot_of(holder: EnvironmentId, slot: Slot) -> CapabilityState:
    return capabilities[holder * SLOTS + slot]


def held(holder: EnvironmentId, slot: Slot) -> Capability:
    return slot_of(holder, slot).capability


def is_table(frame: Frame) -> bool:
    return frames[frame].kind >= FrameKind.TABLE_1


def is_owned(frame: Frame) -> bool:
    return frames[frame].kind >= FrameKind.DATA


def exists(environment: EnvironmentId) -> bool:
    return environments[environment].phase != Phase.FREE


def in_user_half(table: Frame, index: Index) -> bool:
    """Whether an entry is the environment's: all are, but for the upper half of a root."""
    return frames[table].kind != FrameKind.TABLE_4 or index < FIRST_KERNEL_SLOT


def stands(table: Frame, index: Index) -> bool:
    """Whether this is a present entry that an environment has made."""
    return is_table(table) and in_user_half(table, index) and word_row(table, index).present


def maps(table: Frame, index: Index) -> bool:
    """Whether this is a present entry that names a page."""
    return frames[table].kind == FrameKind.TABLE_1 and word_row(table, index).present


def lives(environment: EnvironmentId) -> bool:
    """Whether what it owns is still its own affair."""
    return environments[environment].phase != Phase.DEAD


def is_abandoned(table: Frame) -> bool:
    """Whether nobody is left in a table's address space: its owner is dead, and no other environment has its root."""
    owner = frames[table].owner
    return not lives(owner) and frames[environments[owner].root].uses == 1


# What the specifications of many calls say


def key_error(holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability) -> int:
    """Why a key does not open a guard, or ALLOWED."""
    capability = held(holder, key)
    if not capability.valid:
        return NoCapability.number
    return ALLOWED if capability.grants(wanted, guard) else NotPermitted.number


def reaper_error(owner: EnvironmentId, holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability) -> int:
    """Why somebody may not take from an owner: it lives, and the key does not open the guard."""
    return key_error(holder, key, wanted, guard) if lives(owner) else ALLOWED


def owning(before: AccountRow, more: int) -> AccountRow:
    """An account with `more` frames."""
    slices, slice_quota = before.slices, before.slice_quota
    return AccountRow(before.frames + more, before.quota, slices, slice_quota, before.name_quota, before.mappings)


def entitled(before: AccountRow, frames: int, slices: int, names: int) -> AccountRow:
    """An account with so much more quota of each resource."""
    return AccountRow(
        before.frames,
        before.quota + frames,
        before.slices,
        before.slice_quota + slices,
        before.name_quota + names,
        before.mappings,
    )


def using(before: FrameRow, more: int) -> FrameRow:
    """A frame with `more` uses."""
    return FrameRow(
        before.kind, before.owner, before.guard, before.uses + more, before.entries, before.region, before.restricted
    )


def linking(before: FrameRow, more: int, restricted: int = 0) -> FrameRow:
    """A table with `more` entries, so many of them `restricted`."""
    entries, restricted_entries = before.entries + more, before.restricted + restricted
    return FrameRow(
        before.kind, before.owner, before.guard, before.uses, entries, before.region, restricted_entries
    )


def one_if(condition: bool) -> int:
    return 1 if condition else 0

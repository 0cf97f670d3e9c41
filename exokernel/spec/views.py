"""What the theorems look at, before a step and after it. Nothing is claimed here.

A view is all that a theorem sees of one thing in one state; the function that returns it says
how it is seen.
"""

from typing import NamedTuple

from exokernel.abi.capability import Capability
from exokernel.abi.names import ENVIRONMENTS, FRAMES, TABLE_ENTRIES, EnvironmentId, Frame, Generation, Index, Page, Slice, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.state import environments, frames, slices
from exokernel.spec.rows import in_user_half, is_abandoned, maps, slot_of, stands, word_row


class SlotView(NamedTuple):
    capability: Capability
    mappings: int
    phase: Phase  # of the holder, like the rest
    donor: int
    donor_is_meant: bool  # whether who bears the donor's name is whom the slot was opened for
    accepting: int


def see_slot(holder: EnvironmentId, slot: Slot) -> SlotView:
    state, place = environments[holder], slot_of(holder, slot)
    meant = state.donor < ENVIRONMENTS and environments[state.donor].generation == state.donor_generation
    return SlotView(place.capability, place.mappings, state.phase, state.donor, meant, state.accepting)


class FrameView(NamedTuple):
    kind: FrameKind
    owner: int
    owner_phase: Phase
    guard: Capability
    uses: int
    abandoned: bool  # as a table: whether nobody is left in its address space


def see_frame(frame: Frame) -> FrameView:
    state = frames[frame]
    return FrameView(state.kind, state.owner, environments[state.owner].phase, state.guard, state.uses, is_abandoned(frame))


class EntryView(NamedTuple):
    stands: bool
    maps: bool
    entry: Entry
    guard: Capability  # of the table
    abandoned: bool  # whether nobody is left in the table's address space
    named_guard: Capability  # of the frame the entry names
    forgotten: bool  # whether the processor was told to forget the page's translation in this step


def see_entry(table: Frame, index: Index) -> EntryView:
    state, found = frames[table], word_row(table, index)
    named = frames[found.frame].guard if found.frame < FRAMES else Capability()
    page = Page(state.region * TABLE_ENTRIES + index)
    standing, mapping, alone = stands(table, index), maps(table, index), is_abandoned(table)
    return EntryView(standing, mapping, found, state.guard, alone, named, forgotten(page))


def forgotten(page: Page) -> bool:
    """Whether the translation of a page was dropped since the step began; only the prover keeps book of that."""
    return True


class WordView(NamedTuple):
    kind: FrameKind
    word: Entry
    in_user_half: bool


def see_word(frame: Frame, index: Index) -> WordView:
    return WordView(frames[frame].kind, word_row(frame, index), in_user_half(frame, index))


class EnvironmentView(NamedTuple):
    phase: Phase
    guard: Capability
    quota: int
    unused_slices: int  # that it may own and does not
    name_quota: int
    generation: Generation


def see_environment(environment: EnvironmentId) -> EnvironmentView:
    state = environments[environment]
    unused = state.slice_quota - state.slices
    return EnvironmentView(state.phase, state.guard, state.quota, unused, state.name_quota, state.generation)


class SliceView(NamedTuple):
    owner: int
    owner_phase: Phase
    guard: Capability


def see_slice(slice: Slice) -> SliceView:
    state = slices[slice]
    return SliceView(state.owner, environments[state.owner].phase, state.guard)

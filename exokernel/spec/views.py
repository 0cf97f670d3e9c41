"""What the theorems look at, before a step and after it. Nothing is claimed here.

A view is all that a theorem sees of one thing in one state; the function that returns it says
how it is seen.
"""

from typing import NamedTuple

from exokernel.abi.capability import Capability
from exokernel.abi.names import ENVIRONMENTS, FRAMES, NOBODY, TABLE_ENTRIES, EnvironmentId, Frame, Generation, Index, Page, Slice, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.arch import machine
from exokernel.kernel.state import environments, frames, machine_state, slices
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


class LinkView(NamedTuple):
    stands: bool  # as a link to a table
    entry: Entry
    forgotten: bool  # whether the processor was told to forget a page's translation in this step


def see_link(table: Frame, index: Index, page: Page) -> LinkView:
    return LinkView(stands(table, index) and not maps(table, index), word_row(table, index), forgotten(page))


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
    registers_forgotten: bool  # whether what it had in floating-point registers was dropped in this step


def see_environment(environment: EnvironmentId) -> EnvironmentView:
    state = environments[environment]
    unused, dropped = state.slice_quota - state.slices, registers_forgotten(environment)
    return EnvironmentView(state.phase, state.guard, state.quota, unused, state.name_quota, state.generation, dropped)


def registers_forgotten(environment: EnvironmentId) -> bool:
    """Whether floating-point registers were dropped since the step began; only the prover keeps book of that."""
    return True


class SliceView(NamedTuple):
    owner: int
    owner_phase: Phase
    guard: Capability


def see_slice(slice: Slice) -> SliceView:
    state = slices[slice]
    return SliceView(state.owner, environments[state.owner].phase, state.guard)


class Departure(NamedTuple):
    """Where the processor goes when the kernel is left."""

    environment: int  # or one of these two
    root: Frame
    page: Frame
    at: Page
    entry: int


GOES_ON = -1  # with whom it served
WAITS = -2  # for the timer
ON = Departure(GOES_ON, Frame(0), Frame(0), Page(0), 0)


class ProcessorView(NamedTuple):
    current: EnvironmentId  # who has the processor
    begins: Departure  # where that environment would begin; nobody begins at 0
    departure: Departure


def see_processor() -> ProcessorView:
    current = machine_state().current
    state = environments[current]
    entry = machine.environment_page(state.page).begin if current != NOBODY else 0
    return ProcessorView(current, Departure(current, state.root, state.page, state.at, entry), departure())


def departure() -> Departure:
    """Where the processor was sent since the step began; only the prover, and the tests' machine, keep book of that."""
    return ON

"""What no step may do, whichever call it is.

Each function is one clause about what a view saw before a step and after it, for all names its
other parameters can be. Two names are not for all: `caller` is who called (or who had the
processor, when the timer ticked), and `presented` is the capability in the slot the call named
as its `key`, as it was before; the word 0 when it named none. So each clause reads: this does
not change, unless the caller presented what opens it. `EXCEPT` names the calls whose own
specification says more than a clause could.
"""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.names import FIRST, NOBODY, EnvironmentId, Frame, Index, Page, Slice, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.spec.views import (
    GOES_ON,
    WAITS,
    EntryView,
    EnvironmentView,
    FrameView,
    LinkView,
    ProcessorView,
    SliceView,
    SlotView,
    WordView,
)

EXCEPT = {
    "capability_comes_from_one_that_dominates": ("capability_unseal",),  # from whom it was sealed
    "fresh_frame_is_clean": ("frame_copy",),  # it holds what its source holds
    "who_keeps_the_processor_goes_on": ("yield_to",),  # who yields to itself begins anew
}
OF_WHOLE_CALLS = ("translation_removed_is_forgotten",)  # a range forgets when it is done


# Authority


def capability_comes_from_one_that_dominates(
    caller: EnvironmentId, presented: Capability, holder: EnvironmentId, slot: Slot, before: SlotView, after: SlotView
) -> bool:
    """Nobody forges: a capability that was not there is no more than one the caller presented."""
    if after.capability == before.capability or not after.capability.valid:
        return True
    return presented.grants(after.capability.rights | Rights.GRANT, after.capability)


def capability_is_put_where_it_is_wanted(
    caller: EnvironmentId, presented: Capability, holder: EnvironmentId, slot: Slot, before: SlotView, after: SlotView
) -> bool:
    """Another's list gets one only where it opened an empty slot for the caller and nobody of its name before, or before it lives."""
    if holder == caller or after.capability == before.capability or not after.capability.valid:
        return True
    opened = before.donor == caller and before.donor_is_meant and before.accepting == slot
    return (before.phase == Phase.EMBRYO or opened) and not before.capability.valid


def capability_is_not_taken(
    caller: EnvironmentId, presented: Capability, holder: EnvironmentId, slot: Slot, before: SlotView, after: SlotView
) -> bool:
    """Nobody loses a capability to another while it lives, nor one that entries stand under."""
    if not before.capability.valid or after.capability == before.capability:
        return True
    return before.mappings == 0 and (holder == caller or before.phase == Phase.DEAD)


# Frames and entries


def frame_changes_hands_by_its_guard(
    caller: EnvironmentId, presented: Capability, frame: Frame, before: FrameView, after: FrameView
) -> bool:
    """An owned frame keeps owner, guard and kind, unless the caller presents what opens it, or its owner is dead; a table, if nobody else is left in its address space."""
    same = after.owner == before.owner and after.guard == before.guard and after.kind == before.kind
    if same or before.kind == FrameKind.FREE:
        return True
    if before.kind == FrameKind.RESERVED:
        return False
    opened = presented.grants(Rights.GRANT, before.guard) or presented.grants(Rights.WRITE, before.guard)
    if before.kind != FrameKind.DATA:
        return opened or before.abandoned
    return opened or before.owner_phase == Phase.DEAD


def guard_changes_only_while_nothing_uses_it(
    caller: EnvironmentId, presented: Capability, frame: Frame, before: FrameView, after: FrameView
) -> bool:
    """While entries name a frame of data, it keeps its guard and its kind, until its owner is dead."""
    if before.kind != FrameKind.DATA or before.uses == 0:
        return True
    return (after.guard == before.guard and after.kind == before.kind) or before.owner_phase == Phase.DEAD


def entry_changes_by_its_guard(
    caller: EnvironmentId, presented: Capability, table: Frame, index: Index, before: EntryView, after: EntryView
) -> bool:
    """An entry stays, unless the caller may write the table, or takes back the frame, or nobody is left in the address space."""
    if not before.stands or (after.stands and after.entry == before.entry):
        return True
    if presented.grants(Rights.WRITE, before.guard) or before.abandoned:
        return True
    return before.maps and presented.grants(Rights.GRANT, before.named_guard) and not after.entry.present


def entry_is_made_by_who_may_write(
    caller: EnvironmentId, presented: Capability, table: Frame, index: Index, before: EntryView, after: EntryView
) -> bool:
    """Nobody maps anything into a table that his key does not open for writing."""
    if not after.stands or (before.stands and after.entry == before.entry):
        return True
    return presented.grants(Rights.WRITE, before.guard)


def translation_removed_is_forgotten(
    caller: EnvironmentId, presented: Capability, table: Frame, index: Index, before: EntryView, after: EntryView
) -> bool:
    """The processor remembers no translation that is gone, or gives less than it did."""
    if not before.maps or after.forgotten:
        return True
    was, now = before.entry, after.entry
    weaker = was.writable and not now.writable or not was.no_execute and now.no_execute
    return after.maps and now.frame == was.frame and not weaker


def link_removed_is_forgotten(
    caller: EnvironmentId, presented: Capability, table: Frame, index: Index, page: Page, before: LinkView, after: LinkView
) -> bool:
    """When a table is linked no more, the processor forgets every page: it may remember part of the way there."""
    return not before.stands or (after.stands and after.entry == before.entry) or after.forgotten


def fresh_frame_is_clean(
    caller: EnvironmentId, presented: Capability, frame: Frame, index: Index, before: WordView, after: WordView
) -> bool:
    """Not a word crosses from whoever freed a frame to whoever has it next."""
    if before.kind != FrameKind.FREE or after.kind == FrameKind.FREE:
        return True
    return int(after.word) == 0 or (after.kind == FrameKind.TABLE_4 and not after.in_user_half)


# Environments and slices


def phases_come_in_order(
    caller: EnvironmentId,
    presented: Capability,
    environment: EnvironmentId,
    before: EnvironmentView,
    after: EnvironmentView,
) -> bool:
    """Free, embryo, live, dead, free; an embryo may die unborn; and a name is used anew each time."""
    if after.phase == before.phase:
        return after.generation == before.generation
    match before.phase:
        case Phase.FREE:
            return after.phase == Phase.EMBRYO
        case Phase.EMBRYO:
            return after.phase == Phase.LIVE or after.phase == Phase.DEAD
        case Phase.LIVE:
            return after.phase == Phase.DEAD
        case Phase.DEAD:
            return after.phase == Phase.FREE


def fresh_environment_has_no_registers(
    caller: EnvironmentId,
    presented: Capability,
    environment: EnvironmentId,
    before: EnvironmentView,
    after: EnvironmentView,
) -> bool:
    """Nothing that the last bearer of a name had in floating-point registers is there for the next; nobody else's is dropped."""
    is_fresh = before.phase == Phase.FREE and after.phase != Phase.FREE
    return after.registers_forgotten == is_fresh


def environment_ends_by_its_guard(
    caller: EnvironmentId,
    presented: Capability,
    environment: EnvironmentId,
    before: EnvironmentView,
    after: EnvironmentView,
) -> bool:
    """Only itself, or who presents what opens it, starts or ends an environment."""
    if after.phase == before.phase or before.phase == Phase.FREE or before.phase == Phase.DEAD:
        return True
    if environment == caller:
        return True
    return presented.grants(Rights.GRANT, before.guard) or presented.grants(Rights.WRITE, before.guard)


def machine_ends_with_its_first_environment(
    caller: EnvironmentId,
    presented: Capability,
    environment: EnvironmentId,
    before: EnvironmentView,
    after: EnvironmentView,
) -> bool:
    """No step that comes back ends the environment the machine was booted for."""
    return environment != FIRST or before.phase != Phase.LIVE or after.phase == Phase.LIVE


def quota_is_not_taken(
    caller: EnvironmentId,
    presented: Capability,
    environment: EnvironmentId,
    before: EnvironmentView,
    after: EnvironmentView,
) -> bool:
    """Nobody's quota falls but the caller's, or a dead one's; of slices, none that is not in use."""
    if environment == caller or before.phase == Phase.DEAD:
        return True
    kept = after.quota >= before.quota and after.name_quota >= before.name_quota
    return kept and after.unused_slices >= before.unused_slices


def slice_changes_hands_by_its_guard(
    caller: EnvironmentId, presented: Capability, slice: Slice, before: SliceView, after: SliceView
) -> bool:
    """A slice keeps its owner, unless the caller presents what opens it, or the owner is dead; a free one is taken by the caller."""
    if after.owner == before.owner:
        return after.guard == before.guard or before.owner == NOBODY
    if before.owner == NOBODY:
        return after.owner == caller
    return presented.grants(Rights.GRANT, before.guard) or (before.owner_phase == Phase.DEAD and after.owner == NOBODY)


# The processor


def processor_goes_to_who_has_it(
    caller: EnvironmentId, presented: Capability, before: ProcessorView, after: ProcessorView
) -> bool:
    """Who is sent the processor has it, and begins at its own entry, in its own address space, with its own page; if nobody has it, it waits."""
    if after.departure.environment == GOES_ON:
        return after.current == before.current
    if after.current == NOBODY:
        return after.departure.environment == WAITS
    return after.departure == after.begins


def who_keeps_the_processor_goes_on(
    caller: EnvironmentId, presented: Capability, before: ProcessorView, after: ProcessorView
) -> bool:
    """Whoever has the processor as before goes on where it was; if nobody has, it waits on."""
    goes_on = after.departure.environment == GOES_ON
    return after.current != before.current or goes_on or after.current == NOBODY

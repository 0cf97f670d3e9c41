"""The specification of the calls on slices, and of the tick.

Who runs is said by `runs_next`: the owner of the first slice, from some position of the wheel
on, that can run and owes nothing. So the processor goes where the wheel says and nowhere
else, but for a directed yield within a slice.
"""

from typing import NamedTuple

from exokernel.abi.capability import Rights
from exokernel.abi.environment_page import VECTORS
from exokernel.abi.errors import InUse, NoCapability, QuotaExceeded, WrongKind
from exokernel.abi.names import FIRST, FRAME_SIZE, NOBODY, SLICES, USER_PAGES, EnvironmentId, Slice, Slot
from exokernel.abi.tables import Phase, Reason, Resource
from exokernel.kernel.arch import machine
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.state import environments, machine_state, slices
from exokernel.spec.environments import can_end, in_phase, unused_quota
from exokernel.spec.rows import (
    ALLOWED,
    NEVER,
    AccountRow,
    ConductRow,
    IdentityRow,
    MachineRow,
    SliceRow,
    account_row,
    conduct_row,
    entitled,
    held,
    identity_row,
    key_error,
    machine_row,
    one_if,
    reaper_error,
    slice_row,
)


def having_slices(before: AccountRow, more: int) -> AccountRow:
    slices, quota = before.slices + more, before.slice_quota
    return AccountRow(before.frames, before.quota, slices, quota, before.name_quota, before.mappings)


def moved(slice: Slice, receiver: EnvironmentId, environment: EnvironmentId) -> AccountRow:
    """Any account, after a slice has changed hands. NOBODY keeps none."""
    gained = one_if(environment == receiver) - one_if(environment == slices[slice].owner)
    return having_slices(account_row(environment), gained if environment != NOBODY else 0)


# slice_alloc


def slice_alloc_error(caller: EnvironmentId, slice: Slice, guard: Slot) -> int:
    if not held(caller, guard).valid:
        return NoCapability.number
    if slices[slice].owner != NOBODY:
        return InUse.number
    return ALLOWED if unused_quota(caller, Resource.SLICES) > 0 else QuotaExceeded.number


def slice_alloc_slice(caller: EnvironmentId, slice: Slice, guard: Slot, any_slice: Slice) -> SliceRow:
    return SliceRow(caller, held(caller, guard)) if any_slice == slice else slice_row(any_slice)


def slice_alloc_account(caller: EnvironmentId, slice: Slice, any_environment: EnvironmentId) -> AccountRow:
    return moved(slice, caller, any_environment)


# slice_free


def slice_free_error(caller: EnvironmentId, slice: Slice, key: Slot) -> int:
    owner = slices[slice].owner
    if owner == NOBODY:
        return WrongKind.number
    return reaper_error(owner, caller, key, Rights.GRANT, slices[slice].guard)


def slice_free_slice(slice: Slice, any_slice: Slice) -> SliceRow:
    before = slice_row(any_slice)
    return SliceRow(NOBODY, before.guard) if any_slice == slice else before


def slice_free_account(slice: Slice, any_environment: EnvironmentId) -> AccountRow:
    return moved(slice, NOBODY, any_environment)


# slice_give


def slice_give_error(caller: EnvironmentId, slice: Slice, key: Slot, receiver: EnvironmentId) -> int:
    if slices[slice].owner == NOBODY or not can_end(receiver):
        return WrongKind.number
    return key_error(caller, key, Rights.GRANT, slices[slice].guard)


def slice_give_slice(slice: Slice, receiver: EnvironmentId, any_slice: Slice) -> SliceRow:
    before = slice_row(any_slice)
    return SliceRow(receiver, before.guard) if any_slice == slice else before


def slice_give_account(slice: Slice, receiver: EnvironmentId, any_environment: EnvironmentId) -> AccountRow:
    """The quota goes with the slice."""
    gained = one_if(any_environment == receiver) - one_if(any_environment == slices[slice].owner)
    return entitled(moved(slice, receiver, any_environment), 0, gained, 0)


# Who runs


def can_run(environment: EnvironmentId) -> bool:
    """Whether it lives, wants to, and says where in the user half to begin."""
    if environments[environment].phase != Phase.LIVE:
        return False
    return 0 < machine.environment_page(environments[environment].page).begin < USER_PAGES * FRAME_SIZE


def is_due(slice: Slice) -> bool:
    """Whether the wheel stops at a slice."""
    owner = slices[slice].owner
    return can_run(owner) and environments[owner].excess == 0


def runs_next(first: int, among: int = SLICES) -> EnvironmentId:
    """Of so many slices from position `first` on, the owner of the first at which the wheel stops; NOBODY if at none."""
    if among == 0:
        return NOBODY
    slice = Slice(first % SLICES)
    return slices[slice].owner if is_due(slice) else runs_next(first + 1, among - 1)


class Wheel(NamedTuple):
    """Whom the wheel names, as things are."""

    here: EnvironmentId  # from the present slice on
    behind: EnvironmentId  # from the one after it on


def wheel() -> Wheel:
    now = machine_state().now
    return Wheel(runs_next(now), runs_next(now + 1))


def heir(after: Wheel) -> EnvironmentId:
    """Who gets what is left of a slice that is given up; and if it was over, who gets the present one, which is another's."""
    return after.here if machine_state().ending else after.behind


# tick

EXCESS_LIMIT = 8
NOWHERE = 0


def slices_within(environment: EnvironmentId, steps: int) -> int:
    """How many of the next slices of the wheel, of so many, are an environment's."""
    if steps == 0:
        return 0
    last = Slice((machine_state().now + steps) % SLICES)
    return slices_within(environment, steps - 1) + one_if(slices[last].owner == environment)


def stop_of_the_wheel(passed: int = 0) -> int:
    """How many slices the wheel passes by, so many of which it has; SLICES if it finds nowhere to stop.

    Each slice of one that can run but owes ticks is forfeit, and pays for one.
    """
    if passed >= SLICES:
        return SLICES
    owner = slices[(machine_state().now + 1 + passed) % SLICES].owner
    if can_run(owner) and environments[owner].excess == slices_within(owner, passed):
        return passed
    return stop_of_the_wheel(passed + 1)


def having_paid(environment: EnvironmentId, passed: int) -> ConductRow:
    """Any conduct, when the wheel has passed by so many slices."""
    row = conduct_row(environment)
    paid = slices_within(environment, passed) if can_run(environment) else 0
    return ConductRow(row.donor, row.donor_generation, row.accepting, row.excess - paid, row.reason, row.vector)


def is_charged() -> bool:
    """Whether the one that has the processor should have left it."""
    return machine_state().ending


def tick_identity(any_environment: EnvironmentId) -> IdentityRow:
    before = identity_row(any_environment)
    return in_phase(before, Phase.DEAD) if dies_of_tick(any_environment) else before


def dies_of_tick(environment: EnvironmentId) -> bool:
    """Whether it has overstayed too long, or hears of its slice's end and has no entry for that."""
    if environment != machine_state().current:
        return False
    if is_charged():
        return environments[environment].excess >= EXCESS_LIMIT
    return hears_of_its_end(environment) and not wants_to_hear(environment)


def hears_of_its_end(environment: EnvironmentId) -> bool:
    """Whether this tick makes the slice somebody else's than the one's that has the processor."""
    step = stop_of_the_wheel()
    if environment != machine_state().current or environment == NOBODY or is_charged() or step == SLICES:
        return False
    return slices[(machine_state().now + 1 + step) % SLICES].owner != environment


def wants_to_hear(environment: EnvironmentId) -> bool:
    return 0 < machine.environment_page(environments[environment].page).end < USER_PAGES * FRAME_SIZE


def tick_conduct(any_environment: EnvironmentId) -> ConductRow:
    row = having_paid(any_environment, 0 if is_charged() else stop_of_the_wheel())
    excess = row.excess + one_if(is_charged() and any_environment == machine_state().current)
    if not dies_of_tick(any_environment):
        return ConductRow(row.donor, row.donor_generation, row.accepting, excess, row.reason, row.vector)
    reason = Reason.OVERSTAYED if is_charged() else Reason.NO_ENTRY
    return ConductRow(NOBODY, row.donor_generation, row.accepting, excess, reason, 0)


def tick_machine(after: Wheel) -> MachineRow:
    before = machine_row()
    step = stop_of_the_wheel()
    turned = not is_charged() and step < SLICES
    now = Slice((before.now + 1 + step) % SLICES) if turned else before.now
    dies = dies_of_tick(before.current)
    current = before.current
    if dies or (current == NOBODY and turned):
        current = after.here
    is_told = is_charged() or hears_of_its_end(before.current)
    return MachineRow(current, is_told and not dies, now, before.ticks + 1)


def tick_ends() -> int:
    return ORDERLY if dies_of_tick(FIRST) else NEVER


def tick_value() -> int:
    """Where whoever has the processor is told that its slice is over."""
    current = machine_state().current
    if not hears_of_its_end(current) or not wants_to_hear(current):
        return NOWHERE
    return machine.environment_page(environments[current].page).end


# yield_to


def yield_to_error(environment: EnvironmentId) -> int:
    return ALLOWED if environment == NOBODY or can_run(environment) else WrongKind.number


def yield_to_machine(environment: EnvironmentId, after: Wheel) -> MachineRow:
    before = machine_row()
    is_directed = environment != NOBODY and not before.ending
    return MachineRow(environment if is_directed else heir(after), False, before.now, before.ticks)


# environment_destroy


def environment_destroy_machine(caller: EnvironmentId, environment: EnvironmentId, after: Wheel) -> MachineRow:
    before = machine_row()
    return MachineRow(heir(after), False, before.now, before.ticks) if environment == caller else before


# die, of an exception


def die_assumes(reason: Reason, vector: int) -> bool:
    """The machine calls this for who has the processor, after an exception that finds no handler or no stack."""
    is_known = reason == Reason.NO_HANDLER or reason == Reason.NO_STACK
    return machine_state().current != NOBODY and is_known and 0 <= vector < VECTORS


def die_identity(any_environment: EnvironmentId) -> IdentityRow:
    before = identity_row(any_environment)
    return in_phase(before, Phase.DEAD) if any_environment == machine_state().current else before


def die_ends() -> int:
    return ORDERLY if machine_state().current == FIRST else NEVER


def die_conduct(reason: Reason, vector: int, any_environment: EnvironmentId) -> ConductRow:
    row = conduct_row(any_environment)
    if any_environment != machine_state().current:
        return row
    return ConductRow(NOBODY, row.donor_generation, row.accepting, row.excess, reason, vector)


def die_machine(after: Wheel) -> MachineRow:
    before = machine_row()
    return MachineRow(heir(after), False, before.now, before.ticks)

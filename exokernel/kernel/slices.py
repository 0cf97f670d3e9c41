"""The processor as a vector of time slices.

An environment owns slices, not a priority. Neighbouring slices buy throughput, evenly spaced
ones buy latency, and the choice is the library's; the kernel only turns the wheel. The owner
of an ended slice is told, not stopped: it saves what it needs and yields, and pays with later
slices for what it overstays. Libraries build schedulers of `yield_to`. [SOSP95 §5, processor
time slices]
"""

from exokernel.abi.capability import Rights
from exokernel.abi.errors import InUse, QuotaExceeded, WrongKind
from exokernel.abi.names import NOBODY, SLICES, EnvironmentId, Slice, Slot
from exokernel.abi.tables import Reason
from exokernel.dialect import inline, never_inline, syscall
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import key_in, require, require_unless_dead
from exokernel.kernel.environments import require_before_death
from exokernel.kernel.processor import NOWHERE, die, entry_of, give_up, require_entry_of, resume, run
from exokernel.kernel.state import environments, machine_state, slices

EXCESS_LIMIT = 8  # ticks an environment may owe


@inline
def own(slice: Slice, owner: EnvironmentId) -> None:
    """Move a slice from one owner, or NOBODY, to another. The only function that does."""
    former = slices[slice].owner
    if former != NOBODY:
        environments[former].slices -= 1
    if owner != NOBODY:
        environments[owner].slices += 1
    slices[slice].owner = owner


@syscall
def slice_alloc(caller: EnvironmentId, slice: Slice, guard: Slot) -> None:
    """Own a free slice."""
    capability = key_in(caller, guard)
    if slices[slice].owner != NOBODY:
        raise InUse(slice)
    if environments[caller].slices >= environments[caller].slice_quota:
        raise QuotaExceeded(caller)

    slices[slice].guard = capability
    own(slice, caller)


@syscall
def slice_free(caller: EnvironmentId, slice: Slice, key: Slot) -> None:
    """Give back a slice."""
    owner = slices[slice].owner
    if owner == NOBODY:
        raise WrongKind(slice)
    require_unless_dead(owner, caller, key, Rights.GRANT, slices[slice].guard)

    own(slice, NOBODY)


@syscall
def slice_give(caller: EnvironmentId, slice: Slice, key: Slot, receiver: EnvironmentId) -> None:
    """Hand a slice on, and with it the quota to own it: so a receiver need not agree, and loses nothing."""
    owner = slices[slice].owner
    if owner == NOBODY:
        raise WrongKind(slice)
    require_before_death(receiver)
    require(caller, key, Rights.GRANT, slices[slice].guard)

    environments[owner].slice_quota -= 1
    environments[receiver].slice_quota += 1
    own(slice, receiver)


@syscall
def yield_to(caller: EnvironmentId, environment: EnvironmentId) -> None:
    """Hand the processor on. One whose slice is over has nothing to give: the wheel says who is next."""
    try:
        entry = require_entry_of(environment)
    except WrongKind:
        if environment != NOBODY:
            raise
        entry = NOWHERE

    if entry == NOWHERE or machine_state().ending:
        give_up()
    else:
        run(environment, entry)


@never_inline
def tick() -> int:
    """End a slice; return the entry point that must be told, or NOWHERE. The timer calls this.

    Whoever runs is told when the next slice is somebody else's. A tick that finds it still
    here is charged to it, and enough of them are fatal.
    """
    machine_state().ticks += 1
    current = machine_state().current
    if machine_state().ending:
        overstay(current)
        return NOWHERE

    next_one = turn()
    if next_one == NOBODY or next_one == current:
        return NOWHERE
    if current == NOBODY:
        resume(next_one)
        return NOWHERE
    return announce_end(current)


def announce_end(current: EnvironmentId) -> int:
    """Find where an environment wants to hear of its slice's end. One that does not want to dies."""
    machine_state().ending = True
    entry = machine.environment_page(environments[current].page).end
    if machine.is_entry(entry):
        return entry
    die(Reason.NO_ENTRY, 0)
    return NOWHERE


def overstay(current: EnvironmentId) -> None:
    """Charge a tick to an environment whose slice is over."""
    environments[current].excess += 1
    if environments[current].excess > EXCESS_LIMIT:
        die(Reason.OVERSTAYED, 0)


def turn() -> EnvironmentId:
    """Turn the wheel to the next slice whose owner can run and owes nothing; name it, or NOBODY.

    A debtor pays by forfeit: its slice goes by, and its debt falls by one.
    """
    now = machine_state().now
    for step in range(1, SLICES + 1):
        position = Slice((now + step) % SLICES)
        owner = slices[position].owner
        if entry_of(owner) != NOWHERE:
            if environments[owner].excess == 0:
                machine_state().now = position
                return owner
            environments[owner].excess -= 1
    return NOBODY

"""Which environment the processor runs, how it changes hands, and how an environment ends.

Who is next is read off the wheel, and whether it can run off its own page; nobody's registers
are saved, because that is the library's business. The change itself happens when the kernel
is left: `machine.begin` only notes it. When the wheel turns is `slices`' business.
"""

from exokernel.abi.errors import WrongKind
from exokernel.abi.names import FIRST, NOBODY, SLICES, EnvironmentId
from exokernel.abi.tables import Phase, Reason
from exokernel.dialect import cold, inline, never_inline
from exokernel.kernel.arch import machine
from exokernel.kernel.console import report_death
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.state import environments, machine_state, slices

NOWHERE = 0  # no entry point


@inline
def require_entry_of(environment: EnvironmentId) -> int:
    """Where an environment would begin. Raises WrongKind unless it lives and wants to run."""
    state = environments[environment]
    if state.phase != Phase.LIVE:
        raise WrongKind(environment)
    entry = machine.environment_page(state.page).begin
    if not machine.is_entry(entry):
        raise WrongKind(environment)
    return entry


@inline
def entry_of(environment: EnvironmentId) -> int:
    """Where an environment would begin; NOWHERE unless it lives and wants to run."""
    try:
        return require_entry_of(environment)
    except WrongKind:
        return NOWHERE


@inline
def run(environment: EnvironmentId, entry: int) -> None:
    """Continue an environment at its entry, when the kernel is left."""
    state = environments[environment]
    root, page, at = state.root, state.page, state.at
    machine_state().current = environment
    machine.begin(environment, root, page, at, entry)


@inline
def resume(environment: EnvironmentId) -> None:
    """Continue an environment that wants to run."""
    run(environment, entry_of(environment))


def successor(first: int) -> EnvironmentId:
    """Find the next slice, from position `first` on, whose owner can run and owes nothing; name the owner, or NOBODY."""
    for step in range(SLICES):
        owner = slices[(first + step) % SLICES].owner
        if environments[owner].excess == 0 and entry_of(owner) != NOWHERE:
            return owner
    return NOBODY


@never_inline
def give_up() -> None:
    """Take the processor from who has it, and give what is left of the slice to whom the wheel names next.

    When the slice of whoever had the processor is over, the wheel has already turned, and
    the present slice is the next one's own.
    """
    state = machine_state()
    next_one = successor(state.now if state.ending else state.now + 1)
    state.ending = False
    if next_one == NOBODY:
        state.current = NOBODY
        machine.idle()
    else:
        resume(next_one)


@cold
def end(environment: EnvironmentId, reason: Reason, vector: int) -> None:
    """Let an environment live no longer; what it owns stays where it is, to be reaped.

    The machine was booted for the first one, and ends with it.
    """
    state = environments[environment]
    state.phase = Phase.DEAD
    state.reason = reason
    state.vector = vector
    state.donor = NOBODY
    if reason != Reason.ASKED or environment == FIRST:
        report_death(environment, reason, vector)
    if environment == FIRST:
        machine.power_off(ORDERLY)


@cold
def die(reason: Reason, vector: int) -> None:
    """End the environment that has the processor."""
    end(machine_state().current, reason, vector)
    give_up()

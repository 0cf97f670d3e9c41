"""Which environment the processor runs, how it changes hands, and how an environment ends.

Who is next is read off the wheel, and whether it can run off its own page; nobody's registers
are saved, because that is the library's business. The change itself happens when the kernel
is left: `machine.begin` only notes it. When the wheel turns is `slices`' business.
"""

from exokernel.abi.names import FIRST, NOBODY, SLICES, EnvironmentId
from exokernel.abi.tables import Phase, Reason
from exokernel.dialect import cold, inline
from exokernel.kernel.arch import machine
from exokernel.kernel.console import report_death
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.state import environments, machine_state, slices


@inline
def can_run(environment: EnvironmentId) -> bool:
    """Whether it lives, wants to run, and says where."""
    state = environments[environment]
    if state.phase != Phase.LIVE:
        return False
    page = machine.environment_page(state.page)
    return page.runnable != 0 and machine.is_entry(page.begin)


@inline
def run(environment: EnvironmentId) -> None:
    """Continue an environment that can run, at the `begin` of its page."""
    state = environments[environment]
    machine_state().current = environment
    begin = machine.environment_page(state.page).begin
    machine.begin(environment, state.root, state.page, state.at, begin)


def successor(first: int) -> EnvironmentId:
    """Find the next slice, from position `first` on, whose owner can run and owes nothing; name the owner, or NOBODY."""
    for step in range(SLICES):
        owner = slices[(first + step) % SLICES].owner
        if can_run(owner) and environments[owner].excess == 0:
            return owner
    return NOBODY


def hand_over(ending: bool) -> None:
    """Give the rest of the slice to whom the wheel names next.

    When the slice of whoever had the processor is over, the wheel has already turned, and
    the present slice is the next one's own.
    """
    now = machine_state().now
    next_one = successor(now if ending else now + 1)
    if next_one == NOBODY:
        machine_state().current = NOBODY
        machine.idle()
    else:
        run(next_one)


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
    current = machine_state().current
    end(current, reason, vector)
    hand_over(environments[current].ending)

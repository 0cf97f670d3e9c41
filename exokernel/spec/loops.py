"""What is true at every step of a loop of the kernel, by the name of the function it stands in.

`step` is the step that comes next, and each function here speaks of the state in which the
kernel's function of its name began: `NAME_KIND` says what the row of any thing has become by
then, as the specification of a call does; `NAME` is true. The other parameters are the
kernel's own names. The prover shows each on entering the loop, and again after one more step.
"""

from exokernel.abi.names import SLICES, EnvironmentId, Frame, Index
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.state import environments
from exokernel.spec.rows import ConductRow
from exokernel.spec.slices import can_run, having_paid, runs_next, slices_within, stop_of_the_wheel
from exokernel.spec.translations import map_batch_word


def exchange_batch_word(requests: Frame, offset: int, step: int, any_frame: Frame, any_index: Index) -> Entry:
    """What the requests up to now have made of any word."""
    return map_batch_word(requests, offset, step, any_frame, any_index)


def turn_conduct(step: int, any_environment: EnvironmentId) -> ConductRow:
    """Who can run has paid for each of its slices that the wheel has passed by."""
    return having_paid(any_environment, step - 1)


def turn_paid(step: int, any_environment: EnvironmentId) -> bool:
    """And none was passed by that it did not owe."""
    paid = slices_within(any_environment, step - 1)
    owed = environments[any_environment].excess
    return 0 <= paid < step and (not can_run(any_environment) or paid <= owed)


def turn(step: int) -> bool:
    """Where the wheel is to stop is still ahead."""
    return stop_of_the_wheel(step - 1) == stop_of_the_wheel()


def successor(first: int, step: int) -> bool:
    """Whom the search is to find is still ahead."""
    return runs_next(first + step, SLICES - step) == runs_next(first)

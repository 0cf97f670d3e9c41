"""Where the processor goes when the kernel is left: a note, which the way out follows.

The portable kernel writes it (`machine.begin`, `machine.idle`) and returns like any function.
It lies at the top of the kernel's stack, where a call pushes the address to return to: so a
call that writes nothing goes back to its caller, one that does returns elsewhere, and the way
out tests nothing. Traps have no such place, and ask. The ways themselves are `entry`'s.
"""

from exokernel.dialect import Record, inline
from exokernel.dialect.unsafe import record_at, symbol_address


class Departure(Record):
    """What a call finds at the top of its stack."""

    routine: int  # an address in the kernel's assembly; 0 after `stay`
    flags: int  # of the environment that called
    instruction: int  # where that one goes on, or the one entered begins


def departure() -> Departure:
    return record_at(Departure, symbol_address("departure"))


@inline
def begin_at(instruction: int) -> None:
    """Leave the kernel into the environment of `running`, with nothing in the registers."""
    ahead = departure()
    ahead.instruction = instruction
    ahead.routine = symbol_address("enter_environment")


def idle() -> None:
    """Leave the kernel into waiting for an interrupt."""
    departure().routine = symbol_address("wait_for_interrupt")


def stay() -> None:
    """Leave the kernel back to whoever entered, as far as is known. A call says so by being called."""
    departure().routine = 0


def is_elsewhere() -> bool:
    """Whether something else was said since `stay`."""
    return departure().routine != 0

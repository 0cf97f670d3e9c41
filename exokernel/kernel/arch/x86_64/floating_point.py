"""Floating-point registers: each environment's own, moved only when somebody else uses them.

While the registers hold another's state, the processor traps the first instruction that
would see it, and `on_first_use` changes the guard: the owner's state goes to a table that only
the kernel can read, and the user's comes, or a fresh one. So no environment ever finds
another's values, and one that uses none costs nothing. [SDM vol. 3A §2.5, TS; vol. 1 §10.5]
"""

from exokernel.abi.names import ENVIRONMENTS, NOBODY, EnvironmentId, StoredEnvironment
from exokernel.dialect import Array, Record, array, inline, never_inline, u8, u16, u32
from exokernel.dialect.unsafe import address_of, placed
from exokernel.kernel.arch.x86_64.instructions import (
    clear_task_switched,
    load_control_0,
    restore_floating_point,
    save_floating_point,
)
from exokernel.kernel.arch.x86_64.registers import CONTROL_0


class SavedState(Record):
    """What FXSAVE stores. Private to the kernel."""

    control: u16
    status: u16
    registers: Array[u8] = array(20)
    simd_control: u32
    simd_mask: u32
    more_registers: Array[u8] = array(480)


INITIAL_CONTROL = 0x37F  # all x87 exceptions masked, full precision
INITIAL_SIMD_CONTROL = 0x1F80  # all SIMD exceptions masked, round to nearest


class Registers(Record):
    """Whose state the registers hold. Using them traps unless the owner runs."""

    owner: StoredEnvironment = NOBODY


states: Array[SavedState] = placed("floating_point_states", ENVIRONMENTS)  # NOBODY's is what all start with
saved: Array[bool] = array(ENVIRONMENTS)  # whether an environment has a state of its own
registers: Registers = Registers()


def prepare() -> None:
    """Make the state every environment starts with."""
    states[NOBODY].control = INITIAL_CONTROL
    states[NOBODY].simd_control = INITIAL_SIMD_CONTROL


@inline
def switch(environment: EnvironmentId) -> None:
    """Trap the first use of who runs from here on, unless the registers are its already."""
    if registers.owner != NOBODY:  # else it traps in any case
        guard(environment)


@never_inline
def guard(environment: EnvironmentId) -> None:
    """Trap the first use, or do not."""
    if environment == registers.owner:
        clear_task_switched()
    else:
        load_control_0(int(CONTROL_0))


def forget(environment: EnvironmentId) -> None:
    """Drop the state of a name that gets a new owner: its first use finds fresh registers."""
    saved[environment] = False
    if registers.owner == environment:
        registers.owner = NOBODY


def on_first_use(environment: EnvironmentId) -> None:
    """Give the registers to who runs."""
    clear_task_switched()
    if registers.owner != NOBODY:
        save_floating_point(address_of(states[registers.owner]))
        saved[registers.owner] = True

    source = environment if saved[environment] else NOBODY
    restore_floating_point(address_of(states[source]))
    registers.owner = environment

"""The timer of the processor's own interrupt controller (APIC): one interrupt every slice.

It runs by itself from `start` on; user code can neither mask it nor delay it. What a tick
means is `slices.tick`'s. [SDM vol. 3A §11.5.4]
"""

from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.x86_64 import Vector
from exokernel.dialect import Array, array, u32
from exokernel.dialect.unsafe import Device, record_at
from exokernel.kernel.arch.x86_64.instructions import read_register, write_register
from exokernel.kernel.arch.x86_64.registers import APIC_BASE

CONTROLLER = 0xFEE00000  # physical; where the firmware leaves it
CONTROLLER_ENABLED = 1 << 11  # beside the address, in the model-specific register

ENABLED = 1 << 8
IGNORED_VECTOR = 0xFF
PERIODIC = 1 << 17
UNDIVIDED = 0b1011
SLICE = 10_000_000  # counts, which are nanoseconds: QEMU's and KVM's timers run at 1 GHz whatever the processor


class Controller(Device):
    """The registers we use, each at a multiple of sixteen bytes. [SDM vol. 3A table 11-1]"""

    unused_00: Array[u32] = array(44)
    finished: u32  # any store ends the interrupt being served
    unused_b4: Array[u32] = array(15)
    spurious: u32
    unused_f4: Array[u32] = array(139)
    timer: u32
    unused_324: Array[u32] = array(23)
    initial_count: u32  # storing starts it
    unused_384: Array[u32] = array(23)
    divider: u32


def controller() -> Controller:
    return record_at(Controller, DIRECT_MAP + CONTROLLER)


def start() -> None:
    """Begin to tick, as soon as interrupts are on."""
    write_register(APIC_BASE, read_register(APIC_BASE) | CONTROLLER_ENABLED)
    apic = controller()
    apic.spurious = ENABLED | IGNORED_VECTOR
    apic.divider = UNDIVIDED
    apic.timer = PERIODIC | Vector.TIMER
    apic.initial_count = SLICE


def acknowledge() -> None:
    """Let the next interrupt come."""
    controller().finished = 0

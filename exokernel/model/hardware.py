"""The machine around the flow of control: registers, ports, timer, and the power switch.

What belongs to the machine and not to one of its contexts is all here, so that it can pass
from one host process to the next.
"""

from typing import Any, NoReturn

from exokernel.dialect.integers import as_signed
from exokernel.model.devices import Ports, PowerOff, Timer
from exokernel.model.physical import PhysicalMemory
from exokernel.model.translation import PAGE, Translator
from exokernel.model.turns import Turns

TIMER_REGISTERS = 0xFEE00000  # physical

# CPUID: what the kernel insists on. Leaf: EAX, EBX, ECX, EDX.
FEATURES = {
    7: (0, 1 << 7 | 1 << 20, 1 << 2, 0),  # SMEP, SMAP; UMIP
    0x80000001: (0, 0, 0, 1 << 11 | 1 << 20),  # SYSCALL, NX
}


class Hardware:
    """Everything with a state that no program is."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.ports = Ports()
        self.reset(0)

    def reset(self, memory_size: int) -> None:
        """Switch off and on: empty memory, and all registers 0."""
        self.ram = PhysicalMemory(memory_size or PAGE)
        self.translator = Translator(self.ram)
        self.timer = Timer()
        self.ram.attach(TIMER_REGISTERS, PAGE, self.timer)
        self.fault_address = 0  # CR2
        self._registers: dict[int, int] = {}

    def end(self, outcome: Any) -> NoReturn:
        """Stop the machine for good."""
        if self.turns.running:
            self.turns.finish(outcome)
        raise PowerOff(outcome)

    def stop(self) -> NoReturn:
        """Wait with interrupts off: nothing ends that."""
        self.end("stopped")

    def state(self) -> tuple[Any, ...]:
        """What a context needs to go on in another process."""
        controls, timer = vars(self.translator.controls), vars(self.timer)
        console = vars(self.ports.console)
        return controls, timer, console, self.fault_address, self._registers

    def adopt(self, state: tuple[Any, ...]) -> None:
        """Go on with the state that another process left."""
        controls, timer, console, self.fault_address, self._registers = state
        vars(self.translator.controls).update(controls)
        vars(self.timer).update(timer)
        vars(self.ports.console).update(console)
        self.translator.forget_all()

    # Control registers and the translations they steer

    @property
    def cr0(self) -> int:
        return self.translator.controls.cr0

    @cr0.setter
    def cr0(self, value: int) -> None:
        self.translator.controls.cr0 = value

    @property
    def cr2(self) -> int:
        return as_signed(self.fault_address)

    @property
    def cr3(self) -> int:
        return self.translator.controls.cr3

    @property
    def cr4(self) -> int:
        return self.translator.controls.cr4

    @cr4.setter
    def cr4(self, value: int) -> None:
        self.translator.controls.cr4 = value
        self.translator.forget_all()

    def load_cr3(self, root: int) -> None:
        self.translator.controls.cr3 = root
        self.translator.forget_local()

    def invalidate(self, address: int) -> None:
        self.translator.forget(address)

    def write_register(self, register: int, value: int) -> None:
        self._registers[register] = value

    def read_register(self, register: int) -> int:
        return self._registers.get(register, 0) & 0xFFFFFFFF

    def identify(self, leaf: int, subleaf: int) -> tuple[int, int, int, int]:
        return FEATURES.get(leaf & 0xFFFFFFFF, (0, 0, 0, 0))

    def time_stamp(self) -> int:
        return self.timer.now

    def output(self, port: int, value: int, size: int) -> None:
        try:
            self.ports.output(port, value, size)
        except PowerOff as off:
            self.end(off.code)
        except OSError as error:  # nobody takes what is written
            self.end(error)

    def input(self, port: int, size: int) -> int:
        return self.ports.input(port, size)

    def save_floating_point(self, image: int) -> None:
        """Nothing in the dialect has such a register."""

    def restore_floating_point(self, image: int) -> None:
        """Nothing in the dialect has such a register."""

"""The devices the kernel knows: three console streams, a timer, and a way to switch off.

Each has the registers the kernel touches and no others; the rest read as nobody's. State
that outlives a turn is plain data, because turns pass it between host processes.
"""

import os
import select
from dataclasses import dataclass, field
from enum import IntEnum

SERIAL_READY = 0x60  # what is sent is sent at once
SERIAL_RECEIVED = 0x01


class Port(IntEnum):
    SERIAL = 0x3F8  # COM1's data
    SERIAL_STATUS = 0x3FD
    ERROR = 0xE9
    REPORT = 0xEA
    EXIT = 0xF4


class TimerRegister(IntEnum):
    """Offsets. [SDM vol. 3A table 11-1]"""

    ENTRY = 0x320  # vector and mode
    INITIAL_COUNT = 0x380


NO_DEADLINE = 1 << 63


class PowerOff(BaseException):
    """The machine was switched off, by the code written to its exit port."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Console:
    """Where the streams go: descriptors of the host."""

    output: int = 1
    error: int = 2
    report: int = 2
    input: int | None = None

    def write(self, descriptor: int, value: int) -> None:
        os.write(descriptor, bytes([value & 0xFF]))

    def has_input(self) -> bool:
        return self.input is not None and bool(select.select([self.input], [], [], 0)[0])

    def wait_for_input(self) -> None:
        """Let the host rest a moment while nothing can run but somebody might type."""
        if self.input is not None:
            select.select([self.input], [], [], 0.01)

    def read(self) -> int:
        """Take one byte that was typed; 0 when there is none."""
        if self.input is None or not self.has_input():
            return 0
        data = os.read(self.input, 1)
        if not data:
            self.input = None  # the end of a file stays ready to read for ever
            return 0
        return data[0]


@dataclass
class Ports:
    """The ports of the processor."""

    console: Console = field(default_factory=Console)

    def output(self, port: int, value: int, size: int) -> None:
        match port:
            case Port.SERIAL:
                self.console.write(self.console.output, value)
            case Port.ERROR:
                self.console.write(self.console.error, value)
            case Port.REPORT:
                self.console.write(self.console.report, value)
            case Port.EXIT:
                raise PowerOff(value)
            case _:
                pass  # nobody listens

    def input(self, port: int, size: int) -> int:
        match port:
            case Port.SERIAL:
                return self.console.read()
            case Port.SERIAL_STATUS:
                return SERIAL_READY | (SERIAL_RECEIVED if self.console.has_input() else 0)
            case Port.ERROR | Port.REPORT:
                return port  # how a debug port says that it is there
            case _:
                return (1 << 8 * size) - 1


@dataclass
class Timer:
    """The processor's own interrupt controller, as far as its timer goes. [SDM vol. 3A §11.5.4]"""

    vector: int = 0
    periodic: bool = False
    masked: bool = True
    period: int = 0  # counts
    deadline: int = NO_DEADLINE
    now: int = 0  # counts since the machine was switched on

    def load(self, offset: int, size: int) -> int:
        return 0

    def store(self, offset: int, size: int, value: int) -> None:
        match offset:
            case TimerRegister.ENTRY:
                self.vector = value & 0xFF
                self.masked = value >> 16 & 1 != 0
                self.periodic = value >> 17 & 1 != 0
            case TimerRegister.INITIAL_COUNT:
                self.period = value
                self.deadline = self.now + value if value else NO_DEADLINE
            case _:
                pass

    def take_interrupt(self) -> bool:
        """Tell whether an interrupt is due, and start the next period."""
        if self.now < self.deadline:
            return False
        self.deadline = self.deadline + self.period if self.periodic else NO_DEADLINE
        self.deadline = max(self.deadline, self.now + 1)
        return not self.masked

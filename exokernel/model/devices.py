"""The devices the kernel knows: three console streams, a timer, and a way to switch off.

Each has the registers the kernel touches and no others; the rest read as nobody's. State
that outlives a turn is plain data, because turns pass it between host processes.
"""

import os
import select
from dataclasses import dataclass, field
from enum import IntEnum

from exokernel.abi.console import AS_IT_IS, LINE_ENDS

SERIAL_READY = 0x60  # what is sent is sent at once
SERIAL_RECEIVED = 0x01
LONGEST_LINE = 1 << 16  # bytes; more than a terminal gives at once
MOMENT = 0.02  # seconds


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


def typed_at(terminal: int) -> bytes:
    """Wait for a line of the host's terminal, and give it as it is sent to a machine. [termios(3), canonical mode]"""
    try:
        line = os.read(terminal, LONGEST_LINE)
    except OSError:  # it was hung up
        line = b""
    for special in (AS_IT_IS, LINE_ENDS):
        line = line.replace(bytes([special]), bytes([AS_IT_IS, special]))
    return line if line.endswith(b"\n") else line + bytes([LINE_ENDS])


@dataclass
class Console:
    """Where the streams go: descriptors of the host."""

    output: int = 1
    error: int = 2
    report: int = 2
    input: int | None = None  # a terminal
    typed: bytes = b""  # and not taken yet
    polled: bool = False  # and nothing written or taken since

    def write(self, descriptor: int, value: int) -> None:
        self.polled = False
        os.write(descriptor, bytes([value & 0xFF]))

    def has_input(self) -> bool:
        """Whether a byte waits to be taken. Who asks again and again waits for it: then the host rests a moment."""
        rest = MOMENT if self.polled else 0
        self.polled = True
        return self.typed != b"" or self.input is not None and bool(select.select([self.input], [], [], rest)[0])

    def read(self) -> int:
        """Take one byte that was typed; 0 when there is none."""
        if not self.has_input():
            return 0
        self.polled = False
        if not self.typed and self.input is not None:
            self.typed = typed_at(self.input)
        byte, self.typed = self.typed[0], self.typed[1:]
        return byte


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

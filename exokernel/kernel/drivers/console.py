"""The console: a serial port for input and output, and QEMU's debug ports for the rest.

Polled, and without memory: a byte written is on its way when `put` returns. Where the debug
ports are missing, their streams go to the serial port too. Who may write is not asked here.
[National Semiconductor PC16550D; QEMU, isa-debugcon]
"""

from exokernel.abi.console import Stream
from exokernel.dialect import Array, Record, Word, bit, u8, wrapping_sub
from exokernel.kernel.arch.ports import input_byte, output_byte

SERIAL = 0x3F8  # COM1
DATA, INTERRUPTS, FIFO, LINE, MODEM, STATUS = SERIAL, SERIAL + 1, SERIAL + 2, SERIAL + 3, SERIAL + 4, SERIAL + 5
FIFO_ON = 0b111  # and empty both ways
EIGHT_BITS = 0b11
READY = 0b11  # terminal and request to send
FIFO_SIZE = 16  # bytes that may follow one look at `sent`
ABSENT = 0xFF  # what a port without a device reads

ERROR_PORT = 0xE9
REPORT_PORT = 0xEA

DIGITS = b"0123456789abcdef"
MINUS = 45


class LineStatus(Word, width=8):
    received: bool = bit(0)  # a byte waits
    sent: bool = bit(5)  # the queue is empty


class Console(Record):
    """What was found at boot, and how much of the serial port's queue is certainly free."""

    error_port: bool = False
    report_port: bool = False
    room: int = 0


console: Console = Console()


def prepare() -> None:
    """Find the devices and set the serial port up; its speed is as the firmware left it."""
    output_byte(INTERRUPTS, 0)
    output_byte(FIFO, FIFO_ON)
    output_byte(LINE, EIGHT_BITS)
    output_byte(MODEM, READY)
    console.error_port = input_byte(ERROR_PORT) != ABSENT
    console.report_port = input_byte(REPORT_PORT) != ABSENT


def put(stream: Stream, byte: int) -> None:
    """Write one byte."""
    if stream == Stream.ERROR and console.error_port:
        output_byte(ERROR_PORT, byte)
    elif stream == Stream.REPORT and console.report_port:
        output_byte(REPORT_PORT, byte)
    else:
        _send(byte)


def get() -> int:
    """Take the next byte typed, or -1 when there is none."""
    if not LineStatus.of(input_byte(STATUS)).received:
        return -1
    return input_byte(DATA)


def _send(byte: int) -> None:
    if console.room == 0:
        while not LineStatus.of(input_byte(STATUS)).sent:
            pass
        console.room = FIFO_SIZE
    console.room = wrapping_sub(console.room, 1)
    output_byte(DATA, byte)


def put_all(stream: Stream, text: Array[u8]) -> None:
    """Write bytes in order."""
    for byte in text:
        put(stream, byte)


def write_hexadecimal(stream: Stream, value: int) -> None:
    """Write a number below 256 in two digits."""
    put(stream, DIGITS[value // 16 % 16])
    put(stream, DIGITS[value % 16])


def write_decimal(stream: Stream, value: int) -> None:
    """Write a number below 1,000 in three digits."""
    put(stream, DIGITS[value // 100 % 10])
    put(stream, DIGITS[value // 10 % 10])
    put(stream, DIGITS[value % 10])


# What `print` is made of


def write_text(stream: Stream, text: str) -> None:
    for byte in text.encode():
        put(stream, byte)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Write a number in some base, at least `width` characters long with `fill` before it."""
    length = 1 if value >= 0 else 2
    unit = 1  # the greatest power of the base that is not beyond the value
    while value // unit >= base or value // unit <= -base:
        unit *= base
        length += 1
    for _ in range(width - length):
        write_text(stream, fill)
    if value < 0:
        put(stream, MINUS)
    while unit > 0:
        put(stream, DIGITS[abs(value // unit) % base])
        unit //= base

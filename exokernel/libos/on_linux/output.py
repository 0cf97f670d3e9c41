"""The standard streams, and what `print` becomes.

Output waits in a buffer until it is full, the process ends or forks; errors until the end
of the line.
"""

from exokernel.abi.console import Stream
from exokernel.dialect import Array, Record, array, u8
from exokernel.libos.formatting import LONGEST, write_digits
from exokernel.libos.on_linux.arch.system import write_from

CAPACITY = 4096  # bytes of a buffer
STREAMS = 3
NEWLINE = 10
MINUS = "-"
ZERO = "0"
errors = Stream.ERROR  # for `print(file=errors)`


class Buffer(Record):
    """What was printed to one stream and not written yet."""

    length: int
    octets: Array[u8] = array(CAPACITY)


buffers: Array[Buffer] = array(STREAMS)


def write_output(data: bytes) -> None:
    """Print bytes to standard output."""
    write_bytes(Stream.OUTPUT, data)


def write_text(stream: Stream, text: str) -> None:
    """Print text, as the bytes of its UTF-8."""
    write_bytes(stream, text.encode())


def write_bytes(stream: Stream, data: bytes) -> None:
    """Print bytes as they are."""
    buffer = buffers[stream]
    done = 0
    while done < len(data):
        if buffer.length == CAPACITY:
            flush(stream)
        start = buffer.length
        count = min(CAPACITY - start, len(data) - done)
        buffer.octets[start : start + count] = data[done : done + count]
        buffer.length = start + count
        done += count
    if stream != Stream.OUTPUT and len(data) > 0 and data[len(data) - 1] == NEWLINE:
        flush(stream)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Print an integer in a base from 2 to 16, at least `width` wide, filled up in front.

    With zeros, a sign stands before them; with anything else, behind.
    """
    digits: Array[u8] = array(LONGEST)
    start = write_digits(value, base, digits)
    missing = width - (LONGEST - start)
    if value < 0:
        missing -= 1
        if fill == ZERO:
            write_text(stream, MINUS)
    for _ in range(missing):
        write_text(stream, fill)
    if value < 0 and fill != ZERO:
        write_text(stream, MINUS)
    write_bytes(stream, bytes(digits[start:]))


def flush(stream: Stream) -> None:
    """Write what a stream has waiting; what Linux does not take is lost."""
    buffer = buffers[stream]
    done = 0
    while done < buffer.length:
        written = write_from(stream + 1, buffer.octets[done : buffer.length])
        if written <= 0:
            break
        done += written
    buffer.length = 0


def flush_all() -> None:
    for number in range(STREAMS):
        if buffers[number].length > 0:
            flush(Stream(number))

"""The standard streams, and what `print` becomes.

Output waits in a buffer until it is full, the process ends or forks; errors until the end
of the line.
"""

from exokernel.abi.console import Stream
from exokernel.dialect import Array, array
from exokernel.libos.buffering import Buffer
from exokernel.libos.formatting import octets_of
from exokernel.libos.on_linux.arch.system import write_from

STREAMS = 3
NEWLINE = b"\n"
errors = Stream.ERROR  # for `print(file=errors)`

buffers: Array[Buffer] = array(STREAMS)


def write_output(data: bytes) -> None:
    """Print bytes to standard output."""
    write_bytes(Stream.OUTPUT, data)


def write_text(stream: Stream, text: str) -> None:
    """Print text, as the bytes of its UTF-8."""
    write_bytes(stream, text.encode())


def write_bytes(stream: Stream, data: bytes) -> None:
    """Print bytes as they are."""
    done = 0
    while done < len(data):
        taken = buffers[stream].take(data[done:])
        done += taken
        if taken == 0:
            flush(stream)
    if stream != Stream.OUTPUT and data.endswith(NEWLINE):
        flush(stream)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Print an integer in a base from 2 to 16, at least `width` wide."""
    for piece in octets_of(value, width, fill, base):
        write_bytes(stream, piece)


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

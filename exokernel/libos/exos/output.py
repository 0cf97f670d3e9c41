"""The console's streams, and what `print` becomes.

Output waits in a buffer until it is full, the process ends or forks; errors until the end
of the line. The kernel is told which frame the bytes lie in. Nothing here formats beyond
integers.
"""

from exokernel.abi.console import Stream
from exokernel.abi.errors import KernelError
from exokernel.abi.names import FRAME_SIZE
from exokernel.dialect import Array, array
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import address_of_octets
from exokernel.libos.buffering import Buffer
from exokernel.libos.exos.layout import CONSOLE
from exokernel.libos.formatting import octets_of

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
    """Write what a stream has waiting."""
    buffer = buffers[stream]
    length = buffer.length
    buffer.length = 0
    address = address_of_octets(buffer.octets)
    end = address + length
    while address < end:
        count = min(FRAME_SIZE - address % FRAME_SIZE, end - address)
        write_page(stream, address, count)
        address += count


def write_page(stream: Stream, address: int, count: int) -> None:
    """Write bytes of one page to the console, from the frame they lie in."""
    entry = kernel.entries_1[kernel.page_of(address)]
    try:
        kernel.console_write(stream, CONSOLE, entry.frame, address % FRAME_SIZE, count, entry.key)
    except KernelError:
        return  # a process without a console prints into the void


def flush_all() -> None:
    for number in range(STREAMS):
        if buffers[number].length > 0:
            flush(Stream(number))

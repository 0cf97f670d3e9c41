"""Standard input from a terminal: lines, taken from the console byte by byte.

The host's terminal echoes and edits, so all that is left of a line discipline is to ask for a
line, to wait for it without keeping the processor, and to know where it ends. Lines that
nobody asks for stay with the host.
"""

from exokernel.abi.console import AS_IT_IS, LINE_ENDS, READ, Stream
from exokernel.abi.errors import KernelError, NothingToRead
from exokernel.dialect import Array, array, u8
from exokernel.libos import kernel
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.layout import CONSOLE
from exokernel.libos.exos.output import flush_all, write_text

LONGEST = 4096  # bytes of a line; what is longer comes in pieces
NEWLINE = 10

line: Array[u8] = array(LONGEST)


def read_line() -> int:
    """Wait for the next line, write it to `line`, and answer its length: 0 at the end of the input."""
    flush_all()
    write_text(Stream.REPORT, READ)
    length = 0
    while length < LONGEST:
        byte = next_byte()
        if byte == LINE_ENDS:
            break
        line[length] = next_byte() if byte == AS_IT_IS else byte
        length += 1
        if byte == NEWLINE:
            break
    return length


def next_byte() -> int:
    """Wait for a byte. A process without a console finds that lines end."""
    while True:
        try:
            return kernel.console_read(CONSOLE)
        except NothingToRead:
            pause()
        except KernelError:
            return LINE_ENDS

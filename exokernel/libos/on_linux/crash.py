"""The end of a process by a signal that an exception became: one line for the host, then the signal itself.

The line goes to descriptor 3, which the host opens; where there is none, it is lost.
"""

from exokernel.abi.console import Stream
from exokernel.abi.names import FRAME_SIZE
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.crashes import LONGEST_DUMP, PIECE, description, hexadecimal, stack_to_show
from exokernel.libos.on_linux.arch.system import GET_PROCESS, KILL, call, is_mapped
from exokernel.libos.on_linux.arguments import given
from exokernel.libos.on_linux.output import flush_all, write_bytes, write_text

REPORT = Stream.REPORT


def crash(signal: int, crashed: Crash) -> None:
    """Report an exception and end the process by its signal, which is nobody's any more."""
    flush_all()
    process = call(GET_PROCESS, 0, 0, 0)
    write_bytes(REPORT, description(crashed, process))
    dump(stack_to_show(crashed))
    write_text(REPORT, "\n")
    call(KILL, process, signal, 0)


def dump(stack: int) -> None:
    """Write the bytes that lie at the stack pointer, up to where the stack began."""
    address, end = stack, min(stack + LONGEST_DUMP, given.stack)
    while address < end and is_mapped(address - address % FRAME_SIZE):
        count = min(PIECE, end - address, FRAME_SIZE - address % FRAME_SIZE)
        write_bytes(REPORT, hexadecimal(bytes_from(address, count)))
        address += count

"""The end of a process by an exception nobody handles: one line for the host, then the status Linux gives.

It all runs on what is left of the exception stack, or of our own.
"""

from typing import NoReturn

from exokernel.abi.console import Stream
from exokernel.abi.layout import STACK_TOP
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import Vector
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.crashes import LONGEST_DUMP, PIECE, description, hexadecimal, stack_to_show
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import STACK_BOTTOM
from exokernel.libos.exos.output import flush_all, write_bytes, write_text
from exokernel.libos.exos.processes import leave

SIGNALLED = 128  # a status above names a signal
TRAP, ILLEGAL, BUS, ARITHMETIC, SEGMENT = 5, 4, 7, 8, 11  # signals of Linux
REPORT = Stream.REPORT


def crash(crashed: Crash) -> NoReturn:
    """Report an exception and end the process."""
    own = state()
    if own.crashing:
        leave(SIGNALLED + SEGMENT)
    own.crashing = True
    flush_all()
    write_bytes(REPORT, description(crashed, kernel.ourselves()))
    dump(stack_to_show(crashed))
    write_text(REPORT, "\n")
    leave(SIGNALLED + signal_of(crashed.trap.vector))


def dump(stack: int) -> None:
    """Write the bytes that lie at the stack pointer, when that is within our stack."""
    if not STACK_BOTTOM <= stack < STACK_TOP:
        return
    address, end = stack, min(stack + LONGEST_DUMP, STACK_TOP)
    while address < end and kernel.entry_of(kernel.page_of(address)).present:
        count = min(PIECE, end - address, FRAME_SIZE - address % FRAME_SIZE)
        write_bytes(REPORT, hexadecimal(bytes_from(address, count)))
        address += count


def signal_of(vector: int) -> int:
    """The signal that Linux ends a process with for this exception."""
    match vector:
        case Vector.DIVIDE | Vector.FLOATING_POINT | Vector.SIMD:
            return ARITHMETIC
        case Vector.DEBUG | Vector.BREAKPOINT:
            return TRAP
        case Vector.INVALID_OPCODE:
            return ILLEGAL
        case Vector.ALIGNMENT | Vector.STACK_SEGMENT | Vector.SEGMENT_NOT_PRESENT:
            return BUS
        case _:
            return SEGMENT

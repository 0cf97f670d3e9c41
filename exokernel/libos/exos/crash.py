"""The end of a process by an exception nobody handles: one line for the host, then the status Linux gives.

The host finds the Python lines by the registers and the bytes of the stack; nothing here
knows a symbol. It all runs on what is left of the exception stack, or of our own.
"""

from typing import NoReturn

from exokernel.abi.console import Stream
from exokernel.abi.faults import Fault
from exokernel.abi.layout import STACK_TOP
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import Vector
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.arch.x86_64.raised import raise_site
from exokernel.libos.exos.arch.registers import Crash
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import STACK_BOTTOM
from exokernel.libos.exos.output import flush_all, write_integer, write_text
from exokernel.libos.exos.processes import leave

SIGNALLED = 128  # a status above names a signal
TRAP, ILLEGAL, BUS, ARITHMETIC, SEGMENT = 5, 4, 7, 8, 11  # signals of Linux
LONGEST_DUMP = 2048  # bytes of the stack
CHECK = b"\x67\x0f\xb9\x40"  # `ud1 kind(%eax), %eax`: what a failed check of a compiled program executes
HEXADECIMAL = 16
ZERO = "0"
REPORT = Stream.REPORT


def crash(crashed: Crash) -> NoReturn:
    """Report an exception and end the process."""
    own = state()
    if own.crashing:
        leave(SIGNALLED + SEGMENT)
    own.crashing = True
    flush_all()
    write_text(REPORT, "crash")
    field(" environment=", int(kernel.ourselves()))
    field(" vector=", crashed.trap.vector)
    field(" error=", crashed.trap.error)
    field(" kind=", fault_kind(crashed))
    registers(crashed)
    if fault_kind(crashed) == Fault.UNCAUGHT:
        site = raise_site()
        field(" raised=", site.instruction)
        field(" raised_stack=", site.stack)
        dump(site.stack)
    else:
        dump(crashed.trap.stack)
    write_text(REPORT, "\n")
    flush_all()
    leave(SIGNALLED + signal_of(crashed.trap.vector))


def field(name: str, value: int) -> None:
    """Write one number of the report, unsigned."""
    write_text(REPORT, name)
    if value < 0:
        write_integer(REPORT, value // 2**32 % 2**32, 0, ZERO, HEXADECIMAL)
        write_integer(REPORT, value % 2**32, 8, ZERO, HEXADECIMAL)
    else:
        write_integer(REPORT, value, 0, ZERO, HEXADECIMAL)


def registers(crashed: Crash) -> None:
    field(" cr2=", crashed.trap.address)
    field(" rip=", crashed.trap.instruction)
    field(" rflags=", crashed.trap.flags)
    field(" rsp=", crashed.trap.stack)
    field(" rbp=", crashed.rbp)
    field(" rax=", crashed.rax)
    field(" rbx=", crashed.rbx)
    field(" rcx=", crashed.rcx)
    field(" rdx=", crashed.rdx)
    field(" rsi=", crashed.rsi)
    field(" rdi=", crashed.rdi)
    field(" r8=", crashed.r8)
    field(" r9=", crashed.r9)
    field(" r10=", crashed.r10)
    field(" r11=", crashed.r11)
    field(" r12=", crashed.r12)
    field(" r13=", crashed.r13)
    field(" r14=", crashed.r14)
    field(" r15=", crashed.r15)


def dump(stack: int) -> None:
    """Write the bytes that lie at the stack pointer, when that is within our stack."""
    if not STACK_BOTTOM <= stack < STACK_TOP:
        return
    write_text(REPORT, " memory=")
    end = min(stack + LONGEST_DUMP, STACK_TOP)
    for address in range(stack, end):
        if address % FRAME_SIZE == 0 or address == stack:
            if not kernel.entry_of(kernel.page_of(address)).present:
                return
        write_integer(REPORT, bytes_from(address, 1)[0], 2, ZERO, HEXADECIMAL)


def fault_kind(crashed: Crash) -> int:
    """Which check failed, by the instruction it executed; 0 when it was none."""
    if crashed.trap.vector != Vector.INVALID_OPCODE:
        return 0
    if not kernel.entry_of(kernel.page_of(crashed.trap.instruction)).present:
        return 0
    code = bytes_from(crashed.trap.instruction, len(CHECK) + 1)
    return code[len(CHECK)] if code.startswith(CHECK) else 0


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

"""When the kernel itself fails: say where, and end the machine.

The report names every register and the bytes of the stack, from which the host, who has the
debug information, makes a traceback of Python lines. Nothing is tried again, and a fault
within a panic just ends it.
"""

from typing import NoReturn

from exokernel.abi.console import Stream
from exokernel.dialect import Record, u8
from exokernel.dialect.unsafe import array_at, exported, symbol_address
from exokernel.kernel.arch.x86_64.boot import SPARE_STACK_SIZE, SPARE_STACKS, STACK_SIZE, spare_stack_top
from exokernel.kernel.arch.x86_64.instructions import fault_address, trap
from exokernel.kernel.drivers import console
from exokernel.kernel.drivers.power import PANIC, power_off

MOST_BYTES = 0x1000  # of the stack that are reported


class Registers(Record):
    """What `kernel_fault` saves, last pushed first."""

    rax: int
    rbx: int
    rcx: int
    rdx: int
    rsi: int
    rdi: int
    rbp: int
    r8: int
    r9: int
    r10: int
    r11: int
    r12: int
    r13: int
    r14: int
    r15: int
    vector: int
    error: int
    rip: int
    cs: int
    rflags: int
    rsp: int
    ss: int


class Panic(Record):
    """How far a panic has come."""

    reason_given: bool = False
    reporting: bool = False


progress: Panic = Panic()


def panic(reason: str) -> NoReturn:
    """Stop, because of a state that cannot be. `reason` is one word."""
    progress.reason_given = True
    console.write_text(Stream.REPORT, "panic reason=")
    console.write_text(Stream.REPORT, reason)
    trap()


@exported("kernel_panic")
def on_kernel_fault(registers: Registers) -> NoReturn:
    """Report an exception that the kernel caused, and end the machine."""
    if progress.reporting:
        power_off(PANIC)
    progress.reporting = True

    if not progress.reason_given:
        console.write_text(Stream.REPORT, "panic")
    _report_registers(registers)
    _report_stack(registers.rsp)
    console.write_text(Stream.REPORT, "\n")
    power_off(PANIC)


def _report_registers(registers: Registers) -> None:
    report_field("vector", registers.vector)
    report_field("error", registers.error)
    report_field("cr2", fault_address())
    report_field("rip", registers.rip)
    report_field("rsp", registers.rsp)
    report_field("rbp", registers.rbp)
    report_field("rax", registers.rax)
    report_field("rbx", registers.rbx)
    report_field("rcx", registers.rcx)
    report_field("rdx", registers.rdx)
    report_field("rsi", registers.rsi)
    report_field("rdi", registers.rdi)
    report_field("r8", registers.r8)
    report_field("r9", registers.r9)
    report_field("r10", registers.r10)
    report_field("r11", registers.r11)
    report_field("r12", registers.r12)
    report_field("r13", registers.r13)
    report_field("r14", registers.r14)
    report_field("r15", registers.r15)
    report_field("rflags", registers.rflags)


def report_field(name: str, value: int) -> None:
    console.write_text(Stream.REPORT, " ")
    console.write_text(Stream.REPORT, name)
    console.write_text(Stream.REPORT, "=")
    for position in range(16):
        _report_digit(value >> 60 - 4 * position & 15)


def _report_digit(digit: int) -> None:
    console.put(Stream.REPORT, console.DIGITS[digit])


def _report_stack(bottom: int) -> None:
    """Write the bytes from `bottom` to the end of the stack it lies on."""
    length = _end_of_stack(bottom) - bottom
    if length <= 0:
        return
    console.write_text(Stream.REPORT, " memory=")
    for byte in array_at(u8, bottom, min(length, MOST_BYTES)):
        _report_digit(byte >> 4)
        _report_digit(byte & 15)


def _end_of_stack(address: int) -> int:
    """Find the end of the stack an address lies on, or a lower address when it lies on none."""
    top = symbol_address("kernel_stack_top")
    if 0 <= top - address < STACK_SIZE:
        return top
    for number in range(SPARE_STACKS):
        top = spare_stack_top(number)
        if 0 <= top - address < SPARE_STACK_SIZE:
            return top
    return address

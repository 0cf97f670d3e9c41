"""What the host is told of an exception that ends a process: one line of names, numbers and bytes.

It finds the Python lines by them; nothing here knows a symbol. Which memory may be looked at,
and how the process ends, is a library's business.
"""

from exokernel.abi.faults import Fault
from exokernel.abi.x86_64 import Vector
from exokernel.dialect import Array, array, u8
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.arch.x86_64.raised import raise_site
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.buffering import Buffer

CHECK = b"\x67\x0f\xb9\x40"  # `ud1 kind(%eax), %eax`: what a failed check of a compiled program executes
DIGITS = b"0123456789abcdef"
HIGHEST = 16**15  # the value of a number's first digit

LONGEST_DUMP = 2048  # bytes of the stack
PIECE = 256  # bytes of memory, shown at a time

line: Buffer = Buffer(length=0)
digits: Array[u8] = array(2 * PIECE)


def description(crashed: Crash, environment: int) -> bytes:
    """The line up to where the bytes of the stack follow. Good until the next."""
    line.length = 0
    line.take(b"crash")
    add(b" environment=", environment)
    add(b" vector=", crashed.trap.vector)
    add(b" error=", crashed.trap.error)
    add(b" kind=", fault_kind(crashed))
    add(b" cr2=", crashed.trap.address)
    add(b" rip=", crashed.trap.instruction)
    add(b" rflags=", crashed.trap.flags)
    add(b" rsp=", crashed.trap.stack)
    add_registers(crashed)
    if fault_kind(crashed) == Fault.UNCAUGHT:
        add(b" raised=", raise_site().instruction)
        add(b" raised_stack=", raise_site().stack)
    line.take(b" memory=")
    return bytes(line.octets[: line.length])


def add_registers(crashed: Crash) -> None:
    add(b" rbp=", crashed.rbp)
    add(b" rax=", crashed.rax)
    add(b" rbx=", crashed.rbx)
    add(b" rcx=", crashed.rcx)
    add(b" rdx=", crashed.rdx)
    add(b" rsi=", crashed.rsi)
    add(b" rdi=", crashed.rdi)
    add(b" r8=", crashed.r8)
    add(b" r9=", crashed.r9)
    add(b" r10=", crashed.r10)
    add(b" r11=", crashed.r11)
    add(b" r12=", crashed.r12)
    add(b" r13=", crashed.r13)
    add(b" r14=", crashed.r14)
    add(b" r15=", crashed.r15)


def add(name: bytes, value: int) -> None:
    """Add a number to the line, unsigned and hexadecimal."""
    line.take(name)
    unit = HIGHEST
    while unit > 1 and value // unit == 0:
        unit //= 16
    while unit > 0:
        digit = value // unit % 16
        line.take(DIGITS[digit : digit + 1])
        unit //= 16


def fault_kind(crashed: Crash) -> int:
    """Which check failed, by the instruction it executed; 0 when it was none."""
    if crashed.trap.vector != Vector.INVALID_OPCODE:
        return 0
    code = bytes_from(crashed.trap.instruction, len(CHECK) + 1)
    return code[len(CHECK)] if code.startswith(CHECK) else 0


def stack_to_show(crashed: Crash) -> int:
    """The address that the bytes of the stack begin at: where the exception was raised that nothing caught."""
    return raise_site().stack if fault_kind(crashed) == Fault.UNCAUGHT else crashed.trap.stack


def hexadecimal(data: bytes) -> bytes:
    """At most a piece of memory, two digits a byte. Good until the next."""
    length = 0
    for octet in data:
        digits[length] = DIGITS[octet // 16]
        digits[length + 1] = DIGITS[octet % 16]
        length += 2
    return bytes(digits[:length])

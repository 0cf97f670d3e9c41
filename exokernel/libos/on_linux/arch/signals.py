"""Signals that stand for exceptions of the processor, each taken once, on a stack of their own.

[Linux, rt_sigaction(2), sigaltstack(2), asm/sigcontext.h]
"""

from exokernel.abi.x86_64 import TrapFrame
from exokernel.dialect import Array, Record, array, u8
from exokernel.dialect.unsafe import address_of, assembly, exported, record_at, symbol_address
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.on_linux.arch.system import ALTERNATE_STACK, call, set_action
from exokernel.libos.on_linux.crash import crash

EXCEPTIONS = (4, 5, 7, 8, 11)  # SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV
STACK_SIZE = 16384  # bytes
HOW = 0xCC00_0004  # with information, a restorer, that stack, the signal not held back, and the default from then on
CONTEXT = 40  # bytes from the start of `ucontext` to the registers


class Action(Record):
    handler: int
    flags: int
    restorer: int = 0
    mask: int = 0


class AlternateStack(Record):
    start: int
    flags: int = 0
    size: int = STACK_SIZE


class Context(Record):
    """The registers, as Linux saves them."""

    r8: int
    r9: int
    r10: int
    r11: int
    r12: int
    r13: int
    r14: int
    r15: int
    rdi: int
    rsi: int
    rbp: int
    rbx: int
    rdx: int
    rax: int
    rcx: int
    rsp: int
    rip: int
    flags: int
    segments: int
    error: int
    vector: int
    mask: int
    cr2: int


stack: Array[u8] = array(STACK_SIZE)

assembly("""
.globl signal_entry
signal_entry:
    mov %rdx, %rsi
    and $-16, %rsp
    call on_signal
    ud2
""")


def take_exceptions() -> None:
    """Be told of every exception from now on."""
    call(ALTERNATE_STACK, address_of(AlternateStack(start=address_of(stack))), 0, 0)
    action = Action(handler=symbol_address("signal_entry"), flags=HOW)
    for signal in EXCEPTIONS:
        set_action(signal, address_of(action))


@exported("on_signal")
def on_signal(signal: int, address: int) -> None:
    """Tell what the processor did by a signal's number and the address of its `ucontext`."""
    saved = record_at(Context, address + CONTEXT)
    trap = TrapFrame(
        vector=saved.vector,
        error=saved.error,
        address=saved.cr2,
        instruction=saved.rip,
        code_segment=saved.segments,
        flags=saved.flags,
        stack=saved.rsp,
        stack_segment=saved.segments,
    )
    crashed = Crash(
        r15=saved.r15,
        r14=saved.r14,
        r13=saved.r13,
        r12=saved.r12,
        r11=saved.r11,
        r10=saved.r10,
        r9=saved.r9,
        r8=saved.r8,
        rdi=saved.rdi,
        rsi=saved.rsi,
        rbp=saved.rbp,
        rbx=saved.rbx,
        rdx=saved.rdx,
        rcx=saved.rcx,
        rax=saved.rax,
        trap=trap,
    )
    crash(signal, crashed)

"""The registers at an exception: pushed one by one, below the record that the kernel wrote."""

from exokernel.abi.x86_64 import TrapFrame
from exokernel.dialect import Record


class Crash(Record):
    r15: int
    r14: int
    r13: int
    r12: int
    r11: int
    r10: int
    r9: int
    r8: int
    rdi: int
    rsi: int
    rbp: int
    rbx: int
    rdx: int
    rcx: int
    rax: int
    trap: TrapFrame

"""Formats the x86-64 processor defines and every library may see. [SDM vol. 3A §4.5, §6.14]"""

from exokernel.abi.names import Frame, Slot
from exokernel.dialect import Enumeration, Record, Word, bit, bits


class Entry(Word, width=64):
    """One entry, at any of the four levels. [SDM vol. 3A tables 4-15 to 4-20]

    When `present` is false the MMU ignores all the rest, and so does the kernel: a library
    may keep there what it likes.
    """

    present: bool = bit(0)
    writable: bool = bit(1)
    user: bool = bit(2)
    write_through: bool = bit(3)
    cache_disable: bool = bit(4)
    accessed: bool = bit(5)
    dirty: bool = bit(6)
    large: bool = bit(7)
    global_: bool = bit(8)
    software: int = bits(9, 3)  # the MMU and the kernel ignore it: the library's own
    frame: Frame = bits(12, 40)
    key: Slot = bits(52, 6)  # the MMU ignores it: the capability that authorises the entry
    no_execute: bool = bit(63)


class Linear(Word, width=48):
    """A linear address as the walk splits it."""

    offset: int = bits(0, 12)
    level1: int = bits(12, 9)
    level2: int = bits(21, 9)
    level3: int = bits(30, 9)
    level4: int = bits(39, 9)


class Vector(Enumeration, bits=8):
    """Exception and interrupt numbers. [SDM vol. 3A table 6-1]"""

    DIVIDE = 0
    DEBUG = 1
    NMI = 2
    BREAKPOINT = 3
    OVERFLOW = 4
    BOUND = 5
    INVALID_OPCODE = 6
    DEVICE_NOT_AVAILABLE = 7
    DOUBLE_FAULT = 8
    INVALID_TSS = 10
    SEGMENT_NOT_PRESENT = 11
    STACK_SEGMENT = 12
    GENERAL_PROTECTION = 13
    PAGE_FAULT = 14
    FLOATING_POINT = 16
    ALIGNMENT = 17
    MACHINE_CHECK = 18
    SIMD = 19
    TIMER = 32


class PageFaultError(Word, width=64):
    """The error code of a page fault. [SDM vol. 3A figure 4-12]"""

    present: bool = bit(0)  # the page was there: a protection violation
    write: bool = bit(1)
    user: bool = bit(2)
    reserved: bool = bit(3)
    fetch: bool = bit(4)


class InterruptFrame(Record):
    """What the processor pushes, and what `iretq` pops."""

    instruction: int
    code_segment: int
    flags: int
    stack: int
    stack_segment: int


class TrapFrame(Record):
    """What an environment is told of its own exception. Written by the kernel, on its stack.

    The last five words are what `iretq` pops, so a handler resumes without the kernel.
    """

    vector: int
    error: int  # the processor's error code, or 0
    address: int  # CR2 after a page fault, or 0
    instruction: int  # RIP to resume at
    code_segment: int
    flags: int
    stack: int
    stack_segment: int

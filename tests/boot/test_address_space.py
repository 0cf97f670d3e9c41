"""What an environment can see of the kernel's half, and that it can change none of it."""

import pytest

from exokernel.abi.layout import (
    DIRECT_MAP,
    ENTRIES_1,
    ENTRIES_2,
    ENTRIES_3,
    EXPOSED,
    IMAGE,
    KERNEL_BASE,
    KERNEL_SLOT,
    PUBLIC,
)
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.tables import MachineState
from exokernel.dialect import offset_of
from tests.boot.guest import Computer
from tests.boot.test_exceptions import ERROR, NOTING

pytestmark = pytest.mark.boot

NOT_PRESENT, READ, WRITE, EXECUTE = 4, 5, 7, 0x15  # error codes of page faults from user mode
KERNEL_CODE = KERNEL_BASE + 0x106000

FORBIDDEN = {
    "read physical memory": (READ, DIRECT_MAP + 0x2000000, "movb (%rbx), %al"),
    "write physical memory": (WRITE, DIRECT_MAP + 0x2000000, "movb %al, (%rbx)"),
    "read the image": (READ, KERNEL_CODE, "movb (%rbx), %al"),
    "write the image": (WRITE, KERNEL_CODE, "movb %al, (%rbx)"),
    "execute the image": (EXECUTE, KERNEL_CODE, "jmpq *%rbx"),
    "read by the kernel's alias": (READ, PUBLIC, "movb (%rbx), %al"),
    "write a public table": (WRITE, EXPOSED, "movb %al, (%rbx)"),
    "execute a public table": (EXECUTE, EXPOSED, "jmpq *%rbx"),
    "write a page table": (WRITE, ENTRIES_1 + 8 * 0x400, "movq %rax, (%rbx)"),
    "execute a page table": (EXECUTE, ENTRIES_1 + 8 * 0x400, "jmpq *%rbx"),
    "read a kernel's page table": (READ, ENTRIES_3 + 0x1000 * KERNEL_SLOT, "movb (%rbx), %al"),
    "read nothing": (NOT_PRESENT, -(2**40), "movb (%rbx), %al"),
    "read address zero": (NOT_PRESENT, 0, "movb (%rbx), %al"),
}


SUCCEEDED = 100  # what a guest halts with whose attack went through


def attempt(what: str) -> str:
    """A guest that tries, and expects a page fault."""
    error, address, instruction = FORBIDDEN[what]
    return f"""
        handle PAGE_FAULT, noting
        movq $4f, resume
        movabsq ${address % 2**64}, %rbx
        {instruction}
        halt ${SUCCEEDED}
    4:  cmpq ${error}, noted + {ERROR}
        must e
        halt $0
    {NOTING}
    """


@pytest.mark.parametrize("what", FORBIDDEN)
def test_it_faults(computer: Computer, what: str) -> None:
    assert computer.run(attempt(what)).halted == 0


# The frame of the level-1 table that maps the image, in RDI, and the index of the page of data in RSI.
NAME_DATA = f"""
    movabsq ${(ENTRIES_2 + 8 * (IMAGE >> 21)) % 2**64}, %rax
    movq (%rax), %rdi
    shrq $12, %rdi
    movl $data, %esi
    shrl $12, %esi
    andl $511, %esi
"""

FORGOTTEN = {
    "one page made read-only": ("movl $1, %edx\n movl $2, %r10d\n xorl %r8d, %r8d\n xorl %r9d, %r9d\n ask protect", WRITE),
    "many pages made read-only": (
        "movl $11, %edx\n movl $2, %r10d\n xorl %r8d, %r8d\n xorl %r9d, %r9d\n ask protect",
        WRITE,
    ),
    "one page unmapped": ("xorl %edx, %edx\n xorl %r10d, %r10d\n ask map", NOT_PRESENT + 2),
    "many pages unmapped": (
        "movl $11, %edx\n xorl %r10d, %r10d\n xorl %r8d, %r8d\n ask map_range",
        NOT_PRESENT + 2,
    ),
}


def stale(what: str) -> str:
    """A guest that writes to a page, weakens its entry, and writes again."""
    call, error = FORGOTTEN[what]
    return f"""
        movq $stack_top, %rsp
        incq data
        {NAME_DATA}
        {call}
        testl %edx, %edx
        must z
        handle PAGE_FAULT, 4f
        movq $1, data
        halt ${SUCCEEDED}
    4:  cmpq ${error}, {ERROR}(%rsp)
        must e
        halt $0
    .data
    .p2align 12
    data: .fill {12 * FRAME_SIZE}
    """


@pytest.mark.parametrize("what", FORGOTTEN)
def test_a_weakened_translation_is_forgotten(computer: Computer, what: str) -> None:
    assert computer.run(stale(what)).halted == 0


def test_public_tables_can_be_read(computer: Computer) -> None:
    ending = computer.run(f"""
        movabsq ${EXPOSED % 2**64}, %rbx
        cmpl $0x7000, {offset_of(MachineState, "frame_count")}(%rbx)
        must a                          # 128 MiB, but for what the firmware keeps
        halt $0
    """)
    assert ending.halted == 0


def test_page_tables_can_be_read(computer: Computer) -> None:
    ending = computer.run(f"""
        movabsq ${(ENTRIES_1 + 8 * 0x400) % 2**64}, %rbx
        movq (%rbx), %rbx
        andl $7, %ebx
        cmpl $5, %ebx                   # present, read-only, the user's
        must e
        halt $0
    """)
    assert ending.halted == 0

"""What an environment can see of the kernel's half, and that it can change none of it."""

import pytest

from exokernel.abi.layout import DIRECT_MAP, ENTRIES_1, ENTRIES_3, EXPOSED, KERNEL_BASE, KERNEL_SLOT, PUBLIC
from exokernel.abi.tables import MachineState
from exokernel.dialect import offset_of
from tests.boot.guest import Computer
from tests.boot.test_exceptions import ERROR, NOTING

pytestmark = pytest.mark.boot

NOT_PRESENT, READ, WRITE, EXECUTE = 4, 5, 7, 0x15  # error codes of page faults from user mode
IMAGE = KERNEL_BASE + 0x106000

FORBIDDEN = {
    "read physical memory": (READ, DIRECT_MAP + 0x2000000, "movb (%rbx), %al"),
    "write physical memory": (WRITE, DIRECT_MAP + 0x2000000, "movb %al, (%rbx)"),
    "read the image": (READ, IMAGE, "movb (%rbx), %al"),
    "write the image": (WRITE, IMAGE, "movb %al, (%rbx)"),
    "execute the image": (0x15, IMAGE, "jmpq *%rbx"),
    "read by the kernel's alias": (READ, PUBLIC, "movb (%rbx), %al"),
    "write a public table": (WRITE, EXPOSED, "movb %al, (%rbx)"),
    "execute a public table": (EXECUTE, EXPOSED, "jmpq *%rbx"),
    "write a page table": (WRITE, ENTRIES_1 + 8 * 0x400, "movq %rax, (%rbx)"),
    "execute a page table": (EXECUTE, ENTRIES_1 + 8 * 0x400, "jmpq *%rbx"),
    "read a kernel's page table": (READ, ENTRIES_3 + 0x1000 * KERNEL_SLOT, "movb (%rbx), %al"),
    "read nothing": (NOT_PRESENT, -(2**40), "movb (%rbx), %al"),
    "read address zero": (NOT_PRESENT, 0, "movb (%rbx), %al"),
}


@pytest.mark.parametrize("attempt", FORBIDDEN)
def test_it_faults(computer: Computer, attempt: str) -> None:
    error, address, instruction = FORBIDDEN[attempt]
    ending = computer.run(f"""
        handle PAGE_FAULT, noting
        movq $4f, resume
        movabsq ${address % 2**64}, %rbx
        {instruction}
        halt $100
    4:  cmpq ${error}, noted + {ERROR}
        must e
        halt $0
    {NOTING}
    """)
    assert ending.halted == 0


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

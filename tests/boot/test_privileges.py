"""What only the kernel may do faults in an environment, and what it may do harms nobody else."""

import pytest

from tests.boot.guest import Computer
from tests.boot.test_exceptions import NOTING

pytestmark = [pytest.mark.boot, pytest.mark.slow]

PROTECTION, UNDEFINED, PAGE = "GENERAL_PROTECTION", "INVALID_OPCODE", "PAGE_FAULT"

# Every privileged instruction, and some that depend on control registers. [SDM vol. 3A §5.9]
PRIVILEGED = {
    "cli": PROTECTION,
    "sti": PROTECTION,
    "hlt": PROTECTION,
    "clts": PROTECTION,
    "invd": PROTECTION,
    "wbinvd": PROTECTION,
    "invlpg (%rsp)": PROTECTION,
    "lgdt (%rsp)": PROTECTION,
    "lidt (%rsp)": PROTECTION,
    "lldt %ax": PROTECTION,
    "ltr %ax": PROTECTION,
    "lmsw %ax": PROTECTION,
    "sgdt -16(%rsp)": PROTECTION,  # by UMIP, as the next four
    "sidt -16(%rsp)": PROTECTION,
    "sldt %eax": PROTECTION,
    "smsw %eax": PROTECTION,
    "str %eax": PROTECTION,
    "movq %cr0, %rax": PROTECTION,
    "movq %cr2, %rax": PROTECTION,
    "movq %cr3, %rax": PROTECTION,
    "movq %cr4, %rax": PROTECTION,
    "movq %cr8, %rax": PROTECTION,
    "movq %rax, %cr0": PROTECTION,
    "movq %rax, %cr3": PROTECTION,
    "movq %rax, %cr4": PROTECTION,
    "movq %rax, %cr8": PROTECTION,
    "movq %dr0, %rax": PROTECTION,
    "movq %dr7, %rax": PROTECTION,
    "movq %rax, %dr0": PROTECTION,
    "movq %rax, %dr7": PROTECTION,
    "movl $0xc0000082, %ecx\n rdmsr": PROTECTION,
    "movl $0xc0000082, %ecx\n wrmsr": PROTECTION,
    "swapgs": PROTECTION,
    "sysretq": PROTECTION,
    "inb $0x60, %al": PROTECTION,
    "outb %al, $0xf4": PROTECTION,
    "movl $0xea, %edx\n outb %al, %dx": PROTECTION,
    "movl $0x3f8, %edx\n outsb": PROTECTION,
    "int $0": PROTECTION,
    "int $2": PROTECTION,
    "int $8": PROTECTION,
    "int $14": PROTECTION,
    "int $32": PROTECTION,
    "int $128": PROTECTION,
    "int $255": PROTECTION,
    "movl $8, %eax\n movl %eax, %ss": PROTECTION,
    "movl $0x10, %eax\n movl %eax, %ds": PROTECTION,
    "clac": UNDEFINED,
    "stac": UNDEFINED,
    "wrfsbase %rax": UNDEFINED,
    "rdgsbase %rax": UNDEFINED,
    "xgetbv": UNDEFINED,
    "vmcall": UNDEFINED,
    "monitor": UNDEFINED,
    "mwait": UNDEFINED,
}


SUCCEEDED = 100  # what a guest halts with whose attack went through


def attempt(instruction: str) -> str:
    """A guest that executes an instruction and expects its exception."""
    return f"""
        handle {PRIVILEGED[instruction]}, noting
        movq $4f, resume
        xorl %eax, %eax
        {instruction}
        halt ${SUCCEEDED}
    4:  cmpq ${PRIVILEGED[instruction]}, noted
        must e
        halt $0
    {NOTING}
    """


@pytest.mark.parametrize("instruction", PRIVILEGED)
def test_a_privileged_instruction_faults(computer: Computer, instruction: str) -> None:
    assert computer.run(attempt(instruction)).halted == 0


RETURNS = ("pushq $8\n pushq $1f\n lretq\n1:", "pushq $0x10\n pushq %rsp\n pushq $2\n pushq $8\n pushq $1f\n iretq\n1:")


@pytest.mark.parametrize("instructions", RETURNS)
def test_no_return_leads_into_the_kernel(computer: Computer, instructions: str) -> None:
    """QEMU before 9.1 pops with the kernel's rights, and SMAP makes that a page fault."""
    ending = computer.run(f"""
        handle GENERAL_PROTECTION, noting
        handle PAGE_FAULT, noting
        movq $4f, resume
        {instructions}
        halt $100
    4:  halt $0
    {NOTING}
    """)
    assert ending.halted == 0

"""Exceptions reach the handler of the environment that caused them, and nothing else moves.

A handler finds a TrapFrame at RSP and every other register as it was; it resumes with
popping flags and stack pointer, without the kernel.
"""

import pytest

from exokernel.abi.tables import Reason
from tests.boot.guest import Computer

pytestmark = pytest.mark.boot

VECTOR, ERROR, ADDRESS, INSTRUCTION, CODE, FLAGS, STACK = range(0, 56, 8)  # offsets in a TrapFrame
RECORD = 64  # bytes
GATE_SIZE = 16  # by which QEMU counts in error codes; processors count by 8
DIED = 33  # QEMU's status: the first environment's death ends the machine in good order

# A handler that notes what it was told and goes on at `resume`, with all registers but RAX as they were.
NOTING = f"""
noting:
    popq noted
    popq noted + {ERROR}
    popq noted + {ADDRESS}
    popq noted + {INSTRUCTION}
    addq $8, %rsp
    andl $~0x100, (%rsp)                # or it would step on and on
    popfq
    popq %rsp
    jmpq *resume
.data
.p2align 3
noted: .fill {RECORD}
resume: .quad 0
.text
"""

CAUSES = {
    "divide": ("DIVIDE", 0, "xorl %ecx, %ecx\n divl %ecx"),
    "single step": ("DEBUG", 0, "pushf\n orl $0x100, (%rsp)\n popf\n nop"),
    "breakpoint": ("BREAKPOINT", 0, "int3"),
    "overflow": ("OVERFLOW", 0, "int $4"),
    "undefined": ("INVALID_OPCODE", 0, "ud2"),
    "protection": ("GENERAL_PROTECTION", 0, "movabsq $0x800000000000, %rax\n movq (%rax), %rax"),
    "gate": ("GENERAL_PROTECTION", 0x80 * GATE_SIZE + 2, "int $0x80"),
    "not present": ("PAGE_FAULT", 4, "movq 0x123456, %rax"),
    "not present, write": ("PAGE_FAULT", 6, "movq %rax, 0x123456"),
    "read-only": ("PAGE_FAULT", 7, "movq %rax, _start"),
    "not executable": ("PAGE_FAULT", 0x15, "movl $page, %eax\n jmp *%rax"),
    "x87": ("FLOATING_POINT", 0, "fldcw 2f\n fldz\n fld1\n fdivp\n fwait\n jmp 1f\n.p2align 1\n2: .word 0x37b\n1:"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_the_handler_is_told_what_happened(computer: Computer, cause: str) -> None:
    vector, error, instructions = CAUSES[cause]
    ending = computer.run(f"""
        handle {vector}, noting
        movq $4f, resume
        movq %rsp, %rbx
        {instructions}
        halt $100
    4:  cmpq ${vector}, noted
        must e
        cmpq ${error}, noted + {ERROR}
        must e
        cmpq %rsp, %rbx
        must be                         # `single step` has pushed and popped
        halt $0
    {NOTING}
    """)
    assert ending.halted == 0


def test_a_page_fault_names_the_address_and_the_instruction(computer: Computer) -> None:
    ending = computer.run(f"""
        handle PAGE_FAULT, noting
        movq $4f, resume
        movabsq $0x123456789abc, %rax
    3:  movb (%rax), %cl
        halt $100
    4:  cmpq %rax, noted + {ADDRESS}
        must e
        cmpq $3b, noted + {INSTRUCTION}
        must e
        halt $0
    {NOTING}
    """)
    assert ending.halted == 0


GENERAL = "rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15".split()


def test_every_register_survives_an_exception(computer: Computer) -> None:
    load = "".join(f"movabsq ${0x1122334455667788 + number:#x}, %{name}\n" for number, name in enumerate(GENERAL))
    test = "".join(
        f"pushq %rax\n movabsq ${0x1122334455667788 + number:#x}, %rax\n cmpq %rax, {'(%rsp)' if name == 'rax' else '%' + name}\n"
        f"popq %rax\n must e\n"
        for number, name in enumerate(GENERAL)
        if name not in ("rcx", "r11", "rdx", "rsi", "rdi")
    )
    ending = computer.run(f"""
        handle INVALID_OPCODE, noting
        movq $4f, resume
        {load}
        stc
        ud2
    4:  must c                          # flags too
        {test}
        halt $0
    {NOTING}
    """)
    assert ending.halted == 0


def test_the_handler_begins_with_plain_flags(computer: Computer) -> None:
    ending = computer.run("""
        handle BREAKPOINT, handler
        pushf
        orl $0x44500, (%rsp)            # alignment check, nested task, direction, trap
        popf
        int3
    handler:
        pushf
        popq %rbx
        andl $~0xcd5, %ebx              # the arithmetic flags are nobody's
        cmpq $0x202, %rbx
        must e
        halt $0
    """)
    assert ending.halted == 0


def test_records_nest_below_the_red_zone(computer: Computer) -> None:
    ending = computer.run(f"""
        handle BREAKPOINT, outer
        handle INVALID_OPCODE, inner
        int3
        halt $100
    outer:
        movabsq $0x5ec4e7, %rax
        movq %rax, -8(%rsp)             # a leaf function keeps its locals there
        movq %rax, -128(%rsp)
        movq %rsp, %rbx
        ud2
    5:  cmpq %rbx, %rsp
        must e
        cmpq %rax, -8(%rsp)
        must e
        cmpq %rax, -128(%rsp)
        must e
        cmpq $BREAKPOINT, (%rsp)
        must e
        addq $40, %rsp
        popfq
        popq %rsp
        halt $0
    inner:
        cmpq %rbx, {STACK}(%rsp)
        must e
        leaq {RECORD + 128}(%rsp), %rcx
        cmpq %rbx, %rcx
        must be
        movq {STACK}(%rsp), %rcx
        movq $5b, -136(%rcx)
        addq ${FLAGS}, %rsp
        popfq
        popq %rsp
        jmpq *-136(%rsp)
    """)
    assert ending.halted == 0


FATAL = {
    "no handler": (Reason.NO_HANDLER, "ud2"),
    "a handler in the kernel's half": (Reason.NO_HANDLER, "movq $-4096, page + 8 * INVALID_OPCODE\n ud2"),
    "a handler that is no address": (
        Reason.NO_HANDLER,
        "movabsq $0x800000000000, %rax\n movq %rax, page + 8 * INVALID_OPCODE\n ud2",
    ),
    "a full exception stack": (Reason.NO_STACK, "handle INVALID_OPCODE, 1f\n1: ud2"),
    "a stack pointer at the page's beginning": (
        Reason.NO_STACK,
        "handle INVALID_OPCODE, 1f\n movl $page + 8, %esp\n ud2\n1: halt $1",
    ),
}


@pytest.mark.parametrize("mistake", FATAL)
def test_who_cannot_take_its_exception_dies_of_it(computer: Computer, mistake: str) -> None:
    reason, instructions = FATAL[mistake]
    ending = computer.run(instructions)
    assert ending.status == DIED and ending.halted is None
    assert ending.reports[-1].startswith("crash ")
    assert f"reason={reason.name.lower().replace('_', '-')}" in ending.reports[-1]
    assert "vector=06" in ending.reports[-1]

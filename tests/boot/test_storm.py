"""A storm of calls with likely and unlikely arguments: the kernel answers each, and never stops.

The caller may well take away its own slices, guards or memory and die of it; that is its
business. Calls that only end the run are left out.
"""

import pytest

from exokernel.abi.capability import ROOT
from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENTRIES_3, ENTRIES_4, SELF_SLOT
from exokernel.dialect import offset_of
from tests.boot.guest import FREE_FRAME, NUMBERS, Computer

pytestmark = pytest.mark.boot

CALLS = 40_000
LEFT_OUT = ("environment_destroy", "machine_halt", "console_write")
PLAYGROUND = 0x2000  # frames from here on are asked for again and again
ELSEWHERE = 128  # an entry of our level-2 table: a level-1 table that maps nothing we need


def storm(seed: int) -> str:
    """A guest that makes calls by a pseudo-random sequence, and halts with 0 if it lives to its end."""
    skip = "".join(f"cmpl ${NUMBERS[name]}, %eax\n je again\n" for name in LEFT_OUT)
    return f"""
        movabsq ${(ENTRIES_4 + 8 * SELF_SLOT) % 2**64}, %rax
        movq (%rax), %rbx               # the root's own frame
        movabsq ${ENTRIES_4 % 2**64}, %rax
        movq (%rax), %rbp
        movabsq ${ENTRIES_3 % 2**64}, %rax
        movq (%rax), %r13
        shrq $12, %rbx
        shrq $12, %rbp
        shrq $12, %r13
        andl $0xfffff, %ebx
        movl %ebx, tables
        movl %ebp, tables + 4
        movl %r13d, tables + 8
        movl $0x3000, %r12d
        call free_frame
        movl %eax, tables + 12
        movl %eax, %edx
        movl %r13d, %edi
        movl ${ELSEWHERE}, %esi
        xorl %r10d, %r10d
        ask table_alloc
        testl %edx, %edx
        must z
        movl $7, %ebx
    8:  xorl %edi, %edi
        movl %ebx, %esi
        movabsq ${int(ROOT)}, %rdx
        ask capability_forge
        decl %ebx
        jnz 8b
        movq $again, page + {offset_of(EnvironmentPage, "begin")}
    again:
        movq $stack_top, %rsp
        decl left
        js over
        call random
        movq %rax, %rbx
        call random
        movq %rax, %rbp
        call random
        movq %rax, %r12
        call random
        movq %rax, %r13
        call random
        movq %rax, %r14
        call random
        movq %rax, %r9
        call advance
        shrq $32, %rax
        andl $31, %eax
        {skip}
        movq %rbx, %rdi
        movq %rbp, %rsi
        movq %r12, %rdx
        movq %r13, %r10
        movq %r14, %r8
        syscall
        jmp again
    over:
        halt $0
        ud2                             # nothing is left that opens the power switch

    advance:
        movq seed, %rax
        movq %rax, %rcx
        shlq $13, %rcx
        xorq %rcx, %rax
        movq %rax, %rcx
        shrq $7, %rcx
        xorq %rcx, %rax
        movq %rax, %rcx
        shlq $17, %rcx
        xorq %rcx, %rax
        movq %rax, seed
        ret

    random:
        call advance
        movl %eax, %ecx
        shrl $29, %ecx
        jmpq *kinds(,%rcx,8)
    few:
        andl $7, %eax
        ret
    some:
        andl $127, %eax
        ret
    any_frame:
        andl $0x7fff, %eax
        ret
    known_frame:
        andl $63, %eax
        addl ${PLAYGROUND}, %eax
        ret
    anything:
        ret
    entry:
        movq %rax, %rcx
        andl $63, %eax
        addl ${PLAYGROUND}, %eax
        shlq $12, %rax
        shrq $50, %rcx
        andl $0xe62, %ecx
        orl $5, %ecx
        orq %rcx, %rax
        ret
    table:
        andl $3, %eax
        movl tables(,%rax,4), %eax
        ret
    {FREE_FRAME}
    .data
    .p2align 3
    kinds: .quad few, some, any_frame, known_frame, anything, entry, table, few
    seed: .quad {seed * 0x9E3779B97F4A7C15 % 2**64}
    tables: .fill 16
    left: .long {CALLS}
    """


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_kernel_survives_a_storm(computer: Computer, seed: int) -> None:
    ending = computer.run(storm(seed))
    assert ending.status == 33, ending.reports
    assert ending.halted == 0 or ending.reports[-1].startswith("crash ")

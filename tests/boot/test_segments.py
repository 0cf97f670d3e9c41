"""No segment descriptor is the user's to write.

Reset leaves the processor with a table of local descriptors at address 0, which is the user's: a
call gate there would lead into the kernel, anywhere. So the kernel says that there is no
such table. The protection of users' pages from the kernel's own reads would help as well.
"""

from pathlib import Path

import pytest

from exokernel.abi.layout import ENTRIES_3
from tests.boot.guest import FREE_FRAME, Computer, mutated_kernel, symbols_of

pytestmark = pytest.mark.boot

PANIC = 35
FOREIGN = 2  # what a guest halts with when its page is taken for descriptors
TABLE = ("arch/x86_64/descriptors.py", "    load_local_segments(NO_SEGMENTS)", "    pass")
ACCESS = ("arch/x86_64/registers.py", "    supervisor_execution=True,\n    supervisor_access=True,\n", "    supervisor_execution=True,\n")


def gate_to(target: int) -> str:
    """A guest that puts a call gate at address 8, and calls it."""
    return f"""
        movabsq ${ENTRIES_3 % 2**64}, %rax
        movq (%rax), %r13
        shrq $12, %r13                  # the frame of the level-2 table
        movl $0x3000, %r12d
        call free_frame
        movq %rax, %r14
        movq %r13, %rdi
        xorl %esi, %esi
        movq %rax, %rdx
        xorl %r10d, %r10d
        ask table_alloc
        testl %edx, %edx
        must z
        call free_frame
        movq %rax, %rbx
        movq %rax, %rdi
        xorl %esi, %esi
        ask frame_alloc
        testl %edx, %edx
        must z
        movq %r14, %rdi
        xorl %esi, %esi
        movq %rbx, %rdx
        shlq $12, %rdx
        orq $7, %rdx
        xorl %r10d, %r10d
        ask map
        testl %edx, %edx
        must z
        movl $8, %ecx
        movabsq ${target & 0xFFFF | 8 << 16 | 0xEC00 << 32 | (target >> 16 & 0xFFFF) << 48:#x}, %rax
        movq %rax, (%rcx)
        movl ${target >> 32 & 0xFFFFFFFF:#x}, %eax
        movq %rax, 8(%rcx)
        movq $stack_top - 64, %rsp
        handle GENERAL_PROTECTION, 8f
        handle PAGE_FAULT, 9f
        movw $0xf, 8(%rsp)              # the first local descriptor but one
        rex64 lcall *(%rsp)
        halt $100
    8:  halt $0
    9:  halt ${FOREIGN}
        {FREE_FRAME}
    """


def kernel_fault(kernel: Path) -> int:
    """Somewhere in the kernel where one notices."""
    return symbols_of(kernel.read_bytes())["enter_8"]


def test_a_descriptor_of_the_user_s_is_none(computer: Computer) -> None:
    assert computer.run(gate_to(kernel_fault(computer.kernel))).halted == 0


@pytest.mark.slow
def test_where_reset_leaves_the_table_it_is_the_user_s(tmp_path: Path) -> None:
    kernel = mutated_kernel(tmp_path / "kernel", [TABLE])
    assert Computer(kernel, tmp_path).run(gate_to(kernel_fault(kernel))).halted == FOREIGN


@pytest.mark.slow
def test_and_then_a_gate_of_the_user_s_leads_into_the_kernel(tmp_path: Path) -> None:
    kernel = mutated_kernel(tmp_path / "kernel", [TABLE, ACCESS])
    ending = Computer(kernel, tmp_path).run(gate_to(kernel_fault(kernel)))
    assert ending.status == PANIC
    assert ending.reports[-1].startswith("panic vector=0000000000000008 ")

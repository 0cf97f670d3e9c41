"""Saving where a process is, so that a later slice, or a child, goes on there.

No register survives a change of environment: whoever calls `checkpoint` has its live values
on its stack, because the instruction claims to change every register.
"""

from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.dialect import instruction
from exokernel.libos.exos.arch.state import STATE

CONTEXT = ENVIRONMENT_PAGE + STATE  # instruction, stack, base: eight bytes each


@instruction(
    f"lea 1f(%rip), %rax; mov %rax, {CONTEXT}; mov %rsp, {CONTEXT + 8}; mov %rbp, {CONTEXT + 16}; xor %eax, %eax; 1:",
    clobbers="rbx, rcx, rdx, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, memory",
    result="a",
)
def checkpoint() -> bool:
    """Save where we are. Answers False now, and True each time a slice begins here."""
    from exokernel.model.processor import processor

    return processor.checkpoint(CONTEXT)

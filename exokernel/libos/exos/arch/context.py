"""Saving where a process is, so that a later slice, or a child, goes on there.

No register survives a change of environment: what is live across one of these instructions
is on the stack, because they claim to change every register.
"""

from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.dialect import instruction
from exokernel.libos.exos.arch.state import STATE

CONTEXT = ENVIRONMENT_PAGE + STATE  # instruction, stack, base: eight bytes each
SAVE = f"movq $1f, {CONTEXT}; mov %rsp, {CONTEXT + 8}; mov %rbp, {CONTEXT + 16};"
ALL_BUT_RESULTS = "rbx, rcx, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, memory"
YIELD = 29  # the number of `yield_to`


@instruction(
    f"{SAVE} xor %eax, %eax; jmp 2f; 1: mov $1, %eax; 2:", clobbers=f"{ALL_BUT_RESULTS}, rdx", result="a"
)
def checkpoint() -> bool:
    """Save where we are. Answers False now, and True when a slice begins here."""
    from exokernel.model.processor import processor

    return processor.checkpoint(CONTEXT)


@instruction(
    f"{SAVE} mov {{target}}, %rdi; mov ${YIELD}, %eax; syscall; 1:", clobbers=f"{ALL_BUT_RESULTS}, rax", result="d"
)
def switch(target: int) -> int:
    """Yield to an environment, and go on here in a later slice. Answers the error when it cannot run.

    A slice begins with all registers 0, so 0 is what is answered then.
    """
    from exokernel.model.processor import processor

    if processor.checkpoint(CONTEXT):
        return 0
    _, error = processor.system_call(YIELD, (target,))
    return error

"""Saving where a process is, so that a later slice, or a child, goes on there.

A slice begins at these instructions themselves: saving puts the address of the rest of them
into the page's `begin`. No register survives a change of environment, so they claim to change
every one, and what is live across them is on the stack.
"""

from exokernel.abi.calls import YIELD_TO
from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.dialect import instruction, offset_of
from exokernel.libos.exos.arch.state import STATE

BEGIN = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "begin")
CONTEXT = ENVIRONMENT_PAGE + STATE
SAVE = f"movq $1f, {BEGIN}; mov %rsp, {CONTEXT};"
RESTORE = f"1: mov {CONTEXT}, %rsp"
ALL_BUT_RESULTS = "rbx, rcx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15, memory"


@instruction(
    f"{SAVE} xor %eax, %eax; jmp 2f; {RESTORE}; mov $1, %eax; 2:", clobbers=f"{ALL_BUT_RESULTS}, rdx", result="a"
)
def checkpoint() -> bool:
    """Save where we are. Answers False now, and True when a slice begins here."""
    from exokernel.model.processor import processor

    return processor.checkpoint(CONTEXT)


@instruction(
    f"{SAVE} mov {{target}}, %rdi; mov ${YIELD_TO}, %eax; syscall; {RESTORE}",
    clobbers=f"{ALL_BUT_RESULTS}, rax",
    result="d",
)
def switch(target: int) -> int:
    """Yield to an environment, and go on here in a later slice. Answers the error when it cannot run.

    A slice begins with all registers 0, so 0 is what is answered then.
    """
    from exokernel.model.processor import processor

    if processor.checkpoint(CONTEXT):
        return 0
    _, error = processor.system_call(YIELD_TO, (target,))
    return error

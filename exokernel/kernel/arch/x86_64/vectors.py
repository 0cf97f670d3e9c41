"""How exceptions and interrupts enter: one piece of assembly for each vector.

An exception of an environment whose handler waits for it, on an exception stack not in use,
takes the short way here: thirty-odd instructions that do what `traps.deliver` does. All that is
out of the ordinary takes the long way, the function of `traps`. An exception of the kernel's
own is a panic, and finds all registers as they were. [SDM vol. 3A §6.12]
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import InterruptFrame, TrapFrame, Vector
from exokernel.dialect import Array, offset_of, size_of
from exokernel.dialect.unsafe import assembly, placed
from exokernel.kernel.arch.x86_64.descriptors import USER_CODE, USER_DATA
from exokernel.kernel.arch.x86_64.registers import USER_FLAGS
from exokernel.kernel.arch.x86_64.running import Running, USER_END

VECTORS = 33  # exceptions and the timer; beyond them nothing is expected
WITH_ERRORS = (  # for which the processor pushes an error code
    Vector.DOUBLE_FAULT,
    Vector.INVALID_TSS,
    Vector.SEGMENT_NOT_PRESENT,
    Vector.STACK_SEGMENT,
    Vector.GENERAL_PROTECTION,
    Vector.PAGE_FAULT,
    Vector.ALIGNMENT,
)
FORWARDED = (
    Vector.DIVIDE,
    Vector.DEBUG,
    Vector.BREAKPOINT,
    Vector.OVERFLOW,
    Vector.BOUND,
    Vector.INVALID_OPCODE,
    Vector.INVALID_TSS,
    Vector.SEGMENT_NOT_PRESENT,
    Vector.STACK_SEGMENT,
    Vector.GENERAL_PROTECTION,
    Vector.PAGE_FAULT,
    Vector.FLOATING_POINT,
    Vector.ALIGNMENT,
    Vector.SIMD,
)
NEVER_RESUMED = (Vector.DOUBLE_FAULT, Vector.MACHINE_CHECK)

RECORD = FRAME_SIZE - size_of(TrapFrame)  # offset in the environment page
HANDLERS = offset_of(EnvironmentPage, "handlers")
INSTRUCTION = offset_of(InterruptFrame, "instruction")
CODE = offset_of(InterruptFrame, "code_segment")
FLAGS = offset_of(InterruptFrame, "flags")
STACK = offset_of(InterruptFrame, "stack")

entry_points: Array[int] = placed("entry_points", VECTORS)


def field(name: str) -> int:
    """Where a field of the record lies in the environment page."""
    return RECORD + offset_of(TrapFrame, name)


def error_size(vector: int) -> int:
    """How many bytes of error code lie below what every exception pushes."""
    return 8 if vector in WITH_ERRORS else 0


def error_record(vector: int) -> str:
    """Record the error code."""
    if vector in WITH_ERRORS:
        return f"pushq 16(%rsp)\n    popq {field('error')}(%rax)"
    return f"movq $0, {field('error')}(%rax)"


def address_record(vector: int) -> str:
    """Record the address of a page fault."""
    if vector == Vector.PAGE_FAULT:
        return f"movq %cr2, %rcx\n    movq %rcx, {field('address')}(%rax)"
    return ""


def short_way(vector: int) -> str:
    """Forward an exception, with RAX and RCX saved on the stack for use."""
    frame = 16 + error_size(vector)
    return f"""
.p2align 4
enter_{vector}:
    testb $3, {error_size(vector) + CODE}(%rsp)
    jz 2f
    clac
    pushq %rax
    pushq %rcx
    movq running + {offset_of(Running, "top")}, %rax
    subq {frame + STACK}(%rsp), %rax
    cmpq ${FRAME_SIZE}, %rax
    jbe 1f                              # on the exception stack already
    movq running + {offset_of(Running, "page")}, %rax
    {address_record(vector)}
    movq {HANDLERS + 8 * vector}(%rax), %rcx
    testq %rcx, %rcx
    jz 1f
    cmpq user_end, %rcx
    jae 1f
    movq ${vector}, {field("vector")}(%rax)
    {error_record(vector)}
    pushq {frame + INSTRUCTION}(%rsp)
    popq {field("instruction")}(%rax)
    pushq {frame + FLAGS}(%rsp)
    popq {field("flags")}(%rax)
    pushq {frame + STACK}(%rsp)
    popq {field("stack")}(%rax)
    movq ${USER_CODE}, {field("code_segment")}(%rax)
    movq ${USER_DATA}, {field("stack_segment")}(%rax)
    movq %rcx, {frame + INSTRUCTION}(%rsp)
    movq ${int(USER_FLAGS)}, {frame + FLAGS}(%rsp)
    movq running + {offset_of(Running, "record")}, %rcx
    movq %rcx, {frame + STACK}(%rsp)
    popq %rcx
    popq %rax
    {"addq $8, %rsp" if vector in WITH_ERRORS else ""}
    iretq
1:  popq %rcx
    popq %rax
    jmp trap_{vector}
2:  {kernel_own(vector)}
"""


def kernel_own(vector: int) -> str:
    """End in a panic."""
    return f"{'' if vector in WITH_ERRORS else 'pushq $0'}\n    pushq ${vector}\n    jmp kernel_fault"


def target(vector: int) -> str:
    """Where the gate of a vector leads."""
    if vector == Vector.TIMER:
        return "trap_32"
    if vector in FORWARDED or vector in NEVER_RESUMED or vector == Vector.DEVICE_NOT_AVAILABLE:
        return f"enter_{vector}"
    return "ignored_interrupt"  # an NMI says that somebody pressed a button; the rest does not come


assembly("\n".join(short_way(int(vector)) for vector in FORWARDED))
assembly("\n".join(f"enter_{int(vector)}:\n{kernel_own(vector)}" for vector in NEVER_RESUMED))
assembly(f"""
enter_{int(Vector.DEVICE_NOT_AVAILABLE)}:
    testb $3, {CODE}(%rsp)
    jnz trap_{int(Vector.DEVICE_NOT_AVAILABLE)}
    {kernel_own(Vector.DEVICE_NOT_AVAILABLE)}

kernel_fault:
    pushq %r15
    pushq %r14
    pushq %r13
    pushq %r12
    pushq %r11
    pushq %r10
    pushq %r9
    pushq %r8
    pushq %rbp
    pushq %rdi
    pushq %rsi
    pushq %rdx
    pushq %rcx
    pushq %rbx
    pushq %rax
    movq %rsp, %rdi
    cld
    andq $-16, %rsp
    callq kernel_panic
    ud2

.globl abandon
abandon:                                # a trap's environment cannot go on
    movq $trap_stack_top, %rsp
    callq trap_death
    ud2

.globl ignored_interrupt
ignored_interrupt:
    iretq

.section .rodata
.p2align 3
user_end:
    .quad {USER_END}
.globl entry_points
entry_points:
    .quad {", ".join(target(vector) for vector in range(VECTORS))}

.bss
.p2align 3
.globl running
running:
    .skip {size_of(Running)}
.text
""")

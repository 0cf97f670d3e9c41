"""Where the kernel enters a process of ExOS: its start, its exceptions, its slices.

Exceptions and ends of slices arrive with the kernel's record at the stack pointer, and are left
without entering the kernel again. A page fault takes a short way, which saves only what a call
may change; everything else takes the long way, which saves all registers for the report, and so
does a page fault that could not be resolved.
"""

from exokernel.abi.calls import YIELD_TO
from exokernel.abi.environment_page import VECTORS, EnvironmentPage
from exokernel.abi.faults import Fault
from exokernel.abi.layout import ENVIRONMENT_PAGE, STACK_TOP
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import TrapFrame, Vector
from exokernel.dialect import offset_of
from exokernel.dialect.unsafe import assembly, exported, symbol_address
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.exos.crash import crash
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.first import begin
from exokernel.libos.exos.memory import resolve
from exokernel.libos.exos.processes import leave

PAGE_FAULT = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "handlers") + 8 * Vector.PAGE_FAULT
END = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "end")
CRITICAL = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "critical")
INTERRUPTED = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "interrupted")

ALL = ("rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
CALLER_SAVED = ("rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11")
SCRATCH = ("rax", "rcx")
RED_ZONE = 128  # bytes below the stack pointer that the interrupted function may be using
RETURN = RED_ZONE + 8  # below that, the address to go on at


def save(registers: tuple[str, ...]) -> str:
    return "\n".join(f"push %{name}" for name in registers)


def restore(registers: tuple[str, ...]) -> str:
    return "\n".join(f"pop %{name}" for name in reversed(registers))


def resume(registers: tuple[str, ...]) -> str:
    """Restore saved registers, and go on where the kernel's record behind them says.

    `iretq` would do, but QEMU before 9.1 lets it read the stack with the kernel's rights,
    which SMAP forbids. So the address goes below the red zone of the interrupted stack.
    """
    record = 8 * len(registers)
    return f"""
    mov {record + offset_of(TrapFrame, "stack")}(%rsp), %rax
    mov {record + offset_of(TrapFrame, "instruction")}(%rsp), %rcx
    mov %rcx, -{RETURN}(%rax)
    {restore(registers)}
    add ${offset_of(TrapFrame, "flags")}, %rsp
    popfq
    pop %rsp
    jmp *-{RETURN}(%rsp)
    """


# The stack is the exception stack until the page-fault handler can make another. Until we have
# said where the end of a slice is announced, that is here too, with a record on the stack: then
# we begin anew with the next slice.
assembly(f"""
.section .text.start, "ax"
.globl _start
_start:
.cfi_startproc
.cfi_undefined rip
    cmp ${ENVIRONMENT_PAGE + FRAME_SIZE}, %rsp
    jne 2f
    cld
    movq $page_fault_entry, {PAGE_FAULT}
    movq $end_entry, {END}
    mov ${STACK_TOP}, %esp
    xor %ebp, %ebp
    call library_start
    call program_main
    test %edx, %edx
    jne 1f
    mov %rax, %rdi
    call library_exit
1:  ud1 {int(Fault.UNCAUGHT)}(%eax), %eax
2:  mov ${YIELD_TO}, %eax
    xor %edi, %edi
    syscall
    jmp 2b
.cfi_endproc
.text
""")

assembly(f"""
.globl page_fault_entry
page_fault_entry:
{save(CALLER_SAVED)}
    mov {8 * len(CALLER_SAVED) + offset_of(TrapFrame, "address")}(%rsp), %rdi
    call on_page_fault
    test %eax, %eax
    je 1f
{resume(CALLER_SAVED)}
1:
{restore(CALLER_SAVED)}
    jmp exception_entry
""")

assembly(f"""
.globl exception_entry
exception_entry:
{save(ALL)}
    mov %rsp, %rdi
    call on_exception
    ud2
""")

assembly(f"""
.globl end_entry
end_entry:
    cmpl $0, {CRITICAL}
    jne 1f
{save(ALL)}
    call on_slice_end
{resume(ALL)}
1:  movl $1, {INTERRUPTED}
{save(SCRATCH)}
{resume(SCRATCH)}
""")


@exported("library_start")
def library_start() -> None:
    """Be ready for every exception, then for the program."""
    page = kernel.environment_page()
    for vector in range(VECTORS):
        if vector != Vector.PAGE_FAULT:
            page.handlers[vector] = symbol_address("exception_entry")
    begin()


@exported("library_exit")
def library_exit(status: int) -> None:
    """End the process that returned from its `main`."""
    leave(status)


@exported("on_page_fault")
def on_page_fault(address: int) -> int:
    """Resolve a page fault; 0 when that cannot be."""
    return 1 if resolve(address) else 0


@exported("on_exception")
def on_exception(crashed: Crash) -> None:
    """Report an exception nobody handles."""
    crash(crashed)


@exported("on_slice_end")
def on_slice_end() -> None:
    pause()

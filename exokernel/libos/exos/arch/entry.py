"""Where the kernel enters a process of ExOS: its start, its exceptions, its slices.

A page fault has the short way: the first three words of the kernel's record are dropped,
and what remains is what an interrupt function of the compiler expects. An exception that
nobody handles takes the long way, which saves every register for the report; so does a
page fault that the short way could not resolve, by happening again.
"""

from exokernel.abi.environment_page import VECTORS, EnvironmentPage
from exokernel.abi.faults import Fault
from exokernel.abi.layout import ENVIRONMENT_PAGE, STACK_TOP
from exokernel.abi.x86_64 import Vector
from exokernel.dialect import offset_of
from exokernel.dialect.unsafe import assembly, exported, interrupt, symbol_address
from exokernel.libos import kernel
from exokernel.libos.exos.arch.context import CONTEXT
from exokernel.libos.exos.arch.registers import Crash, InterruptFrame
from exokernel.libos.exos.crash import crash
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.memory import resolve
from exokernel.libos.exos.processes import leave
from exokernel.libos.exos.first import begin

PAGE_FAULT = ENVIRONMENT_PAGE + 8 * Vector.PAGE_FAULT
BEGIN = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "begin")
END = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "end")
CRITICAL = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "critical")
INTERRUPTED = ENVIRONMENT_PAGE + offset_of(EnvironmentPage, "interrupted")

REGISTERS = ("rax", "rcx", "rdx", "rbx", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15")
SAVE = "\n".join(f"push %{name}" for name in REGISTERS)
RESTORE = "\n".join(f"pop %{name}" for name in reversed(REGISTERS))

# The stack is the exception stack until the page-fault handler can make another.
assembly(f"""
.section .text.start, "ax"
.globl _start
_start:
    cld
    movq $page_fault_entry, {PAGE_FAULT}
    movq $begin_entry, {BEGIN}
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
.text
""")

assembly("""
.globl page_fault_entry
page_fault_entry:
    add $16, %rsp
    jmp on_page_fault
""")

assembly(f"""
.globl exception_entry
exception_entry:
{SAVE}
    cld
    mov %rsp, %rdi
    call on_exception
{RESTORE}
    add $24, %rsp
    iretq
""")

assembly(f"""
.globl begin_entry
begin_entry:
    mov {CONTEXT + 8}, %rsp
    mov {CONTEXT + 16}, %rbp
    mov $1, %eax
    jmp *{CONTEXT}
""")

assembly(f"""
.globl end_entry
end_entry:
    cmpl $0, {CRITICAL}
    jne 1f
{SAVE}
    cld
    call on_slice_end
{RESTORE}
    add $24, %rsp
    iretq
1:  movl $1, {INTERRUPTED}
    add $24, %rsp
    iretq
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
@interrupt
def on_page_fault(frame: InterruptFrame, address: int) -> None:
    """Resolve a page fault; one that cannot be resolved is let happen again, to be reported."""
    if not resolve(address):
        kernel.environment_page().handlers[Vector.PAGE_FAULT] = symbol_address("exception_entry")


@exported("on_exception")
def on_exception(crashed: Crash) -> None:
    """Report an exception nobody handles, unless it is a page fault that can be resolved after all."""
    if crashed.trap.vector == Vector.PAGE_FAULT and resolve(crashed.trap.address):
        kernel.environment_page().handlers[Vector.PAGE_FAULT] = symbol_address("page_fault_entry")
        return
    crash(crashed)


@exported("on_slice_end")
def on_slice_end() -> None:
    pause()

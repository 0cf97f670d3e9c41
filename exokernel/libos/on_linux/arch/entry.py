"""Where Linux enters a program: the stack pointer is at the number of arguments."""

from exokernel.abi.faults import Fault
from exokernel.dialect.unsafe import assembly, exported
from exokernel.libos.on_linux.arch.signals import take_exceptions
from exokernel.libos.on_linux.arguments import given
from exokernel.libos.on_linux.processes import leave

assembly(f"""
.section .text.start, "ax"
.globl _start
_start:
.cfi_startproc
.cfi_undefined rip
    cld
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call library_start
    call program_main
    test %edx, %edx
    jne 1f
    mov %rax, %rdi
    call library_exit
1:  ud1 {int(Fault.UNCAUGHT)}(%eax), %eax
.cfi_endproc
.text
""")


@exported("library_start")
def library_start(stack: int) -> None:
    given.stack = stack
    take_exceptions()


@exported("library_exit")
def library_exit(status: int) -> None:
    leave(status)

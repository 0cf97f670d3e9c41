"""Where the kernel enters a program that has the machine to itself.

The stack is the environment page's exception stack until there is another. No handler is
set up, so an exception ends the environment and the kernel reports it.
"""

from exokernel.abi.faults import Fault
from exokernel.abi.layout import STACK_TOP
from exokernel.dialect.unsafe import assembly, exported
from exokernel.libos.bare import console, memory

assembly(f"""
.section .text.start, "ax"
.globl _start
_start:
.cfi_startproc
.cfi_undefined rip
    cld
    xor %ebp, %ebp
    call library_start
    mov ${STACK_TOP}, %esp
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
def library_start() -> None:
    memory.prepare()


@exported("library_exit")
def library_exit(status: int) -> None:
    console.shut_down(status)

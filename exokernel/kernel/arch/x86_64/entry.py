"""System calls and the ways out of the kernel: the assembly between user code and compiled Python.

There is one processor and interrupts stay off in the kernel, so absolute addresses do where
others need a base register, and nothing needs a lock. A call returns where `departure` says,
because that is where its return address lies. Exceptions enter by `vectors`.
"""

from exokernel.abi.errors import BadCall
from exokernel.dialect import offset_of
from exokernel.dialect.unsafe import assembly
from exokernel.kernel.arch.x86_64.departure import Departure
from exokernel.kernel.arch.x86_64.registers import USER_FLAGS
from exokernel.kernel.arch.x86_64.running import Running


# RAX = number, then as C has them but for R10, since SYSCALL takes RCX; back: RAX, RDX = error.
# The registers that C lets a function keep are the caller's own and come back untouched, the
# rest come back empty. SYSRET finds RCX canonical because the last user page is nobody's.
assembly(f"""
.text
.p2align 4
.globl syscall_entry
syscall_entry:
    movq %rsp, user_stack
    movq $kernel_stack_top, %rsp
    pushq %rcx
    pushq %r11
    movq %r10, %rcx
    cmpq system_call_count, %rax
    jae 2f
    callq *system_calls(,%rax,8)        # pushes `departure.routine`, which the call may write
1:  popq %r11
    popq %rcx
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    movq user_stack, %rsp
    sysretq
2:  xorl %eax, %eax
    movl ${BadCall.number}, %edx
    jmp 1b

.p2align 4
.globl enter_environment
enter_environment:
    movq departure + {offset_of(Departure, "instruction")}, %rcx
    movq running + {offset_of(Running, "top")}, %rsp
    movl ${int(USER_FLAGS)}, %r11d
    xorl %eax, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %fs
    movl %eax, %gs
    xorl %ebx, %ebx
    xorl %edx, %edx
    xorl %esi, %esi
    xorl %edi, %edi
    xorl %ebp, %ebp
    xorl %r8d, %r8d
    xorl %r9d, %r9d
    xorl %r10d, %r10d
    xorl %r12d, %r12d
    xorl %r13d, %r13d
    xorl %r14d, %r14d
    xorl %r15d, %r15d
    sysretq

.globl wait_for_interrupt
wait_for_interrupt:
    movq $trap_stack_top, %rsp
1:  sti
    hlt
    cli
    jmp 1b

.bss
.p2align 3
user_stack: .skip 8
.text
""")

"""What no program may do: for the programs that show that it does not work.

Each is an instruction that a program in user mode must not get away with, or a raw access
behind the back of the dialect's checks. Under CPython the model of the processor forbids them.
"""

from exokernel.abi.x86_64 import Vector
from exokernel.dialect import instruction
from exokernel.model.processor import processor


@instruction("mov ({address}), %al", clobbers="rax, memory")
def load(address: int) -> None:
    processor.load(address, 1)


@instruction("movb $0, ({address})", clobbers="memory")
def store(address: int) -> None:
    processor.store(address, 1, 0)


@instruction("jmp *{address}", clobbers="memory")
def jump(address: int) -> None:
    processor.jump(address, processor.stack)


@instruction("ud2", clobbers="memory")
def undefined() -> None:
    processor.refuse(Vector.INVALID_OPCODE)


@instruction("int3", clobbers="memory")
def breakpoint_() -> None:
    processor.refuse(Vector.BREAKPOINT)


@instruction("xor %edx, %edx; xor %ecx, %ecx; div %ecx", clobbers="rax, rcx, rdx, memory")
def divide_by_zero() -> None:
    processor.refuse(Vector.DIVIDE)


@instruction("cli", clobbers="memory")
def disable_interrupts() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("hlt", clobbers="memory")
def halt() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("mov $16, %eax; out %al, $0xf4", clobbers="rax, memory")
def output() -> None:
    """Try to switch the machine off by its debug port."""
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("in $0x60, %al", clobbers="rax, memory")
def input_() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("mov %cr3, %rax; mov %rax, %cr3", clobbers="rax, memory")
def reload_root() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("mov $0xC0000080, %ecx; rdmsr", clobbers="rax, rcx, rdx, memory")
def read_register() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("mov $0xC0000082, %ecx; xor %eax, %eax; xor %edx, %edx; wrmsr", clobbers="rax, rcx, rdx, memory")
def write_register() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("push $0; push $0; lgdt (%rsp); add $16, %rsp", clobbers="memory")
def load_descriptors() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("sub $16, %rsp; sidt (%rsp); add $16, %rsp", clobbers="memory")
def store_interrupts() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("int $0x80", clobbers="rax, memory")
def foreign_call() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("int $32", clobbers="memory")
def timer_interrupt() -> None:
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("push $0x10; push %rsp; pushf; push $0x8; push $0x400000; iretq", clobbers="memory")
def forged_return() -> None:
    """Try to return to the kernel's code segment."""
    processor.refuse(Vector.GENERAL_PROTECTION)


@instruction("xor %esp, %esp; push %rax", clobbers="memory")
def lose_stack() -> None:
    processor.stack = 0
    processor.store(-8, 8, 0)


@instruction(
    "mov {first}, %rdi; mov {second}, %rsi; mov {first}, %rdx; mov {second}, %r10; mov {first}, %r8; mov {second}, %r9;"
    " syscall; mov %rdx, %rax",
    clobbers="rcx, rdx, rsi, rdi, r8, r9, r10, r11, memory",
    result="a",
    number="a",
)
def raw_call(number: int, first: int, second: int) -> int:
    """Make any system call, with two values by turns as its arguments, and answer the error number."""
    return processor.system_call(number, (first, second) * 3)[1]

"""Every privileged instruction the kernel issues in Python, and nothing else.

The template is what the compiler emits. The body is what the instruction means: it runs
when the kernel runs under CPython, against the model of the processor. With the assembly of
`boot`, `entry` and `vectors`, and the views of memory by address that this folder makes, it is
the whole unsafe surface. [SDM vol. 2]
"""

from typing import NoReturn

from exokernel.dialect import instruction
from exokernel.model.processor import processor

# Control registers


@instruction("mov {value}, %cr0", clobbers="memory")
def load_control_0(value: int) -> None:
    processor.cr0 = value


@instruction("clts", clobbers="memory")
def clear_task_switched() -> None:
    """Let floating-point instructions run."""
    processor.cr0 &= ~0b1000


@instruction("mov %cr2, {result}", result="r", clobbers="memory")
def fault_address() -> int:
    return processor.cr2


@instruction("mov {root}, %cr3", clobbers="memory")
def load_root(root: int) -> None:
    """Switch to the page table at the physical address `root`, and forget every translation that is not global."""
    processor.load_cr3(root)


@instruction("mov %cr3, {result}", result="r", clobbers="memory")
def root_address() -> int:
    return processor.cr3


@instruction("mov {value}, %cr4", clobbers="memory")
def load_control_4(value: int) -> None:
    processor.cr4 = value


@instruction("invlpg ({address})", clobbers="memory")
def invalidate(address: int) -> None:
    """Forget the translation of one page."""
    processor.invalidate(address)


@instruction("clac")
def forbid_user_access() -> None:
    """Undo what user code may have done to the flag that suspends supervisor_access."""


# Model-specific registers and identification


@instruction("mov %rax, %rdx; shr $32, %rdx; wrmsr", register="c", value="a", clobbers="rdx, memory")
def write_register(register: int, value: int) -> None:
    processor.write_register(register, value)


@instruction("rdmsr; shl $32, %rdx; or %rdx, %rax", register="c", result="a", clobbers="rdx")
def read_register(register: int) -> int:
    return processor.read_register(register)


@instruction("cpuid", leaf="a", subleaf="c", result="b", clobbers="rax, rcx, rdx")
def identify_b(leaf: int, subleaf: int) -> int:
    """Ask the processor what it can do; the answer in EBX."""
    return processor.identify(leaf, subleaf)[1]


@instruction("cpuid", leaf="a", subleaf="c", result="c", clobbers="rax, rbx, rdx")
def identify_c(leaf: int, subleaf: int) -> int:
    """Ask the processor what it can do; the answer in ECX."""
    return processor.identify(leaf, subleaf)[2]


@instruction("cpuid", leaf="a", subleaf="c", result="d", clobbers="rax, rbx, rcx")
def identify_d(leaf: int, subleaf: int) -> int:
    """Ask the processor what it can do; the answer in EDX."""
    return processor.identify(leaf, subleaf)[3]


@instruction("rdtsc; shl $32, %rdx; or %rdx, %rax", result="a", clobbers="rdx")
def time_stamp() -> int:
    """Count of the processor's time since it was reset."""
    return processor.time_stamp()


@instruction("rdrand {result}", result="r")
def hardware_random() -> int:
    """A random number from the processor's own source, or 0 when that is exhausted. The model has none."""
    return processor.time_stamp()


# Tables


@instruction("lgdt ({descriptor})", clobbers="memory")
def load_segments(descriptor: int) -> None:
    """Use the segment descriptors that the ten bytes at `descriptor` name."""


@instruction("lldt %ax", selector="a", clobbers="memory")
def load_local_segments(selector: int) -> None:
    """Use the table of further segments that this selector names; 0 names none."""


@instruction("lidt ({descriptor})", clobbers="memory")
def load_gates(descriptor: int) -> None:
    """Use the interrupt gates that the ten bytes at `descriptor` name."""


@instruction("ltr %ax", selector="a", clobbers="memory")
def load_task(selector: int) -> None:
    """Use the task-state segment of this selector."""


# Ports


@instruction("outb %al, %dx", port="d", value="a", clobbers="memory")
def output_byte(port: int, value: int) -> None:
    processor.output(port, value, 1)


@instruction("outl %eax, %dx", port="d", value="a", clobbers="memory")
def output_double(port: int, value: int) -> None:
    processor.output(port, value, 4)


@instruction("xor %eax, %eax; inb %dx, %al", port="d", result="a", clobbers="memory")
def input_byte(port: int) -> int:
    return processor.input(port, 1)


# Frames


@instruction("rep stosq", address="D", count="c", value="a", clobbers="memory, rdi, rcx")
def fill(address: int, count: int, value: int) -> None:
    """Store `value` into `count` words of eight bytes."""
    processor.memory.write(address, (value % 2**64).to_bytes(8, "little") * count)


@instruction("rep movsq", target="D", source="S", count="c", clobbers="memory, rdi, rsi, rcx")
def move(target: int, source: int, count: int) -> None:
    """Copy `count` words of eight bytes, from the first to the last."""
    processor.memory.write(target, processor.memory.read(source, 8 * count))


# Floating point


@instruction("fxsave64 ({image})", clobbers="memory")
def save_floating_point(image: int) -> None:
    processor.save_floating_point(image)


@instruction("fnclex; emms; fildl ({image}); fxrstor64 ({image})", clobbers="memory")
def restore_floating_point(image: int) -> None:
    """Load the whole state; what FXRSTOR leaves alone on some processors is overwritten first."""
    processor.restore_floating_point(image)


# Waiting and leaving


@instruction("cli; hlt", clobbers="memory")
def stop() -> None:
    """Stop until a non-maskable interrupt."""
    processor.stop()


@instruction("ud2", clobbers="memory")
def trap() -> NoReturn:
    """Cause an exception: the way into a panic, which wants the registers as they are."""
    processor.trap()


@instruction("jmp *departure", clobbers="memory")
def depart() -> NoReturn:
    """Leave the kernel where `departure` says, abandoning its stack."""
    processor.depart()


@instruction("jmp abandon", reason="D", vector="S", clobbers="memory")
def abandon(reason: int, vector: int) -> NoReturn:
    """Give up the trap being served, and its environment. A jump, so that the trap saves no register for it."""
    processor.abandon(reason, vector)

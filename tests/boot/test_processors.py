"""What user mode may not do it may not on any board, nor on a processor that can all that QEMU can.

A richer processor has more instructions; those that no control register allows must fault.
Plainer ones without the protections are refused.
"""

import pytest

from exokernel.host.machine import PROCESSOR, Board
from tests.boot.guest import Computer
from tests.boot.storm import storm
from tests.boot.test_exceptions import NOTING
from tests.boot.test_privileges import PRIVILEGED, PROTECTION, UNDEFINED

pytestmark = [pytest.mark.boot, pytest.mark.slow]

RICHEST = "max"
PANIC = 35

# What a rich processor knows, or may know; where either exception will do, a processor without it says UNDEFINED.
RICHER = {
    "xorl %ecx, %ecx\n rdpmc": PROTECTION,
    "xorl %ecx, %ecx\n .byte 0x0f, 0x01, 0xee": UNDEFINED,  # rdpkru
    "xorl %ecx, %ecx\n xorl %edx, %edx\n .byte 0x0f, 0x01, 0xef": UNDEFINED,  # wrpkru
    "xorl %ecx, %ecx\n xorl %edx, %edx\n xsetbv": None,
    "xsave (%rsp)": UNDEFINED,
    "xrstor (%rsp)": UNDEFINED,
    "vzeroupper": UNDEFINED,
    "rdfsbase %rax": UNDEFINED,
    "wrgsbase %rax": UNDEFINED,
    "vmrun": UNDEFINED,
    "vmload": UNDEFINED,
    "stgi": UNDEFINED,
    "clgi": UNDEFINED,
    "skinit": UNDEFINED,
    "vmxon (%rsp)": UNDEFINED,
    "vmlaunch": UNDEFINED,
    "monitorx": UNDEFINED,
    "mwaitx": UNDEFINED,
    "rsm": UNDEFINED,
    "invlpga": None,
    "invpcid (%rsp), %rax": None,
    "sysenter": None,
    "sysexit": None,
    "movq %rax, %dr6": PROTECTION,
    "movq %rax, %cr2": PROTECTION,
    "wbnoinvd": PROTECTION,
}
# Far ways to every descriptor there is, and to some that are not: all but the user's own code.
FAR = {
    f"movq $0, (%rsp)\n movw ${selector:#x}, 8(%rsp)\n rex64 {way} *(%rsp)": PROTECTION
    for way in ("ljmp", "lcall")
    for selector in (0x08, 0x0B, 0x10, 0x1B, 0x28, 0x2B, 0x30, 0x33, 0x0F, 0x27, 0xFFF8)
}
SEGMENTS = {
    f"movl ${selector:#x}, %eax\n movl %eax, %{register}": PROTECTION
    for register in ("ds", "es", "fs", "gs", "ss")
    for selector in (0x08, 0x0B, 0x10, 0x13, 0x28, 0x2B, 0x33, 0x0F, 0x1F, 0xFFF8)
}


def attempts(instructions: dict[str, str | None]) -> str:
    """A guest that executes one after the other and expects the exception of each. It halts with the number of the first that went through."""
    return (
        f"handle {PROTECTION}, noting\n handle {UNDEFINED}, noting\n"
        + "".join(
            f"""
            movq $3f, resume
            movq $scratch_end - 256, %rsp
            xorl %eax, %eax
            {instruction}
            halt ${number}
        3:  {"" if vector is None else f"cmpq ${vector}, noted"}
            {"" if vector is None else f"je 4f{chr(10)} halt ${number}"}
        4:
            """
            for number, (instruction, vector) in enumerate(instructions.items(), 1)
        )
        + f"halt $0\n{NOTING}\n.data\n.p2align 6\n.fill 1024\nscratch_end: .fill 64\n"
    )


# Goes on behind the instruction that faulted, and counts.
SKIPPING = """
skipping:
    addq $24, %rsp
    popq resume
    addq $size, resume
    incl faults
    addq $8, %rsp
    popfq
    popq %rsp
    jmpq *resume
.data
.p2align 3
resume: .quad 0
faults: .long 0
.text
"""


def counted(instructions: str, size: int, expected: int) -> str:
    """A guest that executes instructions of `size` bytes, of which as many fault as expected."""
    return f"""
        .set size, {size}
        handle {PROTECTION}, skipping
        handle BREAKPOINT, passing
        handle OVERFLOW, passing
        {instructions}
        cmpl ${expected}, faults
        must e
        halt $0
    passing:
        addq $24, %rsp
        popq resume
        addq $8, %rsp
        popfq
        popq %rsp
        jmpq *resume
        {SKIPPING}
    """


GUESTS = {
    "privileged instructions": attempts(dict(PRIVILEGED)),
    "instructions of rich processors": attempts(RICHER),
    "far jumps and calls": attempts(FAR),
    "segments": attempts(SEGMENTS),
    "interrupts": counted("".join(f"int ${number}\n" for number in range(256) if number != 3), 2, 254),
    "ports": counted("xorl %edx, %edx\n8: inb %dx, %al\n outb %al, %dx\n incw %dx\n jnz 8b\n", 1, 2 * 2**16),
    "model-specific registers": counted(
        "xorl %ecx, %ecx\n8: rdmsr\n wrmsr\n incl %ecx\n cmpl $0x2000, %ecx\n jne 1f\n movl $0xc0000000, %ecx\n"
        "1: cmpl $0xc0002000, %ecx\n jne 8b\n",
        2,
        4 * 2**13,
    ),
    "a storm of calls": storm(9),
}


@pytest.mark.parametrize("guest", GUESTS)
@pytest.mark.parametrize("board", Board)
@pytest.mark.parametrize("processor", [PROCESSOR, RICHEST])
def test_nothing_goes_through(computer: Computer, guest: str, board: Board, processor: str) -> None:
    ending = computer.run(GUESTS[guest], board=board, also=["-cpu", processor])
    assert ending.halted == 0 or guest == "a storm of calls" and ending.reports[-1].startswith("crash ")


@pytest.mark.parametrize("board", Board)
@pytest.mark.parametrize(("processor", "lacking"), [("qemu64", "SMEP"), ("Haswell", "SMAP"), ("Broadwell", "UMIP")])
def test_a_processor_that_lacks_a_protection_is_refused(
    computer: Computer, board: Board, processor: str, lacking: str
) -> None:
    ending = computer.run("halt $0", board=board, also=["-cpu", processor])
    assert ending.status == PANIC
    assert ending.reports[-1].startswith(f"panic reason={lacking} ")

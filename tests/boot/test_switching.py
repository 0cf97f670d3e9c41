"""The processor changes hands: at the wheel's word or the owner's, and nothing goes with it.

A second environment is made in the first one's address space, with a page of its own; every
other slice is its.
"""

import pytest

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENTRIES_2, ENVIRONMENT_PAGE, ENVIRONMENTS_OFFSET, EXPOSED
from exokernel.abi.names import FIRST, FRAME_SIZE, SLICES
from exokernel.abi.tables import EnvironmentState, MachineState, Phase, Reason
from exokernel.dialect import offset_of, size_of
from tests.boot.guest import FREE_FRAME, Computer

pytestmark = pytest.mark.boot

SECOND = 2
PAGE = ENVIRONMENT_PAGE + FRAME_SIZE
BEGIN = offset_of(EnvironmentPage, "begin")
END = offset_of(EnvironmentPage, "end")
FIRST_STATE = EXPOSED + ENVIRONMENTS_OFFSET + FIRST * size_of(EnvironmentState)
STATE = EXPOSED + ENVIRONMENTS_OFFSET + SECOND * size_of(EnvironmentState)

MAKE_SECOND = f"""
make_second:
    movl $0x2000, %r12d
    call free_frame
    movq %rax, %r13
    movl ${SECOND}, %edi
    movq %r13, %rsi
    movl ${PAGE // FRAME_SIZE}, %edx
    xorl %r10d, %r10d
    movl $1, %r8d
    ask environment_clone
    testl %edx, %edx
    must z
    movabsq ${(ENTRIES_2 + 8 * (PAGE >> 21)) % 2**64}, %rax
    movq (%rax), %rdi
    shrq $12, %rdi                      # the table's frame
    movl ${PAGE // FRAME_SIZE % 512}, %esi
    movq %r13, %rdx
    shlq $12, %rdx
    orq $7, %rdx
    xorl %r10d, %r10d
    ask map
    testl %edx, %edx
    must z
    movq $second, {PAGE + BEGIN}
    movl ${SECOND}, %edi
    xorl %esi, %esi
    ask environment_start
    testl %edx, %edx
    must z
    movl ${SLICES - 1}, %ebx
8:  movl %ebx, %edi
    xorl %esi, %esi
    movl ${SECOND}, %edx
    ask slice_give
    testl %edx, %edx
    must z
    subl $2, %ebx
    jns 8b
    ret
{FREE_FRAME}
"""

# The second has no key to halt the machine: where it finds something wrong it dies, and `passed` stays clear.
MACROS = """
.macro finds condition
    j\\condition 1f
    ud2
1:
.endm
.macro yield environment
    movl $\\environment, %edi
    ask yield_to
.endm
"""


def program(first: str, second: str, data: str = "") -> str:
    """What the first environment does, and the second; each begins anew whenever it gets the processor."""
    return f"""
    {MACROS}
        call make_second
        {first}
    second:
        {second}
    {MAKE_SECOND}
    .data
    .p2align 3
    passed: .quad 0
    {data}
    """


GENERAL = "rax rbx rdx rsi rdi rbp r8 r9 r10 r12 r13 r14 r15".split()


REGISTERS = program(
    f"movq $back, page + {BEGIN}\n"
    + "".join(f"movq $-1, %{name}\n" for name in GENERAL[1:])
    + "movl $0x1b, %eax\n movl %eax, %fs\n movl %eax, %gs\n movl %eax, %ds\n movl %eax, %es\n"
    + f"yield {SECOND}\n halt $100\nback:\n cmpq $stack_top, %rsp\n must e\n cmpq $1, passed\n must e\n halt $0\n",
    "".join(f"testq %{name}, %{name}\n finds z\n" for name in GENERAL)
    + "".join(f"movl %{name}, %eax\n testl %eax, %eax\n finds z\n" for name in ("ds", "es", "fs", "gs"))
    + f"cmpq $second, %rcx\n finds e\n cmpq $0x202, %r11\n finds e\n cmpq ${PAGE + FRAME_SIZE}, %rsp\n finds e\n"
    + "movq $1, passed\n yield 1\n",
)


def test_nothing_is_in_the_registers_of_who_begins(computer: Computer) -> None:
    assert computer.run(REGISTERS).halted == 0


def test_who_computes_is_told_when_its_slice_ends(computer: Computer) -> None:
    """Both count; each end of a slice comes as a record of the timer, and each hands on."""
    ending = computer.run(
        program(
            f"""
            movq $first, page + {BEGIN}
            movq $ended, page + {END}
            movq $ended, {PAGE + END}
        first:
            incq counts
            cmpq $5, turns
            jb first
            cmpq $0, counts + 8
            must a
            halt $0
        ended:
            cmpq $TIMER, (%rsp)
            must e
            incq turns
            yield 0
            halt $100
            """,
            "1: incq counts + 8\n jmp 1b\n",
            "counts: .quad 0, 0\nturns: .quad 0",
        )
    )
    assert ending.halted == 0


DEATHS = {
    "keeps the processor": (Reason.OVERSTAYED, f"movq $1f, {PAGE + END}\n1: jmp 1b\n"),
    "has no word for the end": (Reason.NO_ENTRY, "1: jmp 1b\n"),
    "ends in the kernel's half": (Reason.NO_ENTRY, f"movq $-4096, {PAGE + END}\n1: jmp 1b\n"),
    "faults for ever": (Reason.NO_HANDLER, "ud2"),
    "faults and returns for ever": (
        Reason.OVERSTAYED,
        f"""
        movq $2f, {PAGE} + 8 * INVALID_OPCODE
        movq $1f, {PAGE + END}
    1:  movq ${PAGE + FRAME_SIZE}, %rsp
    2:  ud2
        """,
    ),
    "repeats one instruction for ever": (
        Reason.OVERSTAYED,
        f"""
        movq $1f, {PAGE + END}
    1:  movl ${PAGE + 0x200}, %esi
        movl %esi, %edi
        movl $0x1000, %ecx
        rep lodsb
        jmp 1b
        """,
    ),
    "calls for ever": (Reason.OVERSTAYED, f"movq $1f, {PAGE + END}\n1: ask null\n jmp 1b\n"),
}


@pytest.mark.parametrize("manner", DEATHS)
def test_who_does_not_hand_on_dies(computer: Computer, manner: str) -> None:
    reason, instructions = DEATHS[manner]
    ending = computer.run(
        program(
            f"""
            movq $first, page + {BEGIN}
            movq $first, page + {END}
        first:
            movabsq ${STATE % 2**64}, %rbx
            cmpb ${int(Phase.DEAD)}, {offset_of(EnvironmentState, "phase")}(%rbx)
            jne 1f
            cmpb ${int(reason)}, {offset_of(EnvironmentState, "reason")}(%rbx)
            must e
            halt $0
        1:  yield 0
            halt $100
            """,
            instructions,
        )
    )
    assert ending.halted == 0


DEBT = 3  # ticks


@pytest.mark.parametrize("counted", [False, True])
def test_the_machine_waits_while_only_debtors_could_run(computer: Computer, counted: bool) -> None:
    """The first overstays, then nobody else wants the processor: it waits for interrupts until the debt is paid."""
    ending = computer.run(
        program(
            f"""
            movq $first, page + {BEGIN}
            movq $ended, page + {END}
            movabsq ${FIRST_STATE % 2**64}, %rbx
            movabsq ${EXPOSED % 2**64}, %rbp
        1:  jmp 1b
        ended:
            cmpw ${DEBT}, {offset_of(EnvironmentState, "excess")}(%rbx)
            jb ended
            movq $0, {PAGE + BEGIN}
            movq {offset_of(MachineState, "ticks")}(%rbp), %rax
            movq %rax, since
            yield 0
            halt $100
        first:
            movabsq ${EXPOSED % 2**64}, %rbp
            movq {offset_of(MachineState, "ticks")}(%rbp), %rax
            subq since, %rax
            must a                      # it takes the turn of the wheel at the next tick
            halt $0
            """,
            "1: jmp 1b\n",
            "since: .quad 0",
        ),
        counted=counted,
    )
    assert ending.halted == 0


# The patterns that fill one environment's floating-point registers, and an image to look at them.
FLOATING_POINT = """
.p2align 4
image: .fill 512
pattern: .quad 0x0123456789abcdef, 0x1032547698badcfe
control: .word 0x27f
simd_control: .long 0x3f80
"""
PAINT = (
    "fldcw control\n ldmxcsr simd_control\n"
    + "fldpi\n" * 8
    + "".join(f"movups pattern, %xmm{number}\n" for number in range(16))
)


PAINTED = program(
    f"movq $back, page + {BEGIN}\n{PAINT}\n yield {SECOND}\n halt $100\nback:\n"
    + "fnstcw image\n cmpw $0x27f, image\n must e\n stmxcsr image\n cmpl $0x3f80, image\n must e\n"
    + "fldpi\n fcomip %st(1), %st\n"
    + "".join(
        f"movups %xmm{number}, image\n movq image, %rax\n cmpq %rax, pattern\n must e\n" for number in range(16)
    )
    + "cmpq $1, passed\n must e\n halt $0\n",
    "fxsave64 image\n cmpw $0x37f, image\n finds e\n cmpl $0x1f80, image + 24\n finds e\n"
    + "cmpb $0, image + 4\n finds e\n cmpq $0, image + 8\n finds e\n cmpq $0, image + 16\n finds e\n"
    + "movl $32, %ebx\n8: cmpq $0, image(%rbx)\n finds e\n addl $8, %ebx\n cmpl $416, %ebx\n jb 8b\n"
    + "pxor %xmm3, %xmm3\n fninit\n movq $1, passed\n yield 1\n",
    FLOATING_POINT,
)


def test_floating_point_registers_are_one_environment_s(computer: Computer) -> None:
    """The second finds them as a processor starts, not as the first left them; the first finds its own again."""
    assert computer.run(PAINTED).halted == 0


def test_a_pending_floating_point_error_stays_with_its_cause(computer: Computer) -> None:
    ending = computer.run(
        program(
            f"""
            movq $back, page + {BEGIN}
            fldcw control
            fldz
            fldz
            fdivrp                      # invalid, and unmasked: it waits for the next x87 instruction
            yield {SECOND}
            halt $100
        back:
            cmpq $1, passed
            must e
            handle FLOATING_POINT, 1f
            fwait
            halt $101
        1:  halt $0
            """,
            "fld1\n fwait\n movq $1, passed\n yield 1\n",
            "control: .word 0x37e",
        )
    )
    assert ending.halted == 0

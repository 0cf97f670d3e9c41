"""What a program leaves in RFLAGS does not follow it into the kernel: each flag that SYSCALL must clear, and what it does when not.

The kernel neither looks at a user's pages nor leaves a call by IRETQ, so two of the flags could
do no harm today; these are tried on a kernel that does both.
"""

from pathlib import Path

import pytest

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import ENTRIES_2, IMAGE
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import Vector
from exokernel.dialect import offset_of
from tests.boot.guest import FREE_FRAME, Computer, Ending, mutated_kernel
from tests.boot.test_switching import END, PAGE, program

pytestmark = [pytest.mark.boot, pytest.mark.slow]

PANIC = 35
SEEN = 77
UNMASKED = [
    ("arch/x86_64/descriptors.py", "write_register(SYSTEM_CALL_MASK, int(KERNEL_CLEARS))", "write_register(SYSTEM_CALL_MASK, 0)"),
    # A processor then leaves the direction as it is; QEMU 7.2 clears it whatever the mask.
    ("arch/x86_64/entry.py", "    movq %r10, %rcx\n", "    testl $0x400, %r11d\n    jz 7f\n    std\n7:  movq %r10, %rcx\n"),
]

# The null call writes into the caller's environment page, by the caller's own address; a call that does not exist
# is answered by way of IRETQ.
TRUSTING = [
    ("gate.py", '    """Do nothing."""', f"    machine.environment_page(Frame(2**35 + 0x200)).critical = {SEEN}"),
    (
        "gate.py",
        "from exokernel.dialect import admits",
        "from exokernel.kernel.arch import machine\nfrom exokernel.dialect import admits",
    ),
    (
        "arch/x86_64/entry.py",
        "2:  xorl %eax, %eax",
        "2:  movq %rsp, %rax\n    pushq $16\n    pushq %rax\n    pushfq\n    pushq $8\n    pushq $4f\n    iretq\n4:  xorl %eax, %eax",
    ),
]


def with_flag(flag: int) -> str:
    return f"pushf\n orl ${flag}, (%rsp)\n popf\n"


# The frame behind one that is full of something is allocated with the direction flag set: zeroing goes downwards.
BACKWARDS = f"""
    movl $0x3000, %r12d
    call free_frame
    movq %rax, %r13
    movq %rax, %rdi
    xorl %esi, %esi
    ask frame_alloc
    testl %edx, %edx
    must z
    movabsq ${(ENTRIES_2 + 8 * (IMAGE >> 21)) % 2**64}, %rax
    movq (%rax), %rdi
    shrq $12, %rdi
    movl $511, %esi
    movq %r13, %rdx
    shlq $12, %rdx
    orq $7, %rdx
    xorl %r10d, %r10d
    ask map
    testl %edx, %edx
    must z
    movq $7, {IMAGE + 511 * FRAME_SIZE + 0x800}
    leaq 1(%r13), %rdi
    xorl %esi, %esi
    std
    ask frame_alloc
    cld
    testl %edx, %edx
    must z
    cmpq $7, {IMAGE + 511 * FRAME_SIZE + 0x800}
    must e
    halt $0
    {FREE_FRAME}
"""

ATTACKS = {
    "trap": "handle DEBUG, 1f\n movl $call_capability_seal, %eax\n" + with_flag(0x100) + "syscall\n nop\n halt $100\n1: halt $0\n",
    "direction": BACKWARDS,
    # Most of its time it is in the kernel, when its slice ends too; the other is there so that it does.
    "interrupt": program(
        f"movq $4f, page + {END}\n movl $100000000, %ebx\n3: movl $63, %edi\n ask capability_seal\n decl %ebx\n jnz 3b\n halt $100\n4: halt $0\n",
        f"movq $2f, {PAGE + END}\n1: jmp 1b\n2: yield 0\n",
    ),
}
BITES = {"trap": Vector.DEBUG, "interrupt": Vector.DOUBLE_FAULT}  # of the panic: in the latter the kernel is sent to the handler of a user
OPENED = with_flag(0x40000) + f"ask null\n cmpl ${SEEN}, page + {offset_of(EnvironmentPage, 'critical')}\n must e\n halt $0\n"
NESTED = with_flag(0x4000) + "movq $-1, %rax\n syscall\n halt $0\n"


def panicked(ending: Ending, vector: Vector) -> bool:
    return ending.status == PANIC and ending.reports[-1].startswith(f"panic vector={int(vector):016x} ")


@pytest.fixture(scope="module")
def trusting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutated_kernel(tmp_path_factory.mktemp("trusting"), TRUSTING)


@pytest.fixture(scope="module")
def unmasked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutated_kernel(tmp_path_factory.mktemp("unmasked"), [*TRUSTING, *UNMASKED])


@pytest.mark.parametrize("flag", ATTACKS)
def test_a_flag_does_not_follow_into_the_kernel(computer: Computer, flag: str) -> None:
    assert computer.run(ATTACKS[flag]).halted == 0


@pytest.mark.parametrize("flag", ATTACKS)
def test_one_that_follows_is_a_way_in(unmasked: Path, tmp_path: Path, flag: str) -> None:
    ending = Computer(unmasked, tmp_path).run(ATTACKS[flag])
    assert ending.halted != 0 if flag == "direction" else panicked(ending, BITES[flag])


def test_alignment_checks_do_not_open_users_pages_to_the_kernel(trusting: Path, unmasked: Path, tmp_path: Path) -> None:
    """In the kernel the flag means that such accesses are allowed."""
    assert panicked(Computer(trusting, tmp_path).run(OPENED), Vector.PAGE_FAULT)
    assert Computer(unmasked, tmp_path).run(OPENED).halted == 0


def test_a_nested_task_does_not_keep_the_kernel_from_returning(trusting: Path, unmasked: Path, tmp_path: Path) -> None:
    assert Computer(trusting, tmp_path).run(NESTED).halted == 0
    assert panicked(Computer(unmasked, tmp_path).run(NESTED), Vector.GENERAL_PROTECTION)

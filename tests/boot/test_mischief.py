"""What an environment can do to itself harms nobody else: whatever it dies of, the others go on and the tables are right.

The first environment makes the second and sees to it that it gets the processor; the second
does something foolish. Afterwards the specification is asked of the memory that is left.
"""

from typing import NamedTuple

import pytest

from exokernel.abi.errors import BadName, WrongKind
from exokernel.abi.layout import ENTRIES_2, EXPOSED
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE
from exokernel.abi.tables import EnvironmentState, MachineState, Phase, Reason
from exokernel.dialect import offset_of
from tests.boot.audit import audited
from tests.boot.guest import FREE_FRAME, Computer
from tests.boot.test_switching import BEGIN, END, PAGE, SECOND, STATE, program

pytestmark = [pytest.mark.boot, pytest.mark.slow]


class Folly(NamedTuple):
    """What the second does, how that ends, and what the first does to its page before."""

    instructions: str
    reason: Reason
    before: str = ""


def page_mapped(flags: int) -> str:
    """Map the second's page with other flags, or not at all."""
    entry = f"movabsq ${(ENTRIES_2 + 8 * (PAGE >> 21)) % 2**64}, %rax\n movq (%rax), %rdi\n shrq $12, %rdi\n"
    frame = f"movq %r13, %rdx\n shlq $12, %rdx\n orq ${flags}, %rdx\n" if flags else "xorl %edx, %edx\n"
    return f"{entry} movl ${PAGE // FRAME_SIZE % 512}, %esi\n {frame} xorl %r10d, %r10d\n ask map\n testl %edx, %edx\n must z\n"


HANDLED = f"movq $5f, {PAGE} + 8 * %s\n"
PUSHING = f"movq $5f, {PAGE} + 8 * PAGE_FAULT\n movq $5f, {PAGE + END}\n"

FOLLIES = {
    "faults while its page is not mapped": Folly("ud2\n5: pushq %rax\n", Reason.NO_HANDLER, page_mapped(0)),
    "handles a fault while its page is not mapped": Folly("movb 0, %al\n5: pushq %rax\n", Reason.NO_STACK, PUSHING + page_mapped(0)),
    "handles a fault on a page it may not write": Folly("movb 0, %al\n5: pushq %rax\n", Reason.NO_STACK, PUSHING + page_mapped(5)),
    "has no room for the record": Folly(HANDLED % "INVALID_OPCODE" + f"movl ${PAGE + 2048 + 200}, %esp\n ud2\n5: ud2\n", Reason.NO_STACK),
    "points below its exception stack": Folly(HANDLED % "INVALID_OPCODE" + f"movl ${PAGE + 1}, %esp\n ud2\n5: ud2\n", Reason.NO_STACK),
    "steps for ever": Folly(
        HANDLED % "DEBUG" + f"movq $5f, {PAGE + END}\n pushf\n orl $0x100, (%rsp)\n popf\n1: jmp 1b\n5: addq $24, %rsp\n popq 6f\n"
        " addq $8, %rsp\n popfq\n popq %rsp\n jmpq *6f\n .data\n6: .quad 0\n .text\n",
        Reason.OVERSTAYED,
    ),
    "faults at the end of its slice": Folly(f"movq $5f, {PAGE + END}\n1: jmp 1b\n5: ud2\n", Reason.NO_HANDLER),
    "ends itself at the end of its slice": Folly(
        f"movq $5f, {PAGE + END}\n1: jmp 1b\n5: movl ${SECOND}, %edi\n ask environment_destroy\n ud2\n", Reason.ASKED
    ),
    "ends itself in a handler": Folly(HANDLED % "INVALID_OPCODE" + f"ud2\n5: movl ${SECOND}, %edi\n ask environment_destroy\n ud2\n", Reason.ASKED),
    "faults with its floating-point error pending": Folly("fldcw 5f\n fldz\n fldz\n fdivrp\n ud2\n5: .word 0x37e\n", Reason.NO_HANDLER),
    "is begun where it faults": Folly(f"cmpq $0, passed\n jne 5f\n incq passed\n movq $5f, {PAGE + BEGIN}\n yield 1\n5: hlt\n", Reason.NO_HANDLER),
    "has no address to begin at": Folly(f"movq $0, {PAGE + BEGIN}\n 1: jmp 1b\n", Reason.NO_ENTRY),
}


def fate(folly: Folly) -> str:
    """A guest that halts with 0 when the second environment has died for that reason, and the first can compute."""
    return program(
        f"""
        movq $first, page + {BEGIN}
        movq $first, page + {END}
        {folly.before}
    first:
        movabsq ${STATE % 2**64}, %rbx
        cmpb ${int(Phase.DEAD)}, {offset_of(EnvironmentState, "phase")}(%rbx)
        jne 7f
        cmpb ${int(folly.reason)}, {offset_of(EnvironmentState, "reason")}(%rbx)
        must e
        fldpi
        fwait
        halt $0
    7:  yield 0
        halt $100
        """,
        folly.instructions,
    )


@pytest.mark.parametrize("folly", FOLLIES)
def test_whatever_an_environment_does_to_itself_the_others_go_on(computer: Computer, folly: str) -> None:
    ending, wrong = audited(computer, fate(FOLLIES[folly]))
    assert ending.halted == 0, ending.reports
    assert wrong == []


REFUSED = f"""
    movl $3, %edi                       # an embryo of ours
    call free_frame
    movq %rax, %rsi
    movl ${PAGE // FRAME_SIZE + 1}, %edx
    xorl %r10d, %r10d
    movl $1, %r8d
    ask environment_clone
    testl %edx, %edx
    must z
    movl ${SECOND}, %edi
    xorl %esi, %esi
    ask environment_destroy
"""
# To whom the processor cannot be given, and what is said then.
NOBODY_THERE = {3: WrongKind, SECOND: WrongKind, 200: WrongKind, ENVIRONMENTS: BadName, -1: BadName, 2**32 + 1: BadName}


def test_the_processor_is_given_to_nobody_who_is_not_there(computer: Computer) -> None:
    """An embryo, a dead one, a free name and what is no name; and then to oneself."""
    tries = "".join(
        f"movabsq ${name % 2**64}, %rdi\n ask yield_to\n cmpl ${error.number}, %edx\n must e\n" for name, error in NOBODY_THERE.items()
    )
    last = f"movq $7f, page + {BEGIN}\n yield 1\n halt $100\n7: halt $0\n"
    ending, wrong = audited(computer, program(f"{REFUSED}\n{tries}\n{last}", "ud2"))
    assert ending.halted == 0
    assert wrong == []


FRAME_COUNT = (EXPOSED + offset_of(MachineState, "frame_count")) % 2**64

# Take all names, then all frames, then give all back, twice.
ALL = f"""
    movl $2, %ebp                       # rounds
round:
    movl $2, %ebx
    movl $0x1000, %r12d
8:  call free_frame
    movl %ebx, %edi
    movq %rax, %rsi
    movl ${PAGE // FRAME_SIZE}, %edx
    xorl %r10d, %r10d
    movl $1, %r8d
    ask environment_clone
    testl %edx, %edx
    must z
    incl %ebx
    cmpl ${ENVIRONMENTS}, %ebx
    jb 8b
    movl $2, %ebx                       # every name is taken
8:  movl %ebx, %edi
    movl $0x100, %esi
    movl ${PAGE // FRAME_SIZE}, %edx
    xorl %r10d, %r10d
    movl $1, %r8d
    ask environment_clone
    testl %edx, %edx
    must nz
    incl %ebx
    cmpl ${ENVIRONMENTS}, %ebx
    jb 8b

    movabsq ${FRAME_COUNT}, %rax
    movl (%rax), %r14d
    xorl %ebx, %ebx
    xorl %r13d, %r13d                   # frames taken
8:  movl %ebx, %edi
    xorl %esi, %esi
    ask frame_alloc
    cmpl $1, %edx
    adcl $0, %r13d
    incl %ebx
    cmpl %r14d, %ebx
    jb 8b
    cmpl $1000, %r13d
    must a
    xorl %ebx, %ebx                     # no frame is left
8:  movl %ebx, %edi
    xorl %esi, %esi
    ask frame_alloc
    testl %edx, %edx
    must nz
    incl %ebx
    cmpl %r14d, %ebx
    jb 8b

    xorl %ebx, %ebx
8:  movl %ebx, %edi
    xorl %esi, %esi
    ask frame_free                      # what is mapped stays
    incl %ebx
    cmpl %r14d, %ebx
    jb 8b
    movl $2, %ebx
8:  movl %ebx, %edi
    xorl %esi, %esi
    ask environment_destroy
    movl %ebx, %edi
    ask environment_free
    testl %edx, %edx
    must z
    incl %ebx
    cmpl ${ENVIRONMENTS}, %ebx
    jb 8b
    decl %ebp
    jnz round
    halt $0
"""


def test_all_there_is_can_be_taken_and_given_back(computer: Computer) -> None:
    ending, wrong = audited(computer, f"{ALL}\n{FREE_FRAME}")
    assert ending.halted == 0
    assert wrong == []

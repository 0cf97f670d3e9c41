"""No environment is entered outside the user's half: whatever its page says, it is refused or dies of it."""

from pathlib import Path

import pytest

from exokernel.abi.names import FRAME_SIZE, USER_PAGES
from tests.boot.guest import Computer, mutated_kernel
from tests.boot.test_switching import BEGIN, END, PAGE, SECOND, program

pytestmark = pytest.mark.boot

ADDRESSES = {
    "in the kernel": -(2**31) + 0x105000,
    "at the very end": -1,
    "behind the last page": USER_PAGES * FRAME_SIZE,
    "at no address": 2**47,
    "at the lowest number": -(2**63),
}

# How the second environment has itself entered at RAX.
WAYS = {
    "by an exception": f"movq %rax, {PAGE} + 8 * INVALID_OPCODE\n movq $stack_end, %rsp\n ud2\n",
    "by an exception in a handler": f"movq %rax, {PAGE} + 8 * INVALID_OPCODE\n ud2\n",
    "at the end of its slice": f"movq %rax, {PAGE + END}\n 1: jmp 1b\n",
    "at the beginning of one": f"movq %rax, {PAGE + BEGIN}\n yield 1\n",
}


def entered(way: str, address: int) -> str:
    """A guest whose second environment goes there, and if it gets there tells so."""
    return program(
        f"""
        movq $back, page + {BEGIN}
        yield {SECOND}
        halt $100
    back:
        incl turns
        cmpl $1, turns
        jne 7f
        yield {SECOND}                  # returns when that is refused
    7:  cmpq $0, passed
        must e
        halt $0
        """,
        f"""
        movq $got_there, {PAGE} + 8 * PAGE_FAULT
        movq $got_there, {PAGE} + 8 * GENERAL_PROTECTION
        movabsq ${address % 2**64}, %rax
        {WAYS[way]}
    got_there:
        movq $1, passed
        yield 1
        """,
        "turns: .long 0\n.fill 256\nstack_end:",
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ADDRESSES)
def test_nobody_is_entered_outside_its_half(computer: Computer, way: str, where: str) -> None:
    assert computer.run(entered(way, ADDRESSES[where])).halted == 0


@pytest.fixture(scope="module")
def believing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel that takes every word but 0 for an entry."""
    edits = [
        ("arch/x86_64/running.py", "return 0 < address < USER_END", "return address != 0"),
        ("arch/x86_64/vectors.py", "    cmpq user_end, %rcx\n    jae 1f\n", ""),
    ]
    return mutated_kernel(tmp_path_factory.mktemp("believing"), edits)


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("where", ADDRESSES)
def test_a_kernel_that_believes_the_page_is_sent_there(believing: Path, tmp_path: Path, way: str, where: str) -> None:
    assert Computer(believing, tmp_path).run(entered(way, ADDRESSES[where])).halted != 0

"""A name that is used again finds none of its former bearer's floating-point registers, wherever they were when that one died."""

from pathlib import Path

import pytest

from exokernel.abi.layout import ENTRIES_2
from exokernel.abi.names import FRAME_SIZE, SLICES
from tests.boot.guest import Computer, mutated_kernel
from tests.boot.test_switching import BEGIN, FLOATING_POINT, PAGE, PAINT, SECOND, program

pytestmark = pytest.mark.boot

FLOATING = "arch/x86_64/floating_point.py"

# End the second environment, take from it all that it has, and free its name.
BURY = f"""
    movl ${SECOND}, %edi
    xorl %esi, %esi
    ask environment_destroy
    testl %edx, %edx
    must z
    movabsq ${(ENTRIES_2 + 8 * (PAGE >> 21)) % 2**64}, %rax
    movq (%rax), %rdi
    shrq $12, %rdi
    movl ${PAGE // FRAME_SIZE % 512}, %esi
    xorl %edx, %edx
    xorl %r10d, %r10d
    ask map
    testl %edx, %edx
    must z
    movl ${SLICES - 1}, %ebx
8:  movl %ebx, %edi
    xorl %esi, %esi
    movl $1, %edx
    ask slice_give
    testl %edx, %edx
    must z
    subl $2, %ebx
    jns 8b
    movl ${SECOND}, %edi
    ask environment_free
    testl %edx, %edx
    must z
"""


def recycled(before: str) -> str:
    """A guest whose second environment fills its registers and dies; `before` that, the first does something."""
    return program(
        f"""
        movq $back, page + {BEGIN}
        yield {SECOND}
        halt $100
    back:
        cmpq $1, passed
        je 7f
        {before}
        {BURY}
        call make_second
        yield {SECOND}
        halt $101
    7:  halt $0
        """,
        f"""
        incl lives
        cmpl $1, lives
        jne 1f
        {PAINT}
        yield 1
    1:  fxsave64 image
        cmpw $0x37f, image
        finds e
        cmpl $0x1f80, image + 24
        finds e
        movl $32, %ebx
    8:  cmpq $0, image(%rbx)
        finds e
        addl $8, %ebx
        cmpl $416, %ebx
        jb 8b
        movq $1, passed
        yield 1
        """,
        f"lives: .long 0\n{FLOATING_POINT}",
    )


# Where the state is when its owner dies: what the first does before, and the statement that drops it.
PLACES = {
    "in the registers": ("", "        registers.owner = NOBODY"),
    "in the kernel's table": ("fld1", "    saved[environment] = False"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_state_dies_with_its_owner(computer: Computer, place: str) -> None:
    before, _ = PLACES[place]
    assert computer.run(recycled(before)).halted == 0


@pytest.mark.slow
@pytest.mark.parametrize("place", PLACES)
def test_one_that_is_not_dropped_is_found(tmp_path: Path, place: str) -> None:
    before, statement = PLACES[place]
    lost = statement[: -len(statement.lstrip())] + "pass"
    kernel = mutated_kernel(tmp_path / "kernel", [(FLOATING, statement, lost)])
    ending = Computer(kernel, tmp_path).run(recycled(before))
    assert ending.halted != 0
    assert any(report.startswith(f"crash environment={SECOND:02x} vector=06 ") for report in ending.reports)  # it `finds`

"""What a build finds out about its image: a kernel that could leave its stack is refused."""

from __future__ import annotations

import pytest

from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.emit.findings import ENTRY_RESERVE, PANIC, check_kernel_stack, findings
from exokernel.compiler.link.linker import Image
from exokernel.compiler.targets import KERNEL
from tests.compiler.test_images import SOURCE, compiled

STACK = """
.section .boot.text, "ax", @progbits
.globl boot_entry
boot_entry: movq $triangle_of_seven, %rax
.bss
.p2align 12
.globl kernel_stack_guard, kernel_stack_top
kernel_stack_guard: .skip 4096 + {size}
kernel_stack_top:
.text
"""


def kernel(size: int) -> tuple[dict[str, object], Image]:
    """The report of a small kernel with so many bytes of stack, and its image."""
    code, image = compiled(SOURCE, STACK.format(size=size), KERNEL)
    return findings(code.optimised, image), image


def test_a_kernel_with_room_on_its_stack_is_told_how_much_it_needs() -> None:
    report, image = kernel(4096)
    check_kernel_stack(report, image)
    needed = report["stack needed"]
    assert isinstance(needed, int) and ENTRY_RESERVE < needed < 4096
    assert report["stack available"] == 4096


def test_a_kernel_that_could_leave_its_stack_is_refused_to_the_byte() -> None:
    report, image = kernel(4096)
    check_kernel_stack(report, image)
    needed = report["stack needed"]
    assert isinstance(needed, int)
    check_kernel_stack(*kernel(needed))
    with pytest.raises(CompileError, match=f"{needed} bytes of its {needed - 1} .*: triangle_of_seven -> t.triangle"):
        check_kernel_stack(*kernel(needed - 1))


def test_a_panic_on_top_of_the_deepest_entry_is_counted() -> None:
    report, image = kernel(4096)
    check_kernel_stack(report, image)
    stack, alone = report["stack"], report["stack needed"]
    assert isinstance(stack, dict) and isinstance(alone, int)
    stack[PANIC] = {"bytes": 8, "path": [PANIC]}
    check_kernel_stack(report, image)
    assert report["stack needed"] == alone + 8


def test_a_kernel_that_recurses_is_refused() -> None:
    _, image = kernel(4096)
    with pytest.raises(CompileError, match="may not recurse: a -> b -> a"):
        check_kernel_stack({"stack": {"unbounded": "a -> b -> a"}}, image)

"""Each attack succeeds on a kernel without the guard it tests: otherwise surviving it proves nothing."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.boot import test_address_space as address_space
from tests.boot import test_calls as calls
from tests.boot import test_privileges as privileges
from tests.boot import test_switching as switching
from tests.boot.guest import Computer, mutated_kernel

pytestmark = [pytest.mark.boot, pytest.mark.slow]

PAGING, ENTRY, REGISTERS = "arch/x86_64/paging.py", "arch/x86_64/entry.py", "arch/x86_64/registers.py"
DESCRIPTORS, FLOATING_POINT = "arch/x86_64/descriptors.py", "arch/x86_64/floating_point.py"


class Control(NamedTuple):
    edits: list[tuple[str, str, str]]
    attack: str  # a guest


DIRECT = "page = Entry(present=True, writable=True, accessed=True, dirty=True, global_=True, no_execute=True)"
LINK = "return Entry(present=True, writable=True, accessed=True, frame="

CONTROLS = {
    "physical memory is the kernel's": Control(
        [(PAGING, DIRECT, DIRECT.replace("present", "user=True, present")), (PAGING, LINK, LINK.replace("present", "user=True, present"))],
        address_space.attempt("write physical memory"),
    ),
    "public tables are read-only": Control(
        [(PAGING, "link.replace(user=True, frame=window)", "link.replace(user=True, writable=True, frame=window)")],
        address_space.attempt("write a public table"),
    ),
    "page tables are read-only": Control(
        [(PAGING, "Entry(present=True, user=True, no_execute=True, frame=root)", "Entry(present=True, user=True, writable=True, frame=root)")],
        address_space.attempt("write a page table"),
    ),
    "one translation is forgotten": Control(
        [(PAGING, "        invalidate(wrapping_multiply(page, FRAME_SIZE))", "        pass")],
        address_space.stale("one page made read-only"),
    ),
    "many translations are forgotten": Control(
        [(PAGING, "    load_root(root_address())", "    root_address()")],
        address_space.stale("many pages unmapped"),
    ),
    "descriptor tables are hidden": Control(
        [(REGISTERS, "    user_instruction_prevention=True,\n", "")],
        privileges.attempt("sgdt -16(%rsp)"),
    ),
    "gates are closed": Control(
        [(DESCRIPTORS, "privilege=CALLED_BY_USERS if users else 0", "privilege=CALLED_BY_USERS if users or vector == 0 else 0")],
        privileges.attempt("int $0"),
    ),
    "argument registers are cleared": Control(
        [(ENTRY, "    popq %rcx\n    xorl %edi, %edi\n", "    popq %rcx\n")],
        calls.FULL_ARGUMENTS,
    ),
    "registers are cleared for who begins": Control(
        [(ENTRY, "    xorl %r15d, %r15d\n", "")],
        switching.REGISTERS,
    ),
    "floating-point registers are guarded": Control(
        [(FLOATING_POINT, "        load_control_0(int(CONTROL_0))", "        clear_task_switched()")],
        switching.PAINTED,
    ),
}


@pytest.mark.parametrize("guard", CONTROLS)
def test_without_its_guard_the_attack_succeeds(tmp_path: Path, guard: str) -> None:
    control = CONTROLS[guard]
    ending = Computer(mutated_kernel(tmp_path / "kernel", control.edits), tmp_path).run(control.attack)
    assert ending.halted != 0

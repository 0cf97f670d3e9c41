"""What the machine and the kernel itself do wrong: interrupts nobody asked for, and panics.

The kernel has no known fault, so each panic is shown on a kernel with one planted.
"""

from argparse import Namespace
from pathlib import Path

import pytest

from exokernel.compiler import driver
from exokernel.host import boot
from exokernel.host.errors import Status
from exokernel.host.machine import Board
from exokernel.host.outcome import Phases, conclude
from exokernel.host.programs import Compiled, locate
from exokernel.host.report import parse
from tests.boot.guest import Computer, mutated_kernel

pytestmark = pytest.mark.boot

PANIC = 35  # QEMU's status after the kernel stopped itself

BUSY = """
    handle INVALID_OPCODE, skip
    say_ready
    movl $400000, %ebx
    jmp 8f
skip:
    movq 48(%rsp), %rax
    movq $9f, -136(%rax)
    addq $40, %rsp
    popfq
    popq %rsp
    jmpq *-136(%rsp)
8:  ask null
    ud2
9:  decl %ebx
    jnz 8b
    halt $0
"""


def test_interrupts_nobody_asked_for_change_nothing(computer: Computer) -> None:
    """Non-maskable ones come between any two instructions, on a stack of their own."""
    ending = computer.run(BUSY, monitor=["nmi"] * 500, board=Board.Q35)  # the other firmware lets none through
    assert ending.halted == 0


def test_a_machine_check_is_reported(computer: Computer) -> None:
    ending = computer.run("say_ready\n1: jmp 1b", monitor=["mce 0 0 0xbe00000000000000 0 0 0"])
    assert ending.status == PANIC
    assert ending.reports[-1].startswith("panic vector=0000000000000012 ")


NULL = '    """Do nothing."""'
IMPORT = "from exokernel.dialect import admits"
ENTRY, DEPARTURE, STARTUP = "arch/x86_64/entry.py", "arch/x86_64/departure.py", "arch/startup.py"

# Vector, bits of the error code that must be set, and what is changed in the kernel.
PLANTED = {
    "an index out of range": (
        6,
        0,
        [
            ("gate.py", NULL, "    machines[caller].ticks = 0"),
            ("gate.py", "import machine_state", "import machine_state, machines"),
        ],
    ),
    "a look at a user's page": (
        14,
        0b01,
        [
            ("gate.py", NULL, "    machine.environment_page(Frame(2**35 + 0x200)).begin = 1"),
            ("gate.py", IMPORT, f"from exokernel.kernel.arch import machine\n{IMPORT}"),
        ],
    ),
    "a jump into a user's page": (
        14,
        0b10001,
        [
            ("gate.py", NULL, "    machine.idle()"),
            ("gate.py", IMPORT, f"from exokernel.kernel.arch import machine\n{IMPORT}"),
            (DEPARTURE, 'symbol_address("wait_for_interrupt")', "0x400000"),
        ],
    ),
    "a store into what is constant": (
        14,
        0b11,
        [
            (STARTUP, "    timer.start()", "    vectors.entry_points[0] = 0"),
            (STARTUP, "import descriptors,", "import vectors, descriptors,"),
        ],
    ),
    "a stack without end": (8, 0, [(ENTRY, "    callq *system_calls(,%rax,8)", "7:  pushq %rax\n    jmp 7b")]),
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", PLANTED)
def test_a_fault_of_the_kernel_s_is_a_panic(tmp_path: Path, fault: str) -> None:
    vector, error, edits = PLANTED[fault]
    ending = Computer(mutated_kernel(tmp_path / "kernel", edits), tmp_path).run("ask null\n halt $0")
    assert ending.status == PANIC
    report = parse(ending.reports[-1].encode())[0]
    assert report.kind == "panic"
    assert report.registers()["vector"] == vector
    assert report.registers()["error"] & error == error
    assert fault == "a stack without end" or len(report.memory()) >= 8


@pytest.mark.slow
def test_a_panic_is_told_in_lines_of_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    kernel = mutated_kernel(tmp_path / "kernel", PLANTED["an index out of range"][2])
    kernel.with_suffix(".json").write_text("{}")  # what the driver would have noted
    ran = Computer(kernel, tmp_path).run("ask null\n halt $0")
    ending = boot.Ending(ran.status, "\n".join(ran.reports).encode(), b"", timed_out=False, seconds=0.0)
    hello = locate("hello")
    compiled = Compiled(kernel, driver.build_program(hello), hello)
    monkeypatch.chdir(tmp_path / "kernel")  # whose sources these are
    options = Namespace(timeout=None, verbose=False, timings=False, json=False)
    assert conclude(ending, compiled, Phases(0.0), options) == Status.PANIC
    said = capsys.readouterr().err
    assert said.startswith("Traceback (most recent call last):\n")
    assert "exokernel/kernel/gate.py\", line " in said and ", in null\n    machines[caller].ticks = 0\n" in said
    assert "\nIndexError: index out of range\nexok: the kernel panicked\n" in said

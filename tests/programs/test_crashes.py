"""A program that crashes is told of alike on every machine: which exception, where in Python, and the signal's status."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINES = ["native", "cpython", pytest.param("qemu", marks=pytest.mark.boot)]
CASES = [  # how, the line it happens in, the exception under CPython and compiled, the status
    ("index", "cells[length_of(word) + 5] = 1", "IndexError", 132),
    ("division", "print(10 // (length_of(word) - 8))", "ZeroDivisionError", 132),
    ("uncaught", "raise Mishap", "Mishap", 132),
    ("stack-overflow", "return deeper(level + 1) + level", "RecursionError", 139),
    ("null-write", "misdeeds.store(NOWHERE)", "MemoryFault: write of 0x10, which is not mapped", 139),
    ("text-write", "misdeeds.store(IMAGE)", "MemoryFault: write of 0x400000, which is protected", 139),
    ("cli", "misdeeds.disable_interrupts()", "ProtectionFault: the processor forbids this instruction here", 139),
    ("undefined", "misdeeds.undefined()", "InvalidInstruction: these bytes are no instruction", 132),
    ("breakpoint", "misdeeds.breakpoint_()", "ProcessorException: breakpoint", 133),
    ("divide", "misdeeds.divide_by_zero()", "ProcessorException: divide", 136),
]


@pytest.mark.parametrize("how, line, exception, status", CASES, ids=lambda value: str(value) if str(value).isidentifier() else "")
@pytest.mark.parametrize("machine", MACHINES)
def test_a_crash_says_what_and_where(machine: str, how: str, line: str, exception: str, status: int) -> None:
    words = [sys.executable, "-m", "exokernel", "run", "--machine", machine, "--json", "misbehave", "--", how]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=180)
    *shown, last = done.stderr.splitlines()
    told = json.loads(last)
    assert done.returncode == told["status"] == status
    assert (done.stdout, told["outcome"]) == ("", "crash")
    for text in (shown, told["traceback"]):
        assert any(f"    {line}" == each for each in text)
        assert any(each.split(".")[-1].startswith(exception) for each in text)
        assert not any("exokernel/" in each for each in text if machine != "cpython")
    assert {"rip", "vector"} <= told["registers"].keys()


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_what_was_printed_before_a_crash_is_not_lost(machine: str, tmp_path: Path) -> None:
    (tmp_path / "case.py").write_text("def main() -> int:\n    print('before', end='')\n    assert False\n    return 0\n")
    words = [sys.executable, "-m", "exokernel", "run", "--machine", machine, str(tmp_path / "case.py")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=180)
    assert (done.returncode, done.stdout) == (132, "before") and "AssertionError" in done.stderr


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_a_traceback_begins_with_the_programs_main(machine: str, tmp_path: Path) -> None:
    text = "from exokernel.dialect import never_inline\n\n@never_inline\ndef main() -> int:\n    zero = 0\n    return 1 // zero\n"
    (tmp_path / "case.py").write_text(text)
    words = [sys.executable, "-m", "exokernel", "run", "--machine", machine, str(tmp_path / "case.py")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=180)
    first, frame, *_ = done.stderr.splitlines()
    assert first == "Traceback (most recent call last):" and frame.endswith('case.py", line 6, in main')

"""`exok run --machine cpython` behaves like the booted machine, and can be debugged with pdb."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.host.keyboard import ROOT, Keyboard

pytestmark = pytest.mark.slow

COMMAND = [sys.executable, "-m", "exokernel", "run", "--machine", "cpython"]


def run(*words: str, given: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*COMMAND, *words],
        cwd=ROOT,
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        timeout=180,
    )


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "case.py"
    path.write_text(text)
    return str(path)


def test_output_and_status_are_the_programs(tmp_path: Path) -> None:
    done = run(program(tmp_path, "def main() -> int:\n    print('as it is')\n    return 7\n"))
    assert (done.returncode, done.stdout, done.stderr) == (7, b"as it is\n", b"")


def test_standard_input_is_taken_along() -> None:
    assert run("wc", "--", "-l", given=b"one\ntwo\n").stdout == b"2\n"


def test_a_crash_is_pythons_own_traceback(tmp_path: Path) -> None:
    done = run(program(tmp_path, "def main() -> int:\n    zero = 0\n    return 1 // zero\n"))
    assert done.returncode == 128 + 4 and done.stdout == b""
    assert b"return 1 // zero" in done.stderr and b"ZeroDivisionError" in done.stderr
    assert b"exokernel/model" not in done.stderr


def test_a_program_finds_the_modules_beside_it(tmp_path: Path) -> None:
    beside = "def double(x: int) -> int:\n    print('doubling')\n    return x * 2\n"
    (tmp_path / "doubles.py").write_text(beside)
    done = run(program(tmp_path, "from doubles import double\n\n\ndef main() -> int:\n    return double(21)\n"))
    assert (done.returncode, done.stdout, done.stderr) == (42, b"doubling\n", b"")


def test_a_machine_that_runs_too_long_is_stopped(tmp_path: Path) -> None:
    text = "def main() -> int:\n    while True:\n        pass\n"
    done = run("--timeout", "1", program(tmp_path, text))
    assert done.returncode == 124 and b"--timeout" in done.stderr


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    run(program(tmp_path, "from exokernel.libos.exos import fork\ndef main() -> int:\n    fork()\n    return 0\n"))
    deadline = time.monotonic() + 5
    while str(tmp_path) in "".join(command_lines()):
        assert time.monotonic() < deadline, "a process of the machine outlives it"
        time.sleep(0.05)


def command_lines() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_text(errors="replace"))
        except OSError:  # it has ended meanwhile
            continue
    return found


def test_a_breakpoint_stops_in_the_program(tmp_path: Path) -> None:
    text = "def main() -> int:\n    answer = 42\n    breakpoint()\n    return answer - 40\n"
    with Keyboard(["run", "--machine", "cpython", program(tmp_path, text)]) as keyboard:
        assert b"return answer - 40" in keyboard.see(b"(Pdb)")
        keyboard.type(b"p answer * 2\n")
        keyboard.see(b"84")
        keyboard.type(b"c\n")
        assert keyboard.leave()[0] == 2


def test_a_breakpoint_stops_in_the_kernels_page_fault_path(tmp_path: Path) -> None:
    """As whoever reads the kernel does it: a line of their own in a checkout of their own."""
    for name in ("exokernel", "programs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".exok").symlink_to(ROOT / ".exok")  # what is installed
    traps = tmp_path / "exokernel/kernel/arch/x86_64/traps.py"
    before, head, body = traps.read_text().partition("def deliver(")
    definition, _, rest = body.partition("    position = ")
    traps.write_text(f"{before}{head}{definition}    breakpoint() if vector == Vector.PAGE_FAULT else None\n    position = {rest}")
    with Keyboard(["run", "--machine", "cpython", "hello"], tmp_path) as keyboard:
        assert b"exokernel/kernel/arch/x86_64/traps.py" in keyboard.see(b"(Pdb) ")
        keyboard.type(b"p int(vector), handler != 0\n")
        keyboard.see(b"(14, True)")
        keyboard.type(b"up\n")
        keyboard.see(b"deliver(")
        keyboard.type(b"q\n")
        assert keyboard.leave()[0] != 0

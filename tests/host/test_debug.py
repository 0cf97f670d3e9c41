"""gdb reaches the machine before its first instruction, with symbols and breakpoints told."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from exokernel.host.debug import as_compiled, beginning, places, script
from exokernel.host.errors import ToolError
from exokernel.host.programs import Compiled
from exokernel.host.symbols import Symbols
from tests.host.assembly import talking_guest
from tests.host.conftest import Exok, FakeDriver
from tests.host.keyboard import ROOT


def test_the_script() -> None:
    compiled = Compiled(Path("/k.elf"), Path("/with space/p.elf"), Path("p.py"))
    lines = script(compiled, "/tmp/gdb", ["p.py:3", "frame_alloc"]).splitlines()
    assert "set architecture i386:x86-64" in lines
    assert lines.index("symbol-file /k.elf") < lines.index("target remote /tmp/gdb") < lines.index("hbreak p.py:3")
    assert "add-symbol-file '/with space/p.elf'" in lines
    assert lines[-2:] == ["hbreak frame_alloc", "continue"]


def test_functions_are_found_by_their_short_names(image: Symbols) -> None:
    assert places("get", [image], Path()) == ["cells.get"]
    assert places("cells.py:3", [image], Path()) == ["cells.py:3"] and places("*0x10", [image], Path()) == ["*0x10"]
    with pytest.raises(ToolError, match="a function 'nope'"):
        places("nope", [image], Path())


def test_lines_are_found_by_any_path_to_their_file(tmp_path: Path) -> None:
    (tmp_path / "prog.py").touch()
    assert as_compiled(f"{tmp_path}/prog.py:3", tmp_path) == "prog.py:3"
    assert as_compiled(f"{ROOT}/programs/wc.py:3", tmp_path) == "programs/wc.py:3"
    assert as_compiled("kernel/frames.py:40", tmp_path) == "kernel/frames.py:40"


def test_a_program_begins_at_its_main(image: Symbols) -> None:
    assert beginning(Path("somewhere/cells.py"), image) == ["cells.main"]
    assert beginning(Path("other.py"), image) == ["*0x0"]


@pytest.mark.boot
@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_gdb_stops_the_machine_and_lets_it_go(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(b"hello\n", report=b"exit 6\n")
    status, output, error = exok("debug", "prog.py", "--break", "*0x100000", "--command", "info registers rip", "--command", "continue")
    assert status == 6, error
    assert b"0x100000" in output and b"hello\n" in output


@pytest.mark.boot
@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
@pytest.mark.parametrize("farewell", ["disconnect", "kill"])
def test_no_machine_waits_for_a_gdb_that_left(driver: FakeDriver, exok: Exok, farewell: str) -> None:
    driver.guest = talking_guest()
    status, _, error = exok("debug", "prog.py", "--break", "*0x100000", "--command", farewell)
    assert status == 0 and "exok:" not in error


@pytest.mark.boot
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
def test_gdb_stops_on_lines_of_program_and_kernel_and_shows_what_is_there(tmp_path: Path) -> None:
    """With the real compiler: breakpoints by file and line, a local's value, and a stack that ends where the program began."""
    program = tmp_path / "case.py"
    program.write_text(DEBUGGED)
    kernel = "exokernel/kernel/console.py"
    place = line_of("put_all(stream, machine", (ROOT / kernel).read_text())
    stops = ["--break", f"{program}:{line_of('return total', DEBUGGED)}", "--break", f"{kernel}:{place}"]
    commands = ["info locals", "bt", "continue", "info args", "delete", "continue"]
    words = [sys.executable, "-m", "exokernel", "debug", str(program), *stops]
    words += [word for command in commands for word in ("--command", command)]
    done = subprocess.run(words, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    shown = done.stdout
    assert done.returncode == 45, done.stderr
    assert "return total" in shown and "\ntotal = 45\n" in shown and "\nunused = 18\n" in shown
    assert "sum_to (last=9)" in shown and re.search(r"#\d+ +0x\w+ in _start \(\)\n(?!#)", shown)
    assert f" at {kernel}:{place}\n{place}" in shown and "\nlength = 3\n" in shown


DEBUGGED = """def sum_to(last: int) -> int:
    total = 0
    unused = last * 2
    for number in range(last + 1):
        total += number
        if number == last:
            print(total)
    return total


def main() -> int:
    return sum_to(9)
"""


def line_of(text: str, source: str) -> int:
    return next(number for number, line in enumerate(source.splitlines(), 1) if text in line)

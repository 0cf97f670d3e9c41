"""gdb reaches the machine before its first instruction, with symbols and breakpoints told."""

import shutil
from pathlib import Path

import pytest

from exokernel.host.debug import beginning, places, script
from exokernel.host.errors import ToolError
from exokernel.host.programs import Compiled
from exokernel.host.symbols import Symbols
from tests.host.assembly import talking_guest
from tests.host.conftest import Exok, FakeDriver


def test_the_script() -> None:
    compiled = Compiled(Path("/k.elf"), Path("/with space/p.elf"), Path("p.py"))
    lines = script(compiled, "/tmp/gdb", ["p.py:3", "frame_alloc"]).splitlines()
    assert "set architecture i386:x86-64" in lines
    assert lines.index("symbol-file /k.elf") < lines.index("target remote /tmp/gdb") < lines.index("hbreak p.py:3")
    assert "add-symbol-file '/with space/p.elf'" in lines
    assert lines[-2:] == ["hbreak frame_alloc", "continue"]


def test_functions_are_found_by_their_short_names(image: Symbols) -> None:
    assert places("get", [image]) == ["cells.get"]
    assert places("cells.py:3", [image]) == ["cells.py:3"] and places("*0x10", [image]) == ["*0x10"]
    with pytest.raises(ToolError, match="a function 'nope'"):
        places("nope", [image])


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

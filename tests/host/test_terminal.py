"""A program on a terminal reads what is typed, line by line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from exokernel.host.terminal import Terminal
from exokernel.model.devices import typed_at
from tests.host.keyboard import ROOT, Keyboard

MACHINES = ["native", pytest.param("cpython", marks=pytest.mark.slow), pytest.param("qemu", marks=[pytest.mark.boot, pytest.mark.slow])]
END, INTERRUPT, AS_IT_IS = b"\x04", b"\x03", b"\x16"
ONE_LINE = """
from exokernel.dialect import Array, array, u8
from exokernel.libos.exos import INPUT, read, write_output

def main() -> int:
    buffer: Array[u8] = array(64)
    length = read(INPUT, buffer)
    write_output(bytes(buffer[:length]))
    return 0
"""


@pytest.mark.parametrize("machine", MACHINES)
def test_each_line_is_read_when_it_is_typed(machine: str) -> None:
    with Keyboard(["run", "-q", "--machine", machine, "cat"]) as keyboard:
        for line in (b"one\r\n", "zwölf\r\n".encode()):
            keyboard.type(line.replace(b"\r", b""))
            keyboard.see(line)  # the terminal's echo
            keyboard.see(line)
        keyboard.type(b"half" + END)
        keyboard.see(b"half")
        keyboard.see(b"half")
        keyboard.type(END)
        assert keyboard.leave() == (0, b"")


@pytest.mark.parametrize("machine", MACHINES)
def test_all_that_is_typed_in_one_piece(machine: str) -> None:
    with Keyboard(["run", "-q", "--machine", machine, "grep", "--", "-c", "two"]) as keyboard:
        keyboard.type(b"one two\nthree\ntwo" + END + END)
        keyboard.see(b"two\r\nthree\r\ntwo")
        keyboard.see(b"2\r\n")
        assert keyboard.leave() == (0, b"")


@pytest.mark.parametrize("machine", MACHINES)
def test_any_byte_can_be_typed(machine: str) -> None:
    with Keyboard(["run", "-q", "--machine", machine, "wc", "--", "-c"]) as keyboard:
        keyboard.type(AS_IT_IS + END + AS_IT_IS + AS_IT_IS + AS_IT_IS + INTERRUPT + b"\n" + END)
        keyboard.see(b"\n")
        keyboard.see(b"4\r\n")
        assert keyboard.leave() == (0, b"")


@pytest.mark.parametrize("machine", MACHINES)
def test_an_interrupt_ends_a_machine_that_waits(machine: str) -> None:
    with Keyboard(["run", "-q", "--machine", machine, "cat"]) as keyboard:
        keyboard.type(b"one\n")
        keyboard.see(b"one\r\n")
        keyboard.see(b"one\r\n")
        keyboard.type(INTERRUPT)
        assert keyboard.leave() == (130, b"^C")


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_program_does_not_read_stays_with_the_terminal(machine: str, tmp_path: Path) -> None:
    program = tmp_path / "case.py"
    program.write_text(ONE_LINE)
    primary, secondary = os.openpty()
    os.write(primary, b"for the program\nfor the shell\n")
    words = [sys.executable, "-m", "exokernel", "run", "-q", "--machine", machine, str(program)]
    done = subprocess.run(words, stdin=secondary, capture_output=True, cwd=ROOT, timeout=180)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"for the program\n", b"")
    assert os.read(secondary, 64) == b"for the shell\n"
    os.close(primary)
    os.close(secondary)


def test_a_line_on_its_way() -> None:
    primary, secondary = os.openpty()
    os.write(primary, b"a" + AS_IT_IS + END + b"b\nhalf" + END + END)
    assert typed_at(secondary) == b"a\x16\x04b\n"
    assert typed_at(secondary) == b"half\x04"
    assert typed_at(secondary) == b"\x04"
    os.close(primary)
    assert typed_at(secondary) == b"\x04"  # hung up
    os.close(secondary)


def test_the_guest_is_heard_in_whatever_pieces_its_reports_come() -> None:
    terminal = Terminal(0, 1)
    for piece in (b"re", b"ad\nread\ncrash read", b"\nrea"):
        terminal.listen(piece)
    assert terminal.wanted == 2

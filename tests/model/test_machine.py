"""The real kernel and ExOS run programs under CPython: hello, files, processes, crashes."""

import io
from pathlib import Path
from typing import NamedTuple

import pytest

from exokernel.host.archive import Writer
from exokernel.model import machine
from exokernel.model.devices import Console

ORDERLY = 16  # what the kernel writes to the exit port after a program has ended
PROGRAMS = Path(__file__).parents[2] / "programs"


class Run(NamedTuple):
    code: int
    output: str
    error: str
    report: str


def run(
    tmp_path: Path,
    program: Path,
    *arguments: str,
    library: str = "exokernel.libos.exos",
    others: tuple[Path, ...] = (),
    **files: bytes,
) -> Run:
    """Run a program to its end, with files along."""
    executables = machine.load(library, [program, *others])
    stream = io.BytesIO()
    archive = Writer(stream)
    archive.add("program", executables[program.stem])
    archive.add("arguments", "".join(f"{each}\0" for each in (program.stem, *arguments)).encode())
    archive.add("environment", b"")
    for name, content in files.items():
        archive.add(name, content)
    for other in others:
        archive.add(f"bin/{other.stem}", executables[other.stem])
    archive.close()
    paths = [tmp_path / name for name in ("output", "error", "report")]
    with open(paths[0], "wb") as output, open(paths[1], "wb") as error, open(paths[2], "wb") as report:
        console = Console(output.fileno(), error.fileno(), report.fileno())
        code = machine.run(stream.getvalue(), console)
    return Run(code, *(path.read_bytes().decode() for path in paths))


def write(tmp_path: Path, text: str, name: str = "case.py") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def test_hello(tmp_path: Path) -> None:
    assert run(tmp_path, PROGRAMS / "hello.py") == Run(ORDERLY, "Hello, world!\n", "", "exit 000\n")


def test_the_smallest_library_does_without_exos(tmp_path: Path) -> None:
    result = run(tmp_path, PROGRAMS / "hello_bare.py", library="exokernel.libos.bare")
    assert result == Run(ORDERLY, "Hello, bare world!\n", "", "exit 000\n")


def test_cat_copies_files_from_the_archive(tmp_path: Path) -> None:
    large = bytes(range(1, 128)) * 100
    result = run(tmp_path, PROGRAMS / "cat.py", "small", "large", small=b"ok\n", large=large)
    assert result.output.encode() == b"ok\n" + large
    assert result.report == "exit 000\n"


TREE = """
from exokernel.libos.exos import CHILD, fork, wait
from exokernel.dialect import Array, array, u32

counters: Array[u32] = array(2000)

def grow(depth: int) -> int:
    if depth == 0:
        return 1
    total = 1
    for branch in range(2):
        counters[1500] += 1
        child = fork()
        if child == CHILD:
            counters[0] += 100
            return_status(grow(depth - 1))
        total += wait(child)
    return total

def return_status(status: int) -> None:
    from exokernel.libos.exos import leave
    leave(status)

def main() -> int:
    counters[0] = 7
    total = grow(3)
    print(total, counters[0], counters[1500])
    return 0
"""


def test_a_tree_of_processes_shares_nothing_that_is_written(tmp_path: Path) -> None:
    result = run(tmp_path, write(tmp_path, TREE))
    assert result == Run(ORDERLY, "15 7 2\n", "", "exit 000\n")


EXECUTE = """
from exokernel.libos.exos import CHILD, execute, fork, wait

def main() -> int:
    child = fork()
    if child == CHILD:
        execute("other", "one two")
    return wait(child) + 1
"""
OTHER = """
from exokernel.libos.exos import arguments

def main() -> int:
    for argument in arguments():
        print(argument)
    return 41
"""


def test_execute_puts_another_program_in_our_place(tmp_path: Path) -> None:
    other = write(tmp_path, OTHER, "other.py")
    result = run(tmp_path, write(tmp_path, EXECUTE), others=(other,))
    assert result == Run(ORDERLY, "one\ntwo\n", "", "exit 042\n")


SPIN = """
from exokernel.dialect import Array, array, u8
from exokernel.libos.exos import CHILD, fork, wait
from exokernel.libos import kernel

wasted: Array[u8] = array(8)

def spin(until: int) -> None:
    while kernel.machine().ticks < until:
        wasted[0] = 1

def main() -> int:
    child = fork()
    if child == CHILD:
        spin(6)
        print("child")
        return 1
    spin(6)
    print("parent")
    return wait(child)
"""


@pytest.mark.slow
def test_the_timer_takes_the_processor_from_those_who_do_not_yield(tmp_path: Path) -> None:
    result = run(tmp_path, write(tmp_path, SPIN))
    assert sorted(result.output.split()) == ["child", "parent"]
    assert result.report == "exit 001\n"


def test_a_fault_ends_the_process_with_a_python_traceback(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "from exokernel.dialect import Array, array, u8\ntable: Array[u8] = array(4)\n"
    text += "def main() -> int:\n    return table[len(table)]\n"
    result = run(tmp_path, write(tmp_path, text))
    assert " kind=1 " in result.report and result.report.endswith("exit 132\n")
    traceback = capfd.readouterr().err
    assert "IndexError" in traceback and "return table[len(table)]" in traceback

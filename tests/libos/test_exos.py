"""ExOS as its programs see it, on the machine of QEMU and on the model under CPython."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUESTS = Path(__file__).parent / "guests"
MACHINES = [pytest.param("qemu", marks=pytest.mark.boot), "cpython"]
SECONDS = 180


def run(
    machine: str, guest: str, *options: str, data: bytes | None = None, folder: Path = ROOT
) -> subprocess.CompletedProcess[bytes]:
    """Run a test's program, with the arguments of `exok run` before and behind its name."""
    command = [sys.executable, str(ROOT / "exok"), "run", "-q", "--machine", machine, *options, str(GUESTS / guest)]
    return subprocess.run(
        command,
        input=data,
        stdin=subprocess.DEVNULL if data is None else None,
        capture_output=True,
        cwd=folder,
        timeout=SECONDS,
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_a_child_becomes_another_program_and_its_status_comes_back(machine: str) -> None:
    ran = run(machine, "execute.py", "--with", str(GUESTS / "execute.py"))
    assert ran.stdout == b"execute was given a-word\nended with 7\nended with 127\nended with 126\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_what_children_had_comes_back(machine: str) -> None:
    ran = run(machine, "leaks.py")
    assert ran.stdout == b"0 frames more\n2 environments, 1 slice\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize("machine", [*MACHINES, "native"])
def test_memory_is_shared_until_it_is_written(machine: str) -> None:
    ran = run(machine, "sharing.py")
    assert ran.stdout == b"child 42, ours 1500 4500\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_descriptors_are_read_in_pieces_and_wrong_ones_refused(machine: str, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"hello files")
    ran = run(machine, "files.py", "-e", "COLOUR=red", "-v", "data:data", data=b"typed", folder=tmp_path)
    assert ran.stdout.splitlines() == [
        b"variable red none",
        b"size 11",
        b"5:hello 5: file 1:s ",
        b"5:typed ",
        b"missing is not found",
        b"17 is not open",
        b"output is not read",
    ], ran.stderr


@pytest.mark.parametrize("machine", MACHINES)
def test_orphans_are_reaped(machine: str) -> None:
    ran = run(machine, "orphans.py")
    assert ran.stdout == b"2 environments\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.parametrize("machine", MACHINES)
def test_embryos_of_the_dead_are_reaped_and_of_the_living_are_not(machine: str) -> None:
    ran = run(machine, "embryos.py")
    assert ran.stdout == b"1 embryo, ours\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.boot
def test_forking_without_end_harms_nobody_and_loses_nothing() -> None:
    ran = run("qemu", "bomb.py")
    assert ran.stdout == b"many, then as many\n0 frames fewer\n", ran.stderr
    assert ran.returncode == 0


@pytest.mark.boot
def test_the_end_of_a_slice_changes_nothing_for_whoever_computes() -> None:
    ran = run("qemu", "slices.py")
    assert ran.stdout == b"4 of 4 computed right\n", ran.stderr
    assert ran.returncode == 0

"""Machines really boot, their streams come through unchanged, and none is left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from exokernel.host import boot as boot_module
from exokernel.host.boot import Ending, boot
from exokernel.host.machine import POWERED_OFF, Board, Machine
from tests.host.assembly import echoing_guest, talking_guest

QEMU = "qemu-system-x86_64"
pytestmark = [pytest.mark.boot, pytest.mark.slow]


def run(tmp_path: Path, guest: bytes, seconds: float = 20, **options: object) -> Ending:
    kernel = tmp_path / "guest.elf"
    kernel.write_bytes(guest)
    return boot(Machine(str(kernel), **options), QEMU, seconds)  # type: ignore[arg-type]


@pytest.mark.parametrize("board", Board)
def test_each_stream_arrives_where_it_belongs(tmp_path: Path, board: Board, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ending = run(tmp_path, talking_guest(b"to output\n\xff\0", b"to error", b"exit 7\n"), board=board)
    assert capfdbinary.readouterr() == (b"to output\n\xff\0", b"to error")
    assert ending.report == b"exit 7\n"
    assert ending.machine_status == POWERED_OFF
    assert ending.complaint == b"" and not ending.timed_out


@pytest.mark.parametrize("counted", [False, True])
def test_much_output_loses_no_byte(tmp_path: Path, counted: bool, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    data = bytes(range(256)) * 1024
    ending = run(tmp_path, talking_guest(data, data, data), counted=counted)
    assert capfdbinary.readouterr() == (data, data)
    assert ending.report == data


def test_the_archive_reaches_the_guest(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    archive = tmp_path / "archive"
    archive.write_bytes(b"any bytes at all\0\n" * 1000)
    ending = run(tmp_path, echoing_guest(), archive=str(archive))
    assert capfdbinary.readouterr().out == archive.read_bytes()
    assert ending.report == b"exit 3\n"


def test_a_machine_that_never_ends_is_ended(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    ending = run(tmp_path, talking_guest(b"before", then="1: jmp 1b"), seconds=3)
    assert ending.timed_out and 3 <= ending.seconds < 7.5
    assert capfdbinary.readouterr().out == b"before"


def test_a_triple_fault_ends_the_machine(tmp_path: Path) -> None:
    ending = run(tmp_path, talking_guest(then="lidt data\n int3"))
    assert ending.machine_status == 0 and not ending.timed_out


def test_a_kernel_qemu_cannot_load_is_qemus_own_complaint(tmp_path: Path) -> None:
    ending = run(tmp_path, b"this is no ELF")
    assert ending.machine_status == 1
    assert b"kernel" in ending.complaint


def descendants_of(parent: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def is_alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_machine_outlives_us(tmp_path: Path, how: signal.Signals) -> None:
    kernel = tmp_path / "guest.elf"
    kernel.write_bytes(talking_guest(b"running\n", then="1: jmp 1b"))
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"  # a shell's `&` has us ignore it
    code = f"{heed}\nfrom exokernel.host.boot import boot, Machine\nboot(Machine({str(kernel)!r}), {QEMU!r})"
    root = str(Path(boot_module.__file__).parents[2])
    ours = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": root}
    )
    assert ours.stdout is not None and ours.stdout.readline() == b"running\n"
    machines = descendants_of(ours.pid)
    assert len(machines) == 1
    ours.send_signal(how)
    ours.wait(10)
    ours.stdout.close()
    for _ in range(100):
        if not is_alive(machines[0]):
            return
        time.sleep(0.02)
    pytest.fail("QEMU still runs")


def test_a_reader_who_leaves_ends_the_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, end = os.pipe()
    os.close(source)
    monkeypatch.setattr(boot_module, "STANDARD_OUTPUT", end)
    with pytest.raises(BrokenPipeError):
        run(tmp_path, talking_guest(b"nobody reads this", then="1: jmp 1b"))
    os.close(end)

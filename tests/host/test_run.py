"""`exok run` from the command line to the status, on real machines."""

import json
from pathlib import Path

import pytest

from exokernel.host.archive import members
from tests.host.assembly import echoing_guest, talking_guest
from tests.host.conftest import Exok, FakeDriver

pytestmark = pytest.mark.boot


def test_the_guests_words_and_status_are_passed_on(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(b"out\n\xff", b"err\n", b"exit 7\n")
    assert exok("run", "prog.py") == (7, b"out\n\xff", "err\n")


@pytest.mark.parametrize("board", ["microvm", "q35"])
def test_everything_is_taken_along(driver: FakeDriver, exok: Exok, board: str) -> None:
    driver.guest = echoing_guest()
    Path("README.md").write_text("read me")
    Path("other.py").write_text("pass")
    words = ["prog.py", "-e", "A=1", "-v", "README.md:docs/r", "--with", "other.py", "--board", board, "-m", "64M"]
    status, output, error = exok("run", *words, "--", "-l", "README.md", "nope", "--", "-q")
    found = {member.name: member.data for member in members(output)}
    assert (status, error) == (3, "")
    assert found["program"].endswith(Path("prog.py").read_bytes())
    assert found["arguments"] == b"prog\0-l\0README.md\0nope\0--\0-q\0"
    assert found["environment"] == b"A=1\0"
    assert found["bin/other"].endswith(b"pass")
    assert found["README.md"] == found["docs/r"] == b"read me"
    assert "nope" not in found


def test_a_program_that_takes_too_long(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(then="1: jmp 1b")
    assert exok("run", "prog.py", "--timeout", "0.3s") == (124, b"", "exok: stopped after 0.3 s (--timeout)\n")


def test_a_crash(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(report=b"crash vector=e error=6 cr2=10 rip=400000\n")
    status, _, error = exok("run", "prog.py", "--json")
    assert status == 139
    assert "MemoryFault: write of 0x10, which is not mapped" in error
    told = json.loads(error.splitlines()[-1])
    assert (told["status"], told["outcome"], told["registers"]["cr2"]) == (139, "crash", "0x10")


def test_every_crash_is_told(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(report=b"crash vector=e cr2=10\n" * 7 + b"exit 0\n")
    status, _, error = exok("run", "prog.py")
    assert status == 0
    assert error.count("MemoryFault") == 5 and "and 2 more crashes" in error


def test_a_panic(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(report=b"panic vector=d rip=ffffffff80001234 rsp=0 rax=1 rbx=2 rcx=3\n")
    status, _, error = exok("run", "prog.py")
    assert status == 134
    assert "the kernel panicked" in error and "rip ffffffff80001234" in error


def test_a_machine_that_resets_itself_did_not_succeed(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(then="lidt data\n int3")
    status, _, error = exok("run", "prog.py")
    assert status == 134 and "reset" in error


def test_what_qemu_cannot_boot(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = b"no ELF"
    status, _, error = exok("run", "prog.py")
    assert status == 125 and "exok: QEMU ended with status 1:" in error


def test_timings_name_every_phase(driver: FakeDriver, exok: Exok) -> None:
    driver.guest = talking_guest(report=b"exit 0\n")
    status, _, error = exok("run", "prog.py", "--timings", "--icount")
    assert status == 0
    assert [line.split()[1] for line in error.splitlines()] == ["setup", "compile", "image", "machine", "verdict", "total"]


def test_a_program_the_compiler_refuses(driver: FakeDriver, exok: Exok) -> None:
    Path("bad.py").write_text("# refuse")
    status, output, error = exok("run", "bad.py")
    assert (status, output) == (126, b"")
    assert "this is refused" in error and "do not" in error and "exok:" not in error


@pytest.mark.parametrize("name", ["nope.py", "nope", "built"])
def test_a_program_that_is_not_there(driver: FakeDriver, exok: Exok, name: str) -> None:
    status, output, error = exok("run", name)
    assert (status, output) == (127, b"") and f"'{name}'" in error


@pytest.mark.parametrize(
    "words",
    [
        *(["--timeout", time] for time in ("soon", "inf", "nan", "-1", "0")),
        *(["-m", "x"], ["-e", "A"], ["-e", "=1"], ["--board", "pc"], ["--nope"], ["--volume", "a"], ["-m", "1M"]),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(driver: FakeDriver, exok: Exok, words: list[str]) -> None:
    Path("big").write_bytes(bytes(1 << 20))
    status, output, error = exok("run", "prog.py", *words, "--", "big")
    assert (status, output) == (125, b"")
    assert error.startswith("exok: ") and "fix: " in error and "Traceback" not in error


def test_native_runs_on_this_machine(driver: FakeDriver, exok: Exok) -> None:
    Path("sh.py").write_text('echo "$A" "$@"; exit 5')
    assert exok("run", "sh.py", "--machine", "native", "-e", "A=1", "x", "--", "-y") == (5, b"1 x -y\n", "")
    Path("sh.py").write_text("kill -SEGV $$")
    assert exok("run", "sh.py", "--machine", "native") == (139, b"", "")
    Path("sh.py").write_text("exec sleep 10")
    status, _, error = exok("run", "sh.py", "--machine", "native", "--timeout", "0.2", "--json")
    assert status == 124 and error.startswith("exok: stopped after 0.2 s (--timeout)\n")
    assert json.loads(error.splitlines()[-1])["outcome"] == "timeout"
    Path("sh.py").write_text("echo note this >&3; exit 3")
    status, _, error = exok("run", "sh.py", "--machine", "native", "-v")
    assert status == 3 and error.endswith("exok: report: note this\nexok: report: exit 3\n")

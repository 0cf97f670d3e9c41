"""What somebody new to exok tries, and what may be wrong where they try it: nothing ends in a traceback."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exokernel.compiler import cache
from exokernel.host.command import COMMANDS
from tests.host.conftest import Exok, FakeDriver
from tests.host.keyboard import ROOT

MACHINES = ["native", pytest.param("cpython", marks=pytest.mark.slow), pytest.param("qemu", marks=[pytest.mark.boot, pytest.mark.slow])]
EXOK = [sys.executable, str(ROOT / "exok")]


def run(*words: str, folder: Path = ROOT, **options: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*EXOK, *words], cwd=folder, stdin=subprocess.DEVNULL, timeout=180, **options)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("name", COMMANDS)
def test_help_needs_no_package(name: str) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from exokernel.host import command\n"
        "def refuse(*groups): raise SystemExit('wants to install')\n"
        "command.provide_packages = refuse\n"
        f"command.main(['help', {name!r}])"
    )
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith(f"usage: exok {name}")


@pytest.mark.parametrize("machine", MACHINES)
def test_names_in_any_script(machine: str, tmp_path: Path) -> None:
    folder = tmp_path / "ünï cødé"
    folder.mkdir()
    (folder / "prög räm.py").write_text("def main() -> int:\n    null = 0\n    print('größe')\n    return 1 // null\n")
    (folder / "ein ß.py").write_text("from exokernel.libos.exos import arguments\n\ndef main() -> int:\n    for word in arguments():\n        print(word)\n    return 0\n")
    done = run("run", "--machine", machine, "ein ß.py", "--", "wörd", folder=folder, capture_output=True)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, "wörd\n", b"")
    done = run("run", "--machine", machine, "prög räm.py", folder=folder, capture_output=True)
    said = done.stderr.decode()
    assert (done.returncode, done.stdout.decode()) == (132, "größe\n")
    assert 'prög räm.py", line 4, in main\n    return 1 // null\n' in said and "ZeroDivisionError" in said


@pytest.mark.parametrize("machine", MACHINES)
def test_a_reader_who_has_seen_enough(machine: str, tmp_path: Path) -> None:
    (tmp_path / "lines.py").write_text("def main() -> int:\n    for number in range(20000):\n        print(number)\n    return 0\n")
    source, end = os.pipe()
    os.close(source)
    done = run("run", "--machine", machine, "lines.py", folder=tmp_path, stdout=end, stderr=subprocess.PIPE)
    os.close(end)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("machine", MACHINES[1:])
def test_a_disk_that_is_full(machine: str) -> None:
    with open("/dev/full", "wb") as full:
        done = run("run", "--machine", machine, "hello", stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 125
    assert done.stderr == b"exok: the program's output cannot be written: No space left on device\n"


REFUSED = [
    ("", "has no function `main`"),
    ("def main() -> int:\n    retrun 0\n", "invalid syntax"),
    ("from nothere import x\n\ndef main() -> int:\n    return x\n", "nothere"),
    ("def main() -> int:\n    print('\udcff')\n    return 0\n", "0xff"),
]


@pytest.mark.parametrize("text, said", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("machine", ["native", "cpython"])
def test_what_is_no_program(machine: str, text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "case.py").write_bytes(text.encode(errors="surrogateescape"))
    done = run("run", "--machine", machine, "case.py", folder=tmp_path, capture_output=True)
    error = done.stderr.decode(errors="replace")
    assert (done.returncode, done.stdout) == (126, b"")
    assert said in error and "case.py" in error and "exokernel/" not in error


def test_no_name_at_all(exok: Exok) -> None:
    status, output, error = exok("run", "")
    assert (status, output) == (127, b"") and error.startswith("exok: a program's name is missing\n  fix: name a file")


def test_an_option_of_the_programs_before_the_dashes(driver: FakeDriver, exok: Exok) -> None:
    status, _, error = exok("run", "prog.py", "-l", "README.md")
    assert status == 125 and "exok run --help, or put what is the program's behind --: -- -l README.md" in error


@pytest.mark.parametrize("size, fix", [("8", "-m 192M"), ("8G", "-m 4096M"), ("1T", "-m 4096M")])
def test_a_machine_too_small_or_too_large(driver: FakeDriver, exok: Exok, size: str, fix: str) -> None:
    status, _, error = exok("run", "prog.py", "-m", size)
    assert status == 125 and error.endswith(f"fix: {fix}\n")


@pytest.mark.boot
def test_more_is_told_when_it_is_asked_for(driver: FakeDriver, exok: Exok) -> None:
    status, _, error = exok("run", "prog.py", "-v")
    images, machine = error.splitlines()[:2], error.splitlines()[2]
    assert [line.split(": ")[1] for line in images] == ["kernel", "prog"]
    assert images[0].endswith("(compiled)") and images[1].endswith("(from the cache)")
    assert "qemu-system-x86_64 -M microvm" in machine and "kernel.elf" in machine
    assert status != 0  # there is no guest


def test_a_cache_that_is_full(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, target: str = "exokernel") -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(driver, "build_program", fail)
    status, _, error = exok("run", "prog.py")
    assert status == 125 and "No space left on device; exok keeps there" in error and "fix: make room" in error


def test_a_draft_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(draft: object, path: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exokernel.compiler.cache.os.replace", fail)
    with pytest.raises(KeyboardInterrupt):
        cache.write(tmp_path / "image", b"ELF")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.boot
def test_a_qemu_that_will_not_do(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("qemu-system-x86_64").write_text("#!/bin/sh\necho 'microvm: unsupported machine type' >&2; exit 1\n")
    Path("qemu-system-x86_64").chmod(0o755)
    monkeypatch.setenv("PATH", f"{Path.cwd()}:{os.environ['PATH']}")
    status, _, error = exok("run", "prog.py")
    assert status == 125
    assert error.startswith("exok: QEMU ended with status 1: microvm: unsupported machine type\n  fix: exok doctor")


def test_two_at_once_in_a_cold_checkout(tmp_path: Path) -> None:
    (tmp_path / "case.py").write_text("def main() -> int:\n    print('once')\n    return 0\n")
    words = [*EXOK, "run", "--machine", "native", str(tmp_path / "case.py")]
    runs = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(3)]
    assert [run.communicate(timeout=180) for run in runs] == [(b"once\n", b"")] * 3

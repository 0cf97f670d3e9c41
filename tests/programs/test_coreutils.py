"""wc, cat and grep print what GNU's do, byte for byte, and end with the same status."""

from pathlib import Path

import pytest

from exokernel.host.command import main
from tests.programs.conftest import exok, gnu

WC = [
    ["text"],
    ["text", "empty", "newline", "binary", "latin", "long"],
    ["-l", "text"],
    ["-lw", "long", "text"],
    ["-c", "binary"],
    ["text", "-w"],
    ["nope"],
    ["text", "nope", "empty", "folder"],
    ["-l", "folder"],
    ["text", "/dev/null"],
    ["-c", "/dev/null"],
    ["--", "-dash"],
    ["-x", "text"],
    ["text", "-l", "--bogus", "-x"],
    ["--", "--help"],
]
WC_INPUT = [([], b"some words\nhere\n"), (["-l"], b"x\ny"), (["text", "-"], b"a b c\n"), ([], b"")]
CAT = [["text"], ["text", "empty", "binary", "latin"], ["nope", "folder", "/dev/null", "text"], ["-x"], ["--bogus=2"], ["text", "-ux"], ["--", "-dash"]]
GREP = [
    ["five", "text"],
    ["again", "text", "long", "empty"],
    ["-c", "line", "long", "text"],
    ["-n", "o", "text"],
    ["-vn", "four", "text", "newline"],
    ["-v", "", "text"],
    ["", "text"],
    ["absent", "text"],
    ["x", "nope", "folder", "/dev/null", "text"],
    ["x" * 300, "text"],
    ["o", "binary", "text"],
    ["-c", "A", "binary"],
    ["-cj", "text"],
    ["--bogus", "text"],
    [],
]


def same(machine: str, name: str, arguments: list[str], data: bytes | None, folder: Path) -> None:
    theirs = gnu(name, ["-F", *arguments] if name == "grep" else arguments, data, folder)
    ours = exok(machine, f"{name}.py", arguments, data, folder)
    assert ours.stdout == theirs.stdout
    assert ours.stderr == theirs.stderr
    assert ours.returncode == theirs.returncode


@pytest.mark.parametrize("arguments", WC, ids=" ".join)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_wc_counts_files(machine: str, arguments: list[str], folder: Path) -> None:
    same(machine, "wc", arguments, None, folder)


@pytest.mark.parametrize("arguments, data", WC_INPUT)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_wc_counts_its_input(machine: str, arguments: list[str], data: bytes, folder: Path) -> None:
    same(machine, "wc", arguments, data, folder)


@pytest.mark.parametrize(
    "name, arguments", [("wc", WC[7]), ("cat", CAT[2]), ("grep", GREP[3]), ("grep", GREP[10])], ids=str
)
def test_the_same_under_cpython(name: str, arguments: list[str], folder: Path) -> None:
    same("cpython", name, arguments, None, folder)


@pytest.mark.parametrize("arguments", CAT, ids=" ".join)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_cat_prints_files(machine: str, arguments: list[str], folder: Path) -> None:
    same(machine, "cat", arguments, None, folder)


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_cat_prints_its_input(machine: str, folder: Path) -> None:
    same(machine, "cat", ["text", "-"], bytes(range(256)) * 40, folder)


@pytest.mark.parametrize("arguments", GREP, ids=" ".join)
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_grep_finds_lines(machine: str, arguments: list[str], folder: Path) -> None:
    same(machine, "grep", arguments, None, folder)


@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_grep_searches_its_input(machine: str, folder: Path) -> None:
    same(machine, "grep", ["-n", "two"], b"one\ntwo\ntwo and three", folder)


@pytest.mark.parametrize("name", ["wc", "cat", "grep"])
@pytest.mark.parametrize("machine", ["native", pytest.param("qemu", marks=pytest.mark.boot)])
def test_the_help_that_complaints_point_to_is_there(machine: str, name: str, folder: Path) -> None:
    for arguments in (["--help"], ["text", "--help"]):
        ran = exok(machine, f"{name}.py", arguments, None, folder)
        assert ran.stdout.startswith(f"Usage: {name} [".encode()) and (ran.stderr, ran.returncode) == (b"", 0)
    if name == "wc":
        ran = exok(machine, "wc.py", ["--version"], None, folder)
        assert (ran.stdout, ran.returncode) == (b"", 1)
        assert ran.stderr == b"wc: unrecognized option '--version'\nTry 'wc --help' for more information.\n"


@pytest.mark.boot
def test_a_file_that_may_not_be_read(folder: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setattr("exokernel.host.cargo.os.access", lambda path, mode: str(path) != "empty")  # root may read all
    for name, expected in (("wc", b"1 0 1 newline\n1 0 1 total\n"), ("cat", b"\n")):
        assert main(["run", "-q", name, "--", "empty", "newline"]) == 1
        output, error = capfdbinary.readouterr()
        assert error == f"{name}: empty: Permission denied\n".encode()
        assert output == expected

"""What a program takes along, in the order the guest expects."""

import errno
import io
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from exokernel.host.archive import MAGIC, members
from exokernel.host.cargo import Cargo, may_be_opened, pack, standard_input, terminal_of
from exokernel.host.errors import ToolError


def packed(cargo: Cargo, standard_input: bytes | None = None) -> dict[str, bytes]:
    descriptor = pack(cargo, None if standard_input is None else io.BytesIO(standard_input))
    try:
        return {member.name: member.data for member in members(os.pread(descriptor, 1 << 30, 0))}
    finally:
        os.close(descriptor)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "program.elf").write_bytes(b"ELF")
    return tmp_path / "program.elf"


def test_a_bare_program(program: Path) -> None:
    assert packed(Cargo(program, "hello")) == {"program": b"ELF", "arguments": b"hello\0"}


def test_all_of_it_in_order(program: Path) -> None:
    Path("README.md").write_text("read me")
    Path("folder").mkdir()
    Path("folder/deep").write_text("deep")
    cargo = Cargo(
        program,
        "wc",
        ["-l", "README.md", "nope", "folder", "README.md"],
        ["A=1", "B="],
        [("cat", program)],
        [("folder", "data"), ("README.md", "copy")],
    )
    found = packed(cargo, b"typed")
    assert list(found.items()) == [
        ("program", b"ELF"),
        ("arguments", b"wc\0-l\0README.md\0nope\0folder\0README.md\0"),
        ("environment", b"A=1\0B=\0"),
        ("input", b"typed"),
        ("bin/cat", b"ELF"),
        ("data/deep", b"deep"),
        ("copy", b"read me"),
        ("README.md", b"read me"),
        ("folder", b""),
    ]


@pytest.mark.parametrize("name", ["program", "arguments", "environment", "input"])
def test_the_archives_own_names_are_not_the_users(program: Path, name: str) -> None:
    Path(name).write_text("mine")
    with pytest.raises(ToolError) as caught:
        packed(Cargo(program, "wc", [name]))
    assert f"./{name}" in caught.value.fix
    assert packed(Cargo(program, "wc", [f"./{name}"]))[f"./{name}"] == b"mine"


def test_a_volume_that_is_not_there(program: Path) -> None:
    with pytest.raises(ToolError, match="there is no file or folder nope"):
        packed(Cargo(program, "wc", volumes=[("nope", "x")]))


def test_a_file_that_cannot_be_read(program: Path) -> None:
    with pytest.raises(ToolError, match="No such file"):
        packed(Cargo(Path("gone.elf"), "wc"))


def test_standard_input_that_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"skipped kept")
    with open(tmp_path / "file", "rb", buffering=0) as file:
        file.seek(8)
        found = standard_input(file.fileno())
        assert found is not None and found.read() == b"kept"
    source, end = os.pipe()
    os.write(end, b"through a pipe")
    os.close(end)
    found = standard_input(source)
    assert found is not None and found.read() == b"through a pipe"
    os.close(source)
    primary, terminal = os.openpty()
    found = standard_input(terminal)
    assert found is not None and terminal_of(found) == terminal
    os.close(primary)
    os.close(terminal)
    assert standard_input(terminal) is None
    with open(os.devnull) as nothing:
        assert standard_input(nothing.fileno()) is None


def test_a_terminal_is_not_waited_for(program: Path) -> None:
    primary, terminal = os.openpty()
    descriptor = pack(Cargo(program, "cat"), standard_input(terminal))
    found = {member.name: member.data for member in members(os.pread(descriptor, 1 << 30, 0))}
    assert found["input"] == b""
    for each in (primary, terminal, descriptor):
        os.close(each)


def kinds(cargo: Cargo) -> dict[str, int]:
    """The mode of every member of an archive."""
    descriptor = pack(cargo, None)
    archive = os.pread(descriptor, 1 << 30, 0)
    os.close(descriptor)
    starts = {member.name: archive.rindex(MAGIC, 0, member.offset) for member in members(archive)}
    return {name: int(archive[start + 14 : start + 22], 16) for name, start in starts.items()}


def test_the_guest_is_told_what_a_path_leads_to(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("read me")
    Path("secret").write_text("do not")
    Path("folder").mkdir()
    os.symlink("loop", "loop")
    monkeypatch.setattr(os, "access", lambda path, mode: path != Path("secret"))
    words = ["file", "secret", "folder", os.devnull, "loop", "file/below", "long" * 100, "/dev/zero"]
    found = kinds(Cargo(program, "wc", words))
    assert list(found) == ["program", "arguments", "file", "secret", "folder", os.devnull]
    assert found["file"] == stat.S_IFREG | 0o644
    assert found["secret"] == stat.S_IFREG
    assert found["folder"] == stat.S_IFDIR | 0o644
    assert found[os.devnull] == stat.S_IFCHR | 0o644
    assert packed(Cargo(program, "wc", ["secret"]))["secret"] == b""


def test_a_named_pipe_is_read_to_its_end(program: Path) -> None:
    os.mkfifo("pipe")
    with ThreadPoolExecutor() as pool:
        written = pool.submit(Path("pipe").write_bytes, b"through a pipe")
        assert packed(Cargo(program, "wc", ["pipe"]))["pipe"] == b"through a pipe"
        assert written.result() == 14


def test_a_path_that_cannot_even_be_looked_at_cannot_be_read(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: object) -> os.stat_result:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("exokernel.host.cargo.os.stat", refuse)
    assert may_be_opened("closed/file")

"""Archives: every member on a page, readable by GNU cpio, and the same out as in."""

import io
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.host.archive import LARGEST, PAGE, TooLarge, Writer, members

names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=300).filter(
    lambda name: name != "TRAILER!!!"
)


def archive_of(files: list[tuple[str, bytes]], copied: bool = False) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream)
    for name, data in files:
        if copied:
            writer.copy(name, io.BytesIO(data))
        else:
            writer.add(name, data)
    writer.close()
    return stream.getvalue()


@given(st.lists(st.tuples(names, st.binary(max_size=9000)), max_size=6))
def test_what_goes_in_comes_out_on_pages(files: list[tuple[str, bytes]]) -> None:
    archive = archive_of(files)
    found = list(members(archive))
    assert [(member.name, member.data) for member in found] == files
    assert all(member.offset % PAGE == 0 for member in found)


@given(st.lists(st.tuples(names, st.binary(max_size=9000)), max_size=6))
def test_copying_a_stream_is_the_same_as_adding_its_bytes(files: list[tuple[str, bytes]]) -> None:
    assert archive_of(files, copied=True) == archive_of(files)


def test_an_archive_may_begin_anywhere_in_its_stream() -> None:
    stream = io.BytesIO(b"before")
    stream.seek(6)
    writer = Writer(stream)
    writer.add("a", b"data")
    writer.close()
    assert stream.getvalue()[6:] == archive_of([("a", b"data")])


def test_what_the_format_cannot_hold_is_refused() -> None:
    with pytest.raises(TooLarge):
        Writer(io.BytesIO()).begin("huge", LARGEST + 1, PAGE)


@pytest.mark.parametrize("damaged", [b"", b"070707" + bytes(200), archive_of([("a", b"x" * 100)])[:4100]])
def test_what_is_no_archive_is_refused(damaged: bytes) -> None:
    with pytest.raises(ValueError):
        list(members(damaged))


def test_names_that_are_no_text_keep_their_bytes() -> None:
    name = b"\xff\xfe".decode(errors="surrogateescape")
    assert next(members(archive_of([(name, b"")]))).name == name


@pytest.mark.skipif(shutil.which("cpio") is None, reason="GNU cpio is not installed")
def test_gnu_cpio_reads_it(tmp_path: Path) -> None:
    files = [("program", bytes(range(256)) * 40), ("empty", b""), ("a name, with spaces", b"text\n")]
    subprocess.run(["cpio", "-id", "--quiet"], input=archive_of(files), cwd=tmp_path, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == dict(files)

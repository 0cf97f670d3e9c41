"""What a program takes along: its archive, put together from what stands on the command line.

The order of the members is part of the boot contract: `program`, then `arguments`,
`environment` and `input` where there are any, the other programs as `bin/NAME`, then files
under the names the program will open them by. The archive lies in memory of ours
without a name, so nothing has to be cleaned up.
"""

import errno
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from exokernel.host.archive import TooLarge, Writer
from exokernel.host.errors import ToolError

PROGRAM, ARGUMENTS, ENVIRONMENT, INPUT = "program", "arguments", "environment", "input"
RESERVED = (PROGRAM, ARGUMENTS, ENVIRONMENT, INPUT)
PROGRAMS = "bin"
PERMISSIONS = 0o644  # of all members but those the caller may not read


class Cargo(NamedTuple):
    program: Path  # ELF of the first environment
    name: str  # argument 0
    arguments: Sequence[str] = ()
    environment: Sequence[str] = ()  # NAME=VALUE
    others: Sequence[tuple[str, Path]] = ()  # name and ELF of further programs
    volumes: Sequence[tuple[str, str]] = ()  # host path, guest path


def pack(cargo: Cargo, given: BinaryIO | None) -> int:
    """Make the archive, with what was given as standard input, and give its descriptor, which the caller closes.

    What comes from a file or pipe is read to its end. A terminal is not waited for: nobody
    can know before the program runs whether it will read. Its member says what it is.

    Raises:
        ToolError: a file cannot be read, is too large, or has a reserved name.
    """
    descriptor = os.memfd_create("archive")
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            writer = Writer(stream)
            copy_file(writer, PROGRAM, cargo.program)
            writer.add(ARGUMENTS, joined([cargo.name, *cargo.arguments]))
            if cargo.environment:
                writer.add(ENVIRONMENT, joined(cargo.environment))
            if given is not None and given.isatty():
                writer.add(INPUT, b"", stat.S_IFCHR | PERMISSIONS)
            elif given is not None:
                copy_stream(writer, INPUT, given)
            for name, path in cargo.others:
                copy_file(writer, f"{PROGRAMS}/{name}", path)
            for name, path in taken_along(cargo).items():
                copy_path(writer, name, path)
            writer.close()
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def joined(words: Iterable[str]) -> bytes:
    return b"".join(word.encode(errors="surrogateescape") + b"\0" for word in words)


def taken_along(cargo: Cargo) -> dict[str, Path]:
    """Name in the archive and path of all that the program can open, each name once."""
    found: dict[str, Path] = {}
    for source, target in cargo.volumes:
        found.update(volume(Path(source), target))
    for word in cargo.arguments:
        if may_be_opened(word):
            found.setdefault(word, Path(word))
    for name in RESERVED:
        if name in found:
            raise ToolError(f"the archive itself has a member '{name}'", f"call the file './{name}'")
    return found


def may_be_opened(word: str) -> bool:
    """Whether an argument names something that a program can open, or may not."""
    try:
        status = os.stat(word)
    except OSError as error:
        return error.errno == errno.EACCES
    nothing = stat.S_ISCHR(status.st_mode) and os.path.samestat(status, os.stat(os.devnull))
    return nothing or stat.S_IFMT(status.st_mode) in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFIFO)


def copy_path(writer: Writer, name: str, path: Path) -> None:
    """Add what a path leads to: all that can be read there, or that it is a folder, or that it cannot be read."""
    if os.path.isdir(path):
        writer.add(name, b"", stat.S_IFDIR | PERMISSIONS)
    elif os.access(path, os.R_OK):
        copy_file(writer, name, path)
    else:
        writer.add(name, b"", stat.S_IFREG)


def volume(source: Path, target: str) -> Iterator[tuple[str, Path]]:
    """The files of `-v SRC:DST`: one file under the name DST, or all of a folder's below DST."""
    if os.path.isfile(source):
        yield target, source
    elif os.path.isdir(source):
        for path in sorted(source.rglob("*")):
            if os.path.isfile(path):
                yield f"{target.rstrip('/')}/{path.relative_to(source)}", path
    else:
        raise ToolError(f"-v {source}:{target}: there is no file or folder {source}")


def standard_input(descriptor: int = 0) -> BinaryIO | None:
    """Standard input, when it is a file, a pipe, a socket or a terminal; of anything else the program finds it empty."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:  # it is closed
        return None
    if stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor):
        return open(descriptor, "rb", buffering=0, closefd=False)
    return None


def terminal_of(given: BinaryIO | None) -> int | None:
    """The descriptor of standard input, when that is a terminal."""
    return given.fileno() if given is not None and given.isatty() else None


def copy_file(writer: Writer, name: str, path: Path) -> None:
    try:
        with open(path, "rb") as source:
            copy_stream(writer, name, source)
    except OSError as error:
        raise ToolError(f"{path}: {error.strerror}") from error


def copy_stream(writer: Writer, name: str, source: BinaryIO) -> None:
    try:
        writer.copy(name, source, kind_of(source) | PERMISSIONS)
    except TooLarge as error:
        raise ToolError(f"'{name}' has 4 GiB or more, which the archive cannot hold") from error


def kind_of(source: BinaryIO) -> int:
    """Whether bytes come from a file, a pipe or a socket: the kind in a mode. Bytes in memory count as a file."""
    try:
        return stat.S_IFMT(os.fstat(source.fileno()).st_mode)
    except OSError:  # it has no descriptor
        return stat.S_IFREG

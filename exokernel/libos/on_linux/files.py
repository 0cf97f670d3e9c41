"""Descriptors, which are those of Linux, and the ways to read what they stand for."""

from collections.abc import Iterator
from typing import NewType

from exokernel.dialect import Array, array, u8
from exokernel.libos.arch.x86_64.memory import bytes_from, octets_from
from exokernel.libos.errors import HeapExhausted, IsDirectory, NotFound, NotOpen, NotReadable, TooManyOpen
from exokernel.libos.on_linux.arch.system import (
    CHARACTERS,
    CLOSE,
    DIRECTORY,
    FILE_KIND,
    REGULAR,
    FileStatus,
    call,
    open_named,
    read_into,
    status_of,
)
from exokernel.libos.on_linux.heap import allocate
from exokernel.libos.on_linux.output import flush_all

Descriptor = NewType("Descriptor", int)

INPUT = Descriptor(0)
OUTPUT = Descriptor(1)
ERRORS = Descriptor(2)
BLOCK = 0x10000  # bytes that `blocks` yields at a time
LONGEST_PATH = 4096  # bytes, with the NUL
NOT_PERMITTED, TOO_MANY_FILES = -13, -24  # EACCES, EMFILE


block: Array[u8] = array(BLOCK)
path: Array[u8] = array(LONGEST_PATH)


def terminated(name: bytes) -> None:
    """Write a name with a NUL behind it into `path`. Raises NotFound when it is too long to be a file's."""
    if len(name) >= LONGEST_PATH:
        raise NotFound
    path[: len(name)] = name
    path[len(name)] = 0


def open_file(name: str) -> Descriptor:
    """Open a file for reading.

    Raises:
        NotFound: there is none of this name.
        IsDirectory: it is one.
        NotReadable: Linux does not let us.
        TooManyOpen: close one first.
    """
    terminated(name.encode())
    descriptor = open_named(path)
    if descriptor == TOO_MANY_FILES:
        raise TooManyOpen
    if descriptor == NOT_PERMITTED:
        raise NotReadable
    if descriptor < 0:
        raise NotFound
    if kind_of(Descriptor(descriptor)) == DIRECTORY:
        close(Descriptor(descriptor))
        raise IsDirectory
    return Descriptor(descriptor)


def close(file: Descriptor) -> None:
    """Close a descriptor. Raises NotOpen."""
    if call(CLOSE, file, 0, 0) < 0:
        raise NotOpen


def size_of_file(file: Descriptor) -> int:
    """How many bytes a file has, whether they were read or not. Raises NotOpen."""
    status = FileStatus()
    if status_of(file, status) < 0:
        raise NotOpen
    return status.size


def is_regular(file: Descriptor) -> bool:
    """Whether a descriptor is a file whose size says how much there is to read, not a stream."""
    return kind_of(file) == REGULAR


def kind_of(file: Descriptor) -> int:
    """The kind of file in its mode; 0 when there is none."""
    status = FileStatus()
    return status.mode & FILE_KIND if status_of(file, status) >= 0 else 0


def read(file: Descriptor, buffer: Array[u8]) -> int:
    """Read the next bytes into a buffer, and answer how many; 0 at the end. Raises NotOpen.

    Whoever is to type them sees first what we have printed.
    """
    if kind_of(file) == CHARACTERS:
        flush_all()
    count = read_into(file, buffer)
    if count < 0:
        raise NotOpen
    return count


def blocks(file: Descriptor) -> Iterator[bytes]:
    """Yield all that is left to read, piece by piece; each is good until the next. Raises NotOpen."""
    while True:
        count = read(file, block)
        if count == 0:
            break
        yield bytes(block[:count])


def content(file: Descriptor) -> bytes:
    """All that is left to read, in one piece. Raises NotOpen, also when it does not fit the heap."""
    try:
        start = allocate(0)
        size = 0
        while True:
            allocate(BLOCK)  # the heap grows without gaps
            count = read(file, octets_from(start + size, BLOCK))
            if count == 0:
                return bytes_from(start, size)
            size += count
    except HeapExhausted:
        raise NotOpen

"""Descriptors: the console's streams and the read-only files of the boot archive.

Files are not copied to be read: their frames are mapped when they are touched, and `blocks`
yields the bytes where they lie. Standard input is the archive's member `input`, and empty
when there is none; the member may say that it is a terminal, which is read line by line.
There is no writing but to the console, and no looking into directories.
"""

from collections.abc import Iterator
from typing import NewType

from exokernel.dialect import Array, Enumeration, Record, array, u8
from exokernel.libos.arch.x86_64.memory import address_of_octets, bytes_from, octets_from
from exokernel.libos.errors import HeapExhausted, IsDirectory, NotFound, NotOpen, NotReadable, TooManyOpen
from exokernel.libos.exos.archive import CHARACTERS, DIRECTORY, REGULAR, find
from exokernel.libos.exos.heap import allocate
from exokernel.libos.exos.terminal import LONGEST, line, read_line

Descriptor = NewType("Descriptor", int)

INPUT = Descriptor(0)
OUTPUT = Descriptor(1)
ERRORS = Descriptor(2)
DESCRIPTORS = 32  # open at the same time
BLOCK = 0x10000  # bytes that `blocks` yields at a time
STANDARD_INPUT = b"input"  # member of the archive


class Kind(Enumeration, bits=8):
    CLOSED = 0
    FILE = 1
    TERMINAL = 2


class Opened(Record):
    """What one descriptor stands for."""

    kind: Kind = Kind.CLOSED
    address: int = 0  # of the first byte; of a terminal's, the first of the present line
    size: int = 0  # bytes; of a terminal's, those of the present line
    position: int = 0  # bytes read so far, of as many
    regular: bool = False  # not a pipe that came to its end before we began


table: Array[Opened] = array(DESCRIPTORS)


def open_file(name: str) -> Descriptor:
    """Open a file of the archive for reading.

    Raises:
        NotFound: there is none of this name.
        IsDirectory: it is one.
        NotReadable: its owner did not let the host read it.
        TooManyOpen: close one first.
    """
    member = find(name.encode())
    if member.kind == DIRECTORY:
        raise IsDirectory
    if not member.readable:
        raise NotReadable
    for number in range(ERRORS + 1, DESCRIPTORS):
        if table[number].kind == Kind.CLOSED:
            table[number] = Opened(kind=Kind.FILE, address=member.address, size=member.size, regular=member.kind == REGULAR)
            return Descriptor(number)
    raise TooManyOpen


def close(file: Descriptor) -> None:
    """Close a descriptor. Raises NotOpen."""
    opened(file).kind = Kind.CLOSED


def opened(file: Descriptor) -> Opened:
    """What can be read through a descriptor. Raises NotOpen."""
    if not 0 <= file < DESCRIPTORS:
        raise NotOpen
    if table[file].kind == Kind.CLOSED:
        if file != INPUT:
            raise NotOpen
        open_input()
    return table[file]


def open_input() -> None:
    """Find standard input; without any, it is empty."""
    try:
        member = find(STANDARD_INPUT)
        if member.kind == CHARACTERS:
            table[INPUT] = Opened(kind=Kind.TERMINAL, address=address_of_octets(line))
            return
        table[INPUT] = Opened(kind=Kind.FILE, address=member.address, size=member.size, regular=member.kind == REGULAR)
    except NotFound:
        table[INPUT] = Opened(kind=Kind.FILE)


def size_of_file(file: Descriptor) -> int:
    """How many bytes a file has, whether they were read or not. Raises NotOpen."""
    return opened(file).size


def is_regular(file: Descriptor) -> bool:
    """Whether a descriptor is a file whose size says how much there is to read, not a stream."""
    try:
        return opened(file).regular
    except NotOpen:
        return False


def read(file: Descriptor, buffer: Array[u8]) -> int:
    """Copy the next bytes into a buffer, and answer how many; 0 at the end. Raises NotOpen."""
    source = opened(file)
    if not is_more(source):
        return 0
    count = min(len(buffer), source.size - source.position)
    buffer[:count] = bytes_from(source.address + source.position, count)
    source.position += count
    return count


def blocks(file: Descriptor) -> Iterator[bytes]:
    """Yield all that is left to read, piece by piece, without copying it; each is good until the next. Raises NotOpen."""
    source = opened(file)
    while is_more(source):
        count = min(BLOCK, source.size - source.position)
        start = source.address + source.position
        source.position += count
        yield bytes_from(start, count)


def content(file: Descriptor) -> bytes:
    """All that is left to read, in one piece. Raises NotOpen, also when what is typed does not fit the heap."""
    source = opened(file)
    if source.kind == Kind.TERMINAL:
        return all_typed(source)
    start = source.address + source.position
    left = source.size - source.position
    source.position = source.size
    return bytes_from(start, left)


def is_more(source: Opened) -> bool:
    """Whether there is something left to read, once a terminal's next line is there."""
    if source.position == source.size and source.kind == Kind.TERMINAL:
        source.position = 0
        source.size = read_line()
    return source.position < source.size


def all_typed(source: Opened) -> bytes:
    """All lines up to the end of the input, next to each other on the heap. Raises NotOpen."""
    try:
        start = allocate(0)
        size = 0
        while is_more(source):
            allocate(LONGEST)  # the heap grows without gaps
            count = source.size - source.position
            octets_from(start + size, count)[:] = line[source.position : source.size]
            source.position = source.size
            size += count
        return bytes_from(start, size)
    except HeapExhausted:
        raise NotOpen

"""The boot archive: a `cpio newc` file whose every member's data begins on a page.

A member's name is padded with NULs up to the next page boundary, which every reader of
the format takes for the end of the name, so GNU cpio and Linux read it too. The guest can
then map a member's data straight out of the archive. A directory is a name and nothing else.
[cpio(5), New ASCII Format; Linux, driver-api/early-userspace/buffer-format]
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAGIC = b"070701"
FIELDS = 13  # numbers of 8 hexadecimal digits after the magic
HEADER = len(MAGIC) + 8 * FIELDS  # bytes
FILE_SIZE, NAME_SIZE = 6, 11  # which of the fields
REGULAR_FILE = 0o100644
TRAILER = "TRAILER!!!"
PAGE = 4096
ALIGNMENT = 4  # of headers and data in the format itself
CHUNK = 1 << 20  # bytes copied at a time
LARGEST = 0xFFFF_FFFF  # bytes of one member


class TooLarge(Exception):
    """A member does not fit the format's 32-bit size."""


class Writer:
    """Writes members one after the other to `stream`, which must be able to seek."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.start = stream.tell()
        self.members = 0

    def add(self, name: str, data: bytes, mode: int = REGULAR_FILE) -> None:
        self.begin(name, len(data), PAGE, mode)
        self.stream.write(data)
        self.align(ALIGNMENT)

    def copy(self, name: str, source: BinaryIO, mode: int = REGULAR_FILE) -> int:
        """Add all that `source` gives up to its end, and say how many bytes that were.

        `mode` tells the guest what kind of file the bytes came from.

        Raises:
            TooLarge: it gives 4 GiB or more.
        """
        header = self.stream.tell()
        self.begin(name, 0, PAGE, mode)
        size = 0
        while chunk := source.read(CHUNK):
            size += len(chunk)
            if size > LARGEST:
                raise TooLarge(name)
            self.stream.write(chunk)
        end = self.stream.tell()
        self.stream.seek(header + len(MAGIC) + 8 * FILE_SIZE)
        self.stream.write(b"%08X" % size)
        self.stream.seek(end)
        self.align(ALIGNMENT)
        return size

    def close(self) -> None:
        """Write the end mark; the stream stays open."""
        self.begin(TRAILER, 0, ALIGNMENT)
        self.stream.flush()

    def begin(self, name: str, size: int, alignment: int, mode: int = REGULAR_FILE) -> None:
        """Write a header and a name padded so that what follows is aligned in the file."""
        if size > LARGEST:
            raise TooLarge(name)
        encoded = name.encode(errors="surrogateescape") + b"\0"
        position = self.stream.tell() - self.start
        padding = -(position + HEADER + len(encoded)) % alignment
        self.members += 1
        inode, links = (0, 1) if name == TRAILER else (self.members, 1)
        numbers = [inode, mode, 0, 0, links, 0, size, 0, 0, 0, 0, len(encoded) + padding, 0]
        self.stream.write(MAGIC + b"".join(b"%08X" % number for number in numbers))
        self.stream.write(encoded + bytes(padding))

    def align(self, alignment: int) -> None:
        position = self.stream.tell() - self.start
        self.stream.write(bytes(-position % alignment))


class Member(NamedTuple):
    name: str
    offset: int  # of the data in the archive
    data: bytes


def members(archive: bytes) -> Iterator[Member]:
    """The members of an archive, in order, without the end mark.

    Raises:
        ValueError: it is not a `cpio newc` archive, or it is cut short.
    """
    position = 0
    while True:
        if archive[position : position + len(MAGIC)] != MAGIC:
            raise ValueError(f"no header at offset {position}")
        digits = archive[position + len(MAGIC) : position + HEADER]
        numbers = [int(digits[at : at + 8], 16) for at in range(0, 8 * FIELDS, 8)]
        name_end = position + HEADER + numbers[NAME_SIZE]
        name = archive[position + HEADER : name_end].split(b"\0")[0].decode(errors="surrogateescape")
        if name == TRAILER:
            return
        data = name_end + -name_end % ALIGNMENT
        end = data + numbers[FILE_SIZE]
        if end > len(archive):
            raise ValueError(f"'{name}' is cut short")
        yield Member(name, data, archive[data:end])
        position = end + -end % ALIGNMENT

"""The boot archive: files found by name, their bytes where they lie in memory.

A `cpio newc` archive whose every member begins on a page, so a file is mapped by naming its
frames. It is read-only and parsed anew at each search; an archive that is damaged ends
where the damage is. [cpio(5), New ASCII Format]
"""

from typing import NamedTuple

from exokernel.abi.layout import ARCHIVE
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import bytes_from
from exokernel.libos.errors import NotFound

MAGIC = b"070701"
HEADER = 110  # bytes
MODE_DIGITS = 14  # offset of the member's kind and permissions
SIZE_DIGITS = 54  # offset of its size
NAME_DIGITS = 94  # offset of the length of its name
DIGITS = 8
FILE_KIND, REGULAR, DIRECTORY, CHARACTERS = 0xF000, 0x8000, 0x4000, 0x2000  # of a mode
READABLE = 0x100
ALIGNMENT = 4  # of headers and data
TRAILER = b"TRAILER!!!"


class Member(NamedTuple):
    """One file: where its bytes lie, how many they are, and what they were before they came here."""

    address: int
    size: int
    kind: int = REGULAR
    readable: bool = True


def find(name: bytes, folder: bytes = b"") -> Member:
    """Find a file by its whole name, or by its name below a folder, which ends in a slash.

    Raises:
        NotFound: there is none.
    """
    position = 0
    end = kernel.machine().archive_size
    while position + HEADER <= end:
        header = bytes_from(ARCHIVE + position, HEADER)
        if not header.startswith(MAGIC):
            break
        name_at = position + HEADER
        name_end = name_at + hexadecimal(header, NAME_DIGITS)
        data_at = aligned(name_end)
        size = hexadecimal(header, SIZE_DIGITS)
        if data_at + size > end:
            break
        padded = bytes_from(ARCHIVE + name_at, name_end - name_at)
        if padded.startswith(folder) and is_named(padded[len(folder) :], name):
            mode = hexadecimal(header, MODE_DIGITS)
            return Member(ARCHIVE + data_at, size, mode & FILE_KIND, mode & READABLE != 0)
        position = aligned(data_at + size)
    raise NotFound


def is_named(padded: bytes, name: bytes) -> bool:
    """Whether a name with NULs behind it is `name`; the end mark is the name of nothing."""
    length = len(name)
    return length < len(padded) and padded[length] == 0 and padded[:length] == name and name != TRAILER


def hexadecimal(header: bytes, start: int) -> int:
    """One number of a header; a byte that is no digit counts as 0."""
    value = 0
    for digit in header[start : start + DIGITS]:
        value = value * 16 + digit_value(digit)
    return value


def digit_value(digit: int) -> int:
    if 48 <= digit <= 57:
        return digit - 48
    if 65 <= digit <= 70:
        return digit - 55
    if 97 <= digit <= 102:
        return digit - 87
    return 0


def aligned(position: int) -> int:
    return (position + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT

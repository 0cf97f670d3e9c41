"""Executable files, as far as loading one needs them. [ELF-64 object file format]"""

from exokernel.dialect import Array, Record, array, u8, u16, u32
from exokernel.dialect.unsafe import array_at, record_at

MAGIC = 0x464C457F  # 0x7F, "ELF", as a number
X86_64 = 62
EXECUTABLE = 2
LOAD = 1
EXECUTE, WRITE = 1, 2  # flags of a segment


class ElfHeader(Record):
    """The first bytes of the file."""

    magic: u32
    identity: Array[u8] = array(12)
    kind: u16
    machine: u16
    version: u32
    entry: int  # address
    segments: int  # offset of the program headers
    sections: int
    flags: u32
    header_size: u16
    segment_size: u16
    segment_count: u16
    section_size: u16
    section_count: u16
    section_names: u16


class Segment(Record):
    """One program header."""

    kind: u32
    flags: u32
    offset: int  # in the file
    address: int
    physical: int
    file_size: int  # bytes
    memory_size: int  # bytes
    alignment: int


HEADER_SIZE = 64  # bytes
SEGMENT_SIZE = 56  # bytes


def header_at(address: int) -> ElfHeader:
    return record_at(ElfHeader, address)


def segments_at(address: int, count: int) -> Array[Segment]:
    return array_at(Segment, address, count)

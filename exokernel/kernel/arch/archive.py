"""How the boot archive and the program in it look in memory.

Only views: the archive is a `cpio newc` whose members' data begin on page boundaries, the
program an ELF whose segments lie in it as they will lie in memory. What is done with them is
`kernel.first`'s. [cpio(5), New ASCII Format; ELF-64 object file format, version 1.5]
"""

from exokernel.abi.layout import DIRECT_MAP
from exokernel.dialect import Array, Flags, Record, array, u8, u16, u32, u64
from exokernel.dialect.unsafe import array_at, record_at

MEMBER_MAGIC = 0x070701  # read as a number like the others
MEMBER_HEADER = 110  # bytes; the name follows
MEMBER_ALIGNMENT = 4
PROGRAM_MAGIC = 0x464C457F
LOADED = 1  # the kind of a segment that is to lie in memory


class MemberHeader(Record):
    """What stands before each member: a magic word and thirteen numbers of eight digits."""

    magic: Array[u8] = array(6)
    before_size: Array[u8] = array(48)
    size: Array[u8] = array(8)
    before_name_size: Array[u8] = array(32)
    name_size: Array[u8] = array(8)
    check: Array[u8] = array(8)


class ProgramHeader(Record):
    """The head of an ELF file."""

    magic: u32
    word_size: u8
    byte_order: u8
    versions: Array[u8] = array(10)
    kind: u16
    machine: u16
    version: u32
    entry: u64
    segments: u64  # offset in the file
    sections: u64
    flags: u32
    header_size: u16
    segment_size: u16
    segment_count: u16


class Access(Flags, bits=32):
    """What a program may do to a segment."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


class Segment(Record):
    """One row of the ELF's table of what to load."""

    kind: u32
    access: Access
    offset: u64  # in the file
    address: u64
    physical_address: u64
    stored: u64  # bytes in the file
    size: u64  # bytes in memory
    alignment: u64


def member_at(physical: int) -> MemberHeader:
    return record_at(MemberHeader, DIRECT_MAP + physical)


def program_at(physical: int) -> ProgramHeader:
    return record_at(ProgramHeader, DIRECT_MAP + physical)


def segments_at(physical: int, count: int) -> Array[Segment]:
    return array_at(Segment, DIRECT_MAP + physical, count)

"""The first environment, made of the boot archive's first member as no other is.

Its program is an ELF whose segments lie in the archive as they will lie in memory: what is
never written is mapped where it is, the rest is copied, and what the archive does not hold
stays unmapped, for the library to find out as it does for any page. The environment gets a
capability that dominates all, every slice and the archive, and the quota of all there is.
It is filled by the very calls it could have made itself. [ELF-64 object file format; cpio(5)]
"""

from exokernel.abi.capability import ARCHIVE_GUARD, ROOT
from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.abi.names import ENVIRONMENTS, FIRST, FRAME_SIZE, ROOT_SLOT, SLICES, Frame, Index, Page, Slice
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry, Linear
from exokernel.dialect import Array, Record, u8
from exokernel.kernel.arch import machine
from exokernel.kernel.arch.archive import (
    LOADED,
    MEMBER_ALIGNMENT,
    MEMBER_HEADER,
    MEMBER_MAGIC,
    PROGRAM_MAGIC,
    Access,
    Segment,
    member_at,
    program_at,
    segments_at,
)
from exokernel.kernel.arch.loader import Module
from exokernel.kernel.capabilities import held
from exokernel.kernel.environments import conceive, make_page, make_root
from exokernel.kernel.frames import frame_copy, own
from exokernel.kernel.slices import slice_alloc
from exokernel.kernel.state import environments, frames, machine_state
from exokernel.kernel.tables import table_alloc
from exokernel.kernel.translations import map


class Cursor(Record):
    """How far boot has looked for free frames."""

    next: int = 0


cursor: Cursor = Cursor()


def make(archive: Module, free: int) -> None:
    """Make the first environment, ready to run; `free` frames are, and may all become its own.

    Raises:
        KernelError: the program's segments overlap, or lie where nothing may.
    """
    root, page = fresh(), fresh()
    quota = free + frames_of(archive.size)
    conceive(FIRST, root, page, Page(ENVIRONMENT_PAGE // FRAME_SIZE), ROOT, quota)
    environments[FIRST].slice_quota = SLICES
    environments[FIRST].name_quota = ENVIRONMENTS - 1  # but NOBODY
    make_root(FIRST, root, ROOT)
    make_page(FIRST, page, ROOT)
    held(FIRST, ROOT_SLOT).capability = ROOT
    take_archive(archive)
    for number in range(SLICES):
        slice_alloc(FIRST, Slice(number), ROOT_SLOT)

    machine.environment_page(page).begin = load(program_address(archive.address))
    put(Page(ENVIRONMENT_PAGE // FRAME_SIZE), page, Access.WRITE)
    environments[FIRST].phase = Phase.LIVE


def frames_of(size: int) -> int:
    """How many frames hold `size` bytes."""
    return (size + FRAME_SIZE - 1) // FRAME_SIZE


def fresh() -> Frame:
    """Find a free frame. There are some, or this faults."""
    cursor.next += 1
    while frames[cursor.next].kind != FrameKind.FREE:
        cursor.next += 1
    return Frame(cursor.next)


# The archive


def take_archive(archive: Module) -> None:
    """Give the archive's frames to the first environment, under a guard of their own."""
    if archive.address % FRAME_SIZE != 0:
        machine.panic("archive_not_aligned")
    first = archive.address // FRAME_SIZE
    for number in range(first, first + frames_of(archive.size)):
        own(Frame(number), FIRST, ARCHIVE_GUARD, FrameKind.DATA, uses=0, region=0)
    machine_state().archive_frame = Frame(first)
    machine_state().archive_size = archive.size


def program_address(archive: int) -> int:
    """Where the data of the archive's first member begins in physical memory."""
    member = member_at(archive)
    if number_in(member.magic) != MEMBER_MAGIC:
        machine.panic("no_archive")
    named = MEMBER_HEADER + number_in(member.name_size)
    program = archive + named + -named % MEMBER_ALIGNMENT
    if program % FRAME_SIZE != 0:
        machine.panic("program_not_aligned")
    return program


def number_in(digits: Array[u8]) -> int:
    """Read a number in hexadecimal."""
    value = 0
    for digit in digits:
        letter = digit % 32  # its place in the alphabet, in either case
        value = value * 16 + (digit - ord("0") if digit <= ord("9") else 9 + letter)
    return value


# The program


def load(address: int) -> int:
    """Map a program that lies in physical memory, and return where it begins."""
    program = program_at(address)
    if program.magic != PROGRAM_MAGIC:
        machine.panic("no_program")
    for segment in segments_at(address + program.segments, program.segment_count):
        if segment.kind == LOADED:
            load_segment(segment, Frame((address + segment.offset) // FRAME_SIZE))
    return program.entry


def load_segment(segment: Segment, stored: Frame) -> None:
    """Map the pages of a segment that begins in the frame `stored`."""
    skipped = segment.address % FRAME_SIZE
    page = segment.address // FRAME_SIZE
    for number in range(frames_of(skipped + segment.stored)):
        frame = Frame(stored + number)
        if Access.WRITE in segment.access:
            frame = copy_of(frame, skipped + segment.stored - number * FRAME_SIZE)
        put(Page(page + number), frame, segment.access)


def copy_of(stored: Frame, used: int) -> Frame:
    """Copy a frame of the archive, but not what stands in it behind the first `used` bytes."""
    frame = fresh()
    frame_copy(FIRST, frame, ROOT_SLOT, stored, ROOT_SLOT)
    for offset in range(used, FRAME_SIZE):
        machine.bytes_in(frame)[offset] = 0
    return frame


def put(page: Page, frame: Frame, access: Access) -> None:
    """Map a frame with a segment's rights."""
    address = Linear.of(page * FRAME_SIZE)
    table = linked(environments[FIRST].root, Index(address.level4))
    table = linked(table, Index(address.level3))
    table = linked(table, Index(address.level2))
    entry = Entry(
        present=True,
        user=True,
        writable=Access.WRITE in access,
        no_execute=Access.EXECUTE not in access,
        frame=frame,
        key=ROOT_SLOT,
    )
    map(FIRST, table, Index(address.level1), entry, ROOT_SLOT)


def linked(parent: Frame, index: Index) -> Frame:
    """Find the table that another links, or link one."""
    if not machine.entries(parent)[index].present:
        table_alloc(FIRST, parent, index, fresh(), ROOT_SLOT)
    return machine.entries(parent)[index].frame

"""Attacks on memory: what others left in it, what lies beside it, what the processor remembers of it.

Each answers whether it got through.
"""

from exokernel.abi.console import Stream
from exokernel.abi.errors import KernelError
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, Frame, Index
from exokernel.abi.tables import MapRequest
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import size_of
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate, new_frame
from exokernel.libos.exos.batch import Batch
from exokernel.libos.exos.layout import CONSOLE, KEY
from exokernel.libos.exos.memory import COPY_ON_WRITE, private
from exokernel.libos.exos.tables import map_page, table_of
from tests.boot.attacks.guests.tools import (
    PLAY,
    PLAY_PAGE,
    SECRET,
    embryo_of,
    fill,
    is_zero,
    littered,
    play,
    played_table,
    read_word,
    stop_playing,
    write_word,
)

LARGEST = 2**63 - 1
COUNTS = (-513, 4000, 2**16, 2**31, 2**32, 2**61, LARGEST - FRAME_SIZE, -LARGEST)


# What was there before


def dirty_frame() -> bool:
    frame = littered()
    kernel.frame_alloc(frame, KEY)
    play(frame)
    return not is_zero(PLAY)


def dirty_root() -> bool:
    """Find our own words in the user half of a new address space, which the processor would believe."""
    root = littered()
    child = embryo_of(kernel.free_environment(), root, candidate(), 8)
    try:
        kernel.table_alloc(kernel.environments[child].root, Index(0), candidate(), KEY)
        return shows_litter(root)
    except KernelError:
        return True


def shows_litter(table: Frame) -> bool:
    """Whether a new table has more in it than the one entry at its beginning."""
    for index in range(1, 256):
        try:
            kernel.table_free(table, Index(index), KEY)
            return True
        except KernelError:
            continue
    return False


def dirty_page() -> bool:
    """Find what the last owner wrote in a new environment page."""
    page = littered()
    embryo_of(kernel.free_environment(), candidate(), page, 8)
    play(page)
    return not is_zero(PLAY)


# What lies beside it


def write_beyond_frame() -> bool:
    """Print what lies behind our frame, or before it."""
    frame = new_frame()
    for count in COUNTS:
        if is_written(frame, FRAME_SIZE - 8, count) or is_written(frame, count + FRAME_SIZE // 8, 1):
            return True
    return is_written(frame, 1, FRAME_SIZE) or is_written(frame, 2, LARGEST) or is_written(frame, -8, 16)


def is_written(frame: Frame, offset: int, length: int) -> bool:
    try:
        kernel.console_write(Stream.ERROR, CONSOLE, frame, offset, length, KEY)
        return True
    except KernelError:
        return False


def leave_table() -> bool:
    """Change entries behind the end of our table."""
    table = played_table()
    for count in COUNTS:
        if is_unmapped(table, 0, count) or is_unprotected(table, 0, count) or is_unmapped(table, 511, count):
            return True
    return is_unmapped(table, 511, 2) or is_unprotected(table, 1, 512)


def is_unmapped(table: Frame, index: int, count: int) -> bool:
    try:
        kernel.map_range(table, Index(index), count, Entry(), KEY)
        return True
    except KernelError:
        return False


def is_unprotected(table: Frame, index: int, count: int) -> bool:
    try:
        kernel.protect(table, Index(index), count, Entry(), Entry(), KEY)
        return True
    except KernelError:
        return False


def batch_beyond_frame() -> bool:
    """Have requests read from behind our frame, or across its end."""
    table = played_table()
    first = neighbours()
    play(Frame(first + 1))
    write_word(PLAY, 0)
    write_word(PLAY + 8, int(table) + kernel.index_of(PLAY_PAGE) * 2**32)
    size = size_of(MapRequest)
    for offset in (FRAME_SIZE, FRAME_SIZE - 8, FRAME_SIZE - size + 1):
        if is_batch(first, offset, 1):
            return True
    for count in COUNTS:
        if is_batch(first, 0, count) or is_batch(first, FRAME_SIZE - size, count):
            return True
    return is_batch(first, -size, 1) or is_batch(first, LARGEST, 1) or is_batch(first, size, FRAME_SIZE // size)


def neighbours() -> Frame:
    """Two frames side by side; the first of them."""
    start = 0
    while True:
        frame = kernel.free_frame(start)
        try:
            kernel.frame_alloc(Frame(frame + 1), KEY)
            kernel.frame_alloc(frame, KEY)
            return frame
        except KernelError:
            start = frame + 1


def is_batch(requests: Frame, offset: int, count: int) -> bool:
    try:
        kernel.map_batch(requests, offset, count, KEY)
        return True
    except KernelError:
        return False


# What the processor remembers


def two_frames() -> tuple[Frame, Frame]:
    """One with a secret, which is mapped and was read, and one without."""
    old, new = new_frame(), new_frame()
    fill(old, SECRET)
    play(old)
    return (old, new) if read_word(PLAY) == SECRET else (new, old)


def stale_map() -> bool:
    """Read a frame through a page that is another's now."""
    _, new = two_frames()
    kernel.map(played_table(), kernel.index_of(PLAY_PAGE), private(new), KEY)
    return read_word(PLAY) == SECRET


def stale_batch() -> bool:
    _, new = two_frames()
    batch = Batch()
    batch.add(played_table(), kernel.index_of(PLAY_PAGE), private(new))
    batch.finish()
    return read_word(PLAY) == SECRET


def stale_repossess() -> bool:
    """Read what its holder took back; a new page is mapped when it is touched."""
    two_frames()
    kernel.repossess(played_table(), kernel.index_of(PLAY_PAGE), KEY)
    return read_word(PLAY) == SECRET


def stale_self_map() -> bool:
    """Read, as a page table of ours, a frame that is no longer one."""
    table = new_table_of_play()
    if int(kernel.entries_1[PLAY_PAGE]) != 0:
        return True
    parent = kernel.entries_3[PLAY_PAGE // TABLE_ENTRIES**2].frame
    place = Index(PLAY_PAGE // TABLE_ENTRIES % TABLE_ENTRIES)
    kernel.table_free(parent, place, KEY)
    kernel.table_alloc(parent, place, candidate(), KEY)
    kernel.frame_alloc(table, KEY)
    map_other(table)
    return int(kernel.entries_1[PLAY_PAGE]) != 0


def new_table_of_play() -> Frame:
    """The level-1 table of PLAY, with no entries."""
    table = table_of(PLAY_PAGE)
    stop_playing()
    return table


def map_other(frame: Frame) -> None:
    """Write a secret into a frame, far from PLAY."""
    address = PLAY + 2**31
    map_page(kernel.page_of(address), private(frame))
    write_word(address, SECRET)
    for word in range(TABLE_ENTRIES):
        write_word(address + 8 * word, SECRET)


def stale_protect() -> bool:
    """Write to a page that is copy-on-write by now, without the fault that would tell our library."""
    play(new_frame())
    write_word(PLAY, 1)
    table, index = played_table(), kernel.index_of(PLAY_PAGE)
    kernel.protect(table, index, 1, Entry(writable=True), Entry(software=COPY_ON_WRITE), KEY)
    write_word(PLAY, 2)
    return not kernel.entries_1[PLAY_PAGE].writable

"""Virtual memory: pages that come into being when they are touched.

Stack, heap and the zero part of the image are zero-filled on demand, pages of the boot
archive are mapped read-only where they lie, and a page shared copy-on-write is copied when
it is written to, unless the kernel's table shows that we are its last user. All of it runs
on the exception stack, so it keeps to little of it. Nothing is ever paged out.
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.layout import ARCHIVE
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, Frame, Page
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import copy_of, new_frame
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import ARCHIVE_KEY, ARCHIVE_PAGE, KEY, may_be_memory
from exokernel.libos.exos.tables import table_of

AHEAD = 64  # pages of the archive that are mapped together

COPY_ON_WRITE = 1  # in `Entry.software`, which the kernel leaves to us


def resolve(address: int) -> bool:
    """Give the page at `address` what an access to it lacked; False when it may not have it."""
    try:
        return resolved(address)
    except KernelError:  # no frame is to be had
        return False


def resolved(address: int) -> bool:
    page = kernel.page_of(address)
    if may_be_memory(address):
        table = table_of(page)  # and so its entry can be read
        entry = kernel.entries_1[page]
        if not entry.present:
            kernel.map(table, kernel.index_of(page), private(new_frame()), KEY)
            return True
        if entry.software == COPY_ON_WRITE:
            kernel.map(table, kernel.index_of(page), private(unshared(entry)), KEY)
            return True
        return False
    if in_archive(address):
        table = table_of(page)
        if not kernel.entries_1[page].present:
            map_archive(page, table)
            return True
    return False


def private(frame: Frame) -> Entry:
    """The entry of a page of data that is ours alone."""
    return Entry(present=True, writable=True, user=True, frame=frame, key=KEY, no_execute=True)


def unshared(entry: Entry) -> Frame:
    """The frame of a copy-on-write page for us to write to: a copy, or itself when nobody else uses it."""
    frame = entry.frame
    if entry.key == KEY:
        if kernel.frames[frame].uses == 1:
            return frame
        own = state()
        own.abandoned_first = min(own.abandoned_first, frame)
        own.abandoned_last = max(own.abandoned_last, frame)
    return copy_of(frame, entry.key)


def in_archive(address: int) -> bool:
    return ARCHIVE <= address < ARCHIVE + kernel.machine().archive_size


def archive_entry(page: Page) -> Entry:
    """The entry that shows a page of the archive."""
    frame = Frame(kernel.machine().archive_frame + page - ARCHIVE_PAGE)
    return Entry(present=True, user=True, frame=frame, key=ARCHIVE_KEY, no_execute=True)


def map_archive(page: Page, table: Frame) -> None:
    """Map a page of the archive, and those behind it that are likely to be read next."""
    archive_end = ARCHIVE_PAGE + (kernel.machine().archive_size + FRAME_SIZE - 1) // FRAME_SIZE
    table_end = (page // TABLE_ENTRIES + 1) * TABLE_ENTRIES
    count = min(min(page + AHEAD, archive_end), table_end) - page
    kernel.map_range(table, kernel.index_of(page), count, archive_entry(page), KEY)

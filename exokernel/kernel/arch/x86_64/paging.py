"""Frames and page tables as the processor sees them.

One function stores a page-table entry, one zeroes a frame, one copies a frame, two forget
translations; whatever the kernel does to memory that is not its own static data goes through
here. Which entry may be stored is not decided here. At boot this module also makes the
kernel's half of every address space, which is the same in all and never changes after.
[SDM vol. 3A §4.5, §4.10]
"""

from exokernel.abi.layout import (
    DIRECT_MAP,
    DIRECT_SLOT,
    EXPOSED_SLOT,
    FIRST_KERNEL_SLOT,
    KERNEL_BASE,
    KERNEL_SLOT,
    LARGE_PAGE,
    PUBLIC,
    PUBLIC_PHYSICAL,
    SELF_SLOT,
)
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, Frame, Page
from exokernel.abi.tables import MapRequest
from exokernel.abi.x86_64 import Entry, Linear
from exokernel.dialect import Array, inline, u8, wrapping_add, wrapping_multiply
from exokernel.dialect.unsafe import address_of, array_at, placed, record_at, symbol_address
from exokernel.kernel.arch.x86_64.boot import SPARE_STACKS, physical, spare_stack_guard
from exokernel.kernel.arch.x86_64.instructions import fill, invalidate, load_root, move, root_address

FIRST_DEVICE = 0xC0000000  # physical; the last gibibyte has registers, not memory, and is not cached
LOW_MEMORY = 0x100000  # bytes below the image
IMAGE_LIMIT = 2 * LARGE_PAGE  # the image lies below, and `boot` maps as much
INVALIDATIONS = 10  # pages; from there on forgetting everything is cheaper

kernel_root: Array[Entry] = placed("kernel_root", TABLE_ENTRIES)
direct_level3: Array[Entry] = placed("direct_level3", TABLE_ENTRIES)
direct_level2: Array[Entry] = placed("direct_level2", 4 * TABLE_ENTRIES)
direct_level1: Array[Entry] = placed("direct_level1", TABLE_ENTRIES)
image_level3: Array[Entry] = placed("image_level3", TABLE_ENTRIES)
image_level2: Array[Entry] = placed("image_level2", TABLE_ENTRIES)
image_level1: Array[Entry] = placed("image_level1", 2 * TABLE_ENTRIES)
window_level3: Array[Entry] = placed("window_level3", TABLE_ENTRIES)
window_level2: Array[Entry] = placed("window_level2", TABLE_ENTRIES)


# Frames


@inline
def address_of_frame(frame: Frame) -> int:
    """Where the kernel sees a frame. A name is below 2**20, so nothing wraps."""
    return wrapping_add(DIRECT_MAP, wrapping_multiply(frame, FRAME_SIZE))


@inline
def entries(table: Frame) -> Array[Entry]:
    """See a frame as a page table. To be read only: `store` is the one that writes."""
    return array_at(Entry, address_of_frame(table), TABLE_ENTRIES)


@inline
def bytes_in(frame: Frame) -> Array[u8]:
    """See a frame as bytes."""
    return array_at(u8, address_of_frame(frame), FRAME_SIZE)


@inline
def map_request(frame: Frame, offset: int) -> MapRequest:
    """See part of a frame as a request. It must lie within the frame."""
    return record_at(MapRequest, wrapping_add(address_of_frame(frame), offset))


@inline
def store(table: Array[Entry], index: int, entry: Entry) -> None:
    """Store one page-table entry. The only function that does."""
    table[index] = entry


def clear(frame: Frame) -> None:
    """Zero a frame. The only function that does."""
    fill(address_of_frame(frame), FRAME_SIZE // 8, 0)


def copy(target: Frame, source: Frame) -> None:
    """Copy a frame onto another. The only function that does."""
    move(address_of_frame(target), address_of_frame(source), FRAME_SIZE // 8)


def forget_all() -> None:
    """Drop every translation of the user half."""
    load_root(root_address())


@inline
def forget(page: Page, count: int) -> None:
    """Drop the translations of `count` pages of the user half."""
    if count == 1:  # nearly always
        invalidate(wrapping_multiply(page, FRAME_SIZE))
    elif count > INVALIDATIONS:
        forget_all()
    else:
        for number in range(count):
            invalidate(wrapping_multiply(wrapping_add(page, number), FRAME_SIZE))


def share_kernel_half(root: Frame) -> None:
    """Give an empty root the kernel's half, and the read-only map of itself."""
    table = entries(root)
    for index in range(FIRST_KERNEL_SLOT, TABLE_ENTRIES):
        store(table, index, kernel_root[index])
    store(table, SELF_SLOT, Entry(present=True, user=True, no_execute=True, frame=root))


# The kernel's half


def build() -> None:
    """Make the kernel's half and leave the loader's tables: from here on no page is both writable and executable."""
    _map_directly()
    _map_image()
    link = Entry(present=True, no_execute=True)
    window = _frame_of(window_level3)
    tables = _link(window_level2, 0)
    store(image_level3, int(Linear.of(PUBLIC).level3), tables.replace(no_execute=True))
    store(kernel_root, EXPOSED_SLOT, link.replace(user=True, frame=window))
    store(window_level3, 0, tables.replace(user=True))
    load_root(physical(address_of(kernel_root)))


def map_window(size: int) -> None:
    """Map the first `size` bytes of the public window, in whole large pages."""
    page = Entry(
        present=True, writable=True, user=True, accessed=True, dirty=True, large=True, global_=True, no_execute=True
    )
    for number in range((size + LARGE_PAGE - 1) // LARGE_PAGE):
        frame = Frame((PUBLIC_PHYSICAL + number * LARGE_PAGE) // FRAME_SIZE)
        store(window_level2, number, page.replace(frame=frame))


def _map_directly() -> None:
    """Map four gibibytes for the kernel's use, without the kernel itself."""
    page = Entry(present=True, writable=True, accessed=True, dirty=True, global_=True, no_execute=True)
    for number in range(LOW_MEMORY // FRAME_SIZE):
        store(direct_level1, number, page.replace(frame=Frame(number)))
    store(direct_level2, 0, _link(direct_level1, 0))

    large = page.replace(large=True)
    for number in range(IMAGE_LIMIT // LARGE_PAGE, 4 * TABLE_ENTRIES):
        device = number * LARGE_PAGE >= FIRST_DEVICE
        entry = large.replace(
            frame=Frame(number * TABLE_ENTRIES), cache_disable=device, write_through=device
        )
        store(direct_level2, number, entry)
    for number in range(4):
        store(direct_level3, number, _link(direct_level2, number))
    store(kernel_root, DIRECT_SLOT, _link(direct_level3, 0))


def _map_image() -> None:
    """Map each part of the image with the rights it needs, and leave the guard pages out."""
    page = Entry(present=True, accessed=True, dirty=True, global_=True)
    text, rodata = symbol_address("image_text"), symbol_address("image_rodata")
    data, end = symbol_address("image_data"), symbol_address("image_end")
    _map_part(text, rodata, page)
    _map_part(rodata, data, page.replace(no_execute=True))
    _map_part(data, end, page.replace(no_execute=True, writable=True))
    _unmap(symbol_address("kernel_stack_guard"))
    for number in range(SPARE_STACKS):
        _unmap(spare_stack_guard(number))

    for number in range(2):
        store(image_level2, number, _link(image_level1, number))
    top = Linear.of(KERNEL_BASE)
    store(image_level3, top.level3, _link(image_level2, 0))
    store(kernel_root, KERNEL_SLOT, _link(image_level3, 0))


def _map_part(begin: int, end: int, page: Entry) -> None:
    for number in range(physical(begin) // FRAME_SIZE, physical(end) // FRAME_SIZE):
        store(image_level1, number, page.replace(frame=Frame(number)))


def _unmap(guard: int) -> None:
    store(image_level1, physical(guard) // FRAME_SIZE, Entry())


def _frame_of(table: Array[Entry]) -> Frame:
    return Frame(physical(address_of(table)) // FRAME_SIZE)


def _link(tables: Array[Entry], number: int) -> Entry:
    """Make the entry that links the `number`-th of some tables of the kernel's."""
    return Entry(present=True, writable=True, accessed=True, frame=Frame(_frame_of(tables) + number))

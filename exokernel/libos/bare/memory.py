"""A stack, and zeros for the part of the image that has no bytes in the file.

The kernel neither searches nor allocates, so a library finds a free frame in the exposed
table, asks for it by name, and maps it by naming the page table: ten lines.
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.layout import STACK_TOP
from exokernel.abi.names import FRAME_SIZE, ROOT_SLOT, TABLE_ENTRIES, Frame, Index, Page
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.bare.arch.image import zeros_begin, zeros_end

STACK_PAGES = 8


def prepare() -> None:
    """Map what a program needs before it can call anything. Without memory, there is no program."""
    try:
        for number in range(1, STACK_PAGES + 1):
            map_zeros(Page(STACK_TOP // FRAME_SIZE - number))
        for number in range(zeros_begin() // FRAME_SIZE, zeros_end() // FRAME_SIZE):
            map_zeros(Page(number))
    except KernelError:
        return


def map_zeros(page: Page) -> None:
    """Give a page of ours a frame of zeros. Raises KernelError."""
    frame = kernel.free_frame(0)
    kernel.frame_alloc(frame, ROOT_SLOT)
    entry = Entry(present=True, writable=True, user=True, no_execute=True, frame=frame, key=ROOT_SLOT)
    kernel.map(table_of(page), kernel.index_of(page), entry, ROOT_SLOT)


def table_of(page: Page) -> Frame:
    """The page table of a page that lies near the image: made when it is missing. Raises KernelError."""
    region = page // TABLE_ENTRIES
    if not kernel.entries_2[region].present:
        above = kernel.entries_3[region // TABLE_ENTRIES].frame
        kernel.table_alloc(above, Index(region % TABLE_ENTRIES), kernel.free_frame(0), ROOT_SLOT)
    return kernel.entries_2[region].frame

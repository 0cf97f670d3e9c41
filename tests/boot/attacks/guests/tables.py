"""Attacks on page tables: to see, change or become what only the kernel may.

Each answers whether it got through.
"""

from exokernel.abi.errors import InUse, KernelError
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import FRAMES, TABLE_ENTRIES, Frame, Index
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate, new_frame, new_table
from exokernel.libos.exos.layout import KEY
from exokernel.libos.exos.memory import private
from tests.boot.attacks.guests.attack import victim
from tests.boot.attacks.guests.tools import PLAY_PAGE, frame_of, littered, play, played_table

CONTROLLER = 0xFEE00  # a frame of registers
TOP = TABLE_ENTRIES - 1
UNUSED_TOP = Index(100)  # an entry of our root that nothing uses
FORBIDDEN_BITS = (3, 4, 7, 8, 58, 59, 60, 61, 62)  # of an entry


def root() -> Frame:
    return kernel.environments[kernel.ourselves()].root


def is_mapped(entry: Entry) -> bool:
    """Try to set the entry at PLAY."""
    try:
        kernel.map(played_table(), kernel.index_of(PLAY_PAGE), entry, KEY)
        return True
    except KernelError:
        return False


def map_anything() -> bool:
    """Map every frame that holds no data: our own page tables first, to write what they say."""
    for number in range(kernel.machine().frame_count):
        frame = kernel.frames[number]
        if frame.kind != FrameKind.DATA and frame.owner == kernel.ourselves() and is_mapped(private(Frame(number))):
            return True
    for number in range(kernel.machine().frame_count):
        if kernel.frames[number].kind != FrameKind.DATA and is_mapped(private(Frame(number))):
            return True
    return False


def map_beyond_memory() -> bool:
    """Map registers of devices, and frames that do not exist."""
    count = kernel.machine().frame_count
    for number in (count, CONTROLLER, FRAMES - 1, FRAMES, 2**32, 2**40 - 1):
        if is_mapped(private(Frame(number))):
            return True
    return False


def table_of_data() -> bool:
    """Make a page table of a page that we write to."""
    frame = new_frame()
    play(frame)
    try:
        kernel.table_alloc(root(), UNUSED_TOP, frame, KEY)
        return True
    except KernelError:
        return False


def alloc_taken() -> bool:
    """Take what the victim has."""
    try:
        kernel.frame_alloc(frame_of(victim(), FrameKind.DATA), KEY)
        return True
    except KernelError:
        return False


def smuggle_bits() -> bool:
    """Set bits of an entry that only the kernel may set, or clear the one that makes it ours."""
    plain = private(new_frame())
    for position in FORBIDDEN_BITS:
        if is_mapped(Entry.of(int(plain) ^ 1 << position)):
            return True
    return is_mapped(plain.replace(user=False))


def smuggle_flags() -> bool:
    play(new_frame())
    for position in FORBIDDEN_BITS:
        if is_protected(Entry(), Entry.of(1 << position)):
            return True
    return is_protected(Entry(user=True), Entry()) or is_protected(Entry(), Entry(frame=Frame(1)))


def is_protected(clear: Entry, added: Entry) -> bool:
    try:
        kernel.protect(played_table(), kernel.index_of(PLAY_PAGE), 1, clear, added, KEY)
        return True
    except KernelError:
        return False


def map_last_page() -> bool:
    """Map the page that ends where canonical addresses do: a call from its end returns to none."""
    table = root()
    for index in (FIRST_KERNEL_SLOT - 1, TOP, TOP):
        table = new_table(table, Index(index))
    try:
        kernel.map(table, Index(TOP), private(new_frame()), KEY)
        return True
    except KernelError:
        return False


def link_upper_half() -> bool:
    """Link a table of ours among the kernel's."""
    for index in range(FIRST_KERNEL_SLOT, TABLE_ENTRIES):
        try:
            kernel.table_alloc(root(), Index(index), candidate(), KEY)
            return True
        except KernelError:
            continue
    return False


def free_full_table() -> bool:
    """Make a table free that still says what we may touch."""
    table = new_table(root(), UNUSED_TOP)
    new_table(table, Index(0))
    try:
        kernel.table_free(root(), UNUSED_TOP, KEY)
        return True
    except KernelError:
        return False


def link_over() -> bool:
    """Link a table where one is linked, which is then nobody's to free."""
    new_table(root(), UNUSED_TOP)
    try:
        kernel.table_alloc(root(), UNUSED_TOP, candidate(), KEY)
        return True
    except InUse:
        return False


def map_into_level_2() -> bool:
    """Make the processor take a page of ours for a page table."""
    table = frame_of(kernel.ourselves(), FrameKind.TABLE_2)
    try:
        kernel.map(table, Index(TOP), private(new_frame()), KEY)
        return True
    except KernelError:
        return False


# What was in a frame before


def dirty_table() -> bool:
    """Find entries of our own making in a new page table."""
    played_table()
    page = PLAY_PAGE + TABLE_ENTRIES
    parent = kernel.entries_3[page // TABLE_ENTRIES**2].frame
    kernel.table_alloc(parent, Index(page // TABLE_ENTRIES % TABLE_ENTRIES), littered(), KEY)
    for number in range(TABLE_ENTRIES):
        if int(kernel.entries_1[page + number]) != 0:
            return True
    return False

"""Attacks on what is somebody else's, with keys of our own that do not open it.

Each answers whether it got through.
"""

from exokernel.abi.console import Stream
from exokernel.abi.errors import KernelError
from exokernel.abi.names import SLICES, TABLE_ENTRIES, Frame, Index, Page, Slice
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate, new_frame
from exokernel.libos.exos.batch import Batch
from exokernel.libos.exos.layout import ARCHIVE_PAGE, CONSOLE, KEY
from exokernel.libos.exos.memory import archive_entry, private
from exokernel.libos.exos.tables import map_page
from tests.boot.attacks.guests.attack import prey, victim
from tests.boot.attacks.guests.tools import PLAY, PLAY_PAGE, SPARE, embryo, play, played_table, read_word

LAST = Index(TABLE_ENTRIES - 1)


def their(kind: FrameKind) -> Frame:
    """A frame of the victim's."""
    for number in range(kernel.machine().frame_count):
        frame = kernel.frames[number]
        if frame.owner == victim() and frame.kind == kind:
            return Frame(number)
    return Frame(0)


def write_victims_table() -> bool:
    try:
        kernel.map(their(FrameKind.TABLE_1), LAST, Entry(), KEY)
        return True
    except KernelError:
        return False


def protect_victims_table() -> bool:
    try:
        kernel.protect(their(FrameKind.TABLE_1), Index(0), TABLE_ENTRIES, Entry(writable=True), Entry(), KEY)
        return True
    except KernelError:
        return False


def link_in_victims_root() -> bool:
    """Make the victim pay for a table."""
    try:
        kernel.table_alloc(their(FrameKind.TABLE_4), Index(100), candidate(), KEY)
        return True
    except KernelError:
        return False


def map_victims_frame() -> bool:
    """Look into the victim's environment page."""
    try:
        map_page(PLAY_PAGE, private(kernel.environments[victim()].page))
        return read_word(PLAY) != 1
    except KernelError:
        return False


def copy_victims_frame() -> bool:
    try:
        kernel.frame_copy(candidate(), KEY, kernel.environments[victim()].page, KEY)
        return True
    except KernelError:
        return False


def free_victims_frame() -> bool:
    """Free what the victim keeps unmapped."""
    for number in range(kernel.machine().frame_count):
        if kernel.frames[number].owner == victim() and kernel.frames[number].uses == 0:
            try:
                kernel.frame_free(Frame(number), KEY)
                return True
            except KernelError:
                continue
    return False


def guard_victims_frame() -> bool:
    """Put our lock on what the victim keeps unmapped."""
    for number in range(kernel.machine().frame_count):
        if kernel.frames[number].owner == victim() and kernel.frames[number].uses == 0:
            try:
                kernel.frame_guard(Frame(number), KEY, KEY)
                return True
            except KernelError:
                continue
    return False


def destroy_victim() -> bool:
    try:
        kernel.environment_destroy(victim(), KEY)
        return True
    except KernelError:
        return False


def start_prey() -> bool:
    """Start what the victim has not finished making."""
    try:
        kernel.environment_start(prey(), KEY)
        return True
    except KernelError:
        return False


def install_in_prey() -> bool:
    """Give the victim's embryo a capability of ours."""
    try:
        kernel.capability_install(prey(), KEY, KEY, SPARE)
        return True
    except KernelError:
        return False


def their_slice() -> Slice:
    for position in range(SLICES):
        if kernel.slices[position].owner == victim():
            return Slice(position)
    return Slice(0)


def take_slice() -> bool:
    try:
        kernel.slice_give(their_slice(), KEY, kernel.ourselves())
        return True
    except KernelError:
        return False


def free_slice() -> bool:
    try:
        kernel.slice_free(their_slice(), KEY)
        return True
    except KernelError:
        return False


def give_to_dead() -> bool:
    """Let a slice belong to somebody who will never free it."""
    child = embryo(8)
    kernel.environment_destroy(child, KEY)
    mine = kernel.free_slice(5)
    kernel.slice_alloc(mine, KEY)
    try:
        kernel.slice_give(mine, KEY, child)
        return True
    except KernelError:
        return False


def halt_machine() -> bool:
    try:
        kernel.machine_halt(KEY, 99)
        return True
    except KernelError:
        return False


# Behind what is ours

SECOND = Page(PLAY_PAGE + 1)


def range_beyond_ours() -> bool:
    """Map a frame of ours, and the one behind it, which will be somebody's."""
    table = played_table()
    frame = new_frame()
    while kernel.frames[frame + 1].owner == kernel.ourselves():
        frame = new_frame()
    kernel.map_range(table, kernel.index_of(PLAY_PAGE), 2, private(frame), KEY)
    return kernel.entries_1[SECOND].present


def batch_beyond_ours() -> bool:
    """Have a batch go on from our table to the victim's."""
    frame = new_frame()
    batch = Batch()
    batch.add(played_table(), kernel.index_of(PLAY_PAGE), private(frame))
    batch.add(their(FrameKind.TABLE_1), LAST, Entry())
    try:
        batch.finish()
        return True
    except KernelError:
        return False


def protect_beyond_ours() -> bool:
    """Make writable a page of ours, and the archive's behind it."""
    play(new_frame())
    table, index = played_table(), kernel.index_of(PLAY_PAGE)
    kernel.map(table, Index(index + 1), archive_entry(ARCHIVE_PAGE), KEY)
    kernel.protect(table, index, 2, Entry(), Entry(writable=True), KEY)
    return kernel.entries_1[SECOND].writable


# By way of the console


def print_victims_frame() -> bool:
    try:
        kernel.console_write(Stream.ERROR, CONSOLE, kernel.environments[victim()].page, 0, 8, KEY)
        return True
    except KernelError:
        return False


def print_without_key() -> bool:
    try:
        kernel.console_write(Stream.ERROR, KEY, new_frame(), 0, 1, KEY)
        return True
    except KernelError:
        return False

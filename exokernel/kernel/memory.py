"""Physical memory at boot: which frames there are, and which of them are free.

The frame table lies in the public window, behind the small tables, as long as memory is large.
All below its end (the first mebibyte, the kernel's image, the window) and all that the loader
brought stays reserved. What happens to frames afterwards is `frames`' business.
"""

from exokernel.abi.layout import FRAMES_OFFSET, LARGE_PAGE, PUBLIC_PHYSICAL
from exokernel.abi.names import FRAME_SIZE, FRAMES, Frame
from exokernel.abi.tables import FrameKind, FrameState
from exokernel.dialect import Array, size_of
from exokernel.kernel.arch import machine, startup
from exokernel.kernel.arch.loader import RAM, MemoryRange, StartInfo, memory_map, modules
from exokernel.kernel.state import frames, machine_state


def prepare(info: StartInfo) -> int:
    """Set the free frames free, and return how many they are."""
    ranges = memory_map(info)
    count = _frame_count(ranges)
    window = FRAMES_OFFSET + count * size_of(FrameState)
    window += -window % LARGE_PAGE  # it is mapped in such pages
    startup.open_window(window)
    first = PUBLIC_PHYSICAL // FRAME_SIZE
    first_free = first + window // FRAME_SIZE
    for number in range(first, first_free):
        machine.clear(Frame(number))

    machine_state().frame_count = count
    free = 0
    for each in ranges:
        if each.kind == RAM:
            free += _set_free(max(_frames_up_to(each.address), first_free), _end_frame(each))
    for module in modules(info):
        free -= _reserve(module.address // FRAME_SIZE, _frames_up_to(module.address + module.size))
    return free


def _frame_count(ranges: Array[MemoryRange]) -> int:
    """One more than the highest frame that is memory, and that we see."""
    highest = 0
    for each in ranges:
        if each.kind == RAM and each.address < FRAMES * FRAME_SIZE:
            highest = max(highest, _end_frame(each))
    return highest


def _end_frame(each: MemoryRange) -> int:
    """The first frame that a range no longer covers whole; beyond 4 GiB we see none."""
    return min((each.address + each.size) // FRAME_SIZE, FRAMES)


def _frames_up_to(address: int) -> int:
    return (address + FRAME_SIZE - 1) // FRAME_SIZE


def _set_free(first: int, end: int) -> int:
    for number in range(first, end):
        frames[number].kind = FrameKind.FREE
    return max(end - first, 0)


def _reserve(first: int, end: int) -> int:
    """Take back frames that were set free; return how many."""
    for number in range(first, end):
        frames[number].kind = FrameKind.RESERVED
    return end - first

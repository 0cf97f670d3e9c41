"""What attacks are made of: own capabilities, frames, embryos, and pages to play with."""

from exokernel.abi.capability import Capability, Rights, extended
from exokernel.abi.errors import KernelError
from exokernel.abi.names import FRAME_SIZE, SLOTS, TABLE_ENTRIES, EnvironmentId, Frame, Page, Slot
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import integers_from
from exokernel.libos.exos.allocation import candidate, new_frame
from exokernel.libos.exos.critical import critical, suspend
from exokernel.libos.exos.embryo import sign
from exokernel.libos.exos.layout import FIRST_PAGE, KEY
from exokernel.libos.exos.memory import private
from exokernel.libos.exos.tables import map_page, table_of

SPARE, OTHER = Slot(20), Slot(21)  # slots nobody else uses
PLAY = 0x5000_0000  # an address in a region that has no table yet
PLAY_PAGE = Page(PLAY // FRAME_SIZE)
SECRET = 0x5EC4E7


def own_key() -> Capability:
    return capability_in(KEY)


def capability_in(slot: Slot) -> Capability:
    return kernel.capabilities[kernel.ourselves() * SLOTS + slot].capability


def forge(slot: Slot, byte: int, rights: Rights) -> None:
    """Put a capability below our own into a slot."""
    kernel.capability_forge(KEY, slot, extended(own_key(), byte).replace(rights=rights))


def read_word(address: int) -> int:
    return integers_from(address, 1)[0]


def write_word(address: int, value: int) -> None:
    integers_from(address, 1)[0] = value


def play(frame: Frame) -> None:
    """Map a frame of ours at PLAY."""
    map_page(PLAY_PAGE, private(frame))


def stop_playing() -> None:
    map_page(PLAY_PAGE, Entry())


def fill(frame: Frame, value: int) -> None:
    """Write a value all over a frame of ours, and leave it unmapped."""
    play(frame)
    words = integers_from(PLAY, FRAME_SIZE // 8)
    for place in range(len(words)):
        words[place] = value
    stop_playing()


def played_table() -> Frame:
    """The level-1 table that covers PLAY."""
    return table_of(PLAY_PAGE)


def littered() -> Frame:
    """A frame that is free, and was full of what its last owner wrote."""
    frame = new_frame()
    fill(frame, frame * FRAME_SIZE + 7)  # which looks like an entry
    kernel.frame_free(frame, KEY)
    return frame


def embryo(quota: int) -> EnvironmentId:
    """An embryo of ours with nothing in it."""
    root = candidate()
    made = embryo_of(kernel.free_environment(), root, candidate(), quota)
    sign(made)
    return made


def embryo_of(name: EnvironmentId, root: Frame, page: Frame, quota: int) -> EnvironmentId:
    kernel.environment_create(name, root, page, FIRST_PAGE, KEY, quota)
    return name


def bury(dead: EnvironmentId) -> None:
    """End an environment that has nothing but its root and page."""
    try:
        kernel.environment_destroy(dead, KEY)
        kernel.environment_free(dead)
    except KernelError:
        print("it cannot be buried")


def frame_of(owner: EnvironmentId, kind: FrameKind) -> Frame:
    """A frame of somebody's, of some kind, that is no environment page; frame 0 when there is none."""
    for number in range(kernel.machine().frame_count):
        frame = kernel.frames[number]
        if frame.owner == owner and frame.kind == kind and kernel.environments[owner].page != number:
            return Frame(number)
    return Frame(0)


def let_live(other: EnvironmentId, count: int) -> None:
    """Give the processor to somebody else some times."""
    for _ in range(count):
        with critical():
            suspend(other)


def is_zero(address: int) -> bool:
    words = integers_from(address, TABLE_ENTRIES)
    for place in range(TABLE_ENTRIES):
        if words[place] != 0:
            return False
    return True

"""Making a process: an environment with our family's keys, a quota, a page and a slice.

What its memory holds is for `fork` and `execute`. A process never holds the root
capability: what its family owns is guarded by the family's name, which the first
environment forged. Trust: mutual within a family.
"""

from typing import NamedTuple

from exokernel.abi.errors import InUse, NoCapability, QuotaExceeded
from exokernel.abi.names import FRAMES, EnvironmentId, Frame, Slot
from exokernel.abi.tables import Resource
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate
from exokernel.libos.exos.arch.state import page_in_window, state, state_in_window
from exokernel.libos.exos.critical import critical
from exokernel.libos.exos.layout import ARCHIVE_KEY, CONSOLE, FIRST_PAGE, KEY, WINDOW_PAGE
from exokernel.libos.exos.memory import private
from exokernel.libos.exos.tables import NO_REGION, Tables, map_page

PARTS = 8  # of what we have unused, one goes to a child, ...
SMALL = 512  # ... but at least so many frames, while we can spare as many again, ...
FEW_SLICES = 8  # ... so many slices, ...
FEW_NAMES = 16  # ... and so many names


class Share(NamedTuple):
    """What a process gets of our quotas, besides its own name and the slice it begins in."""

    frames: int
    slices: int
    names: int


def child_share() -> Share:
    """What a child gets, so that both many and deep families can grow. It gets a name to spare, or it could not execute.

    Raises:
        QuotaExceeded: there is no slice or name for it.
    """
    slices = kernel.unused_quota(Resource.SLICES) - 1
    names = kernel.unused_quota(Resource.NAMES) - 1
    if slices < 0 or names < 1:
        raise QuotaExceeded
    return Share(part(kernel.unused_quota(), SMALL), part(slices, FEW_SLICES), max(part(names, FEW_NAMES), 1))


def part(unused: int, small: int) -> int:
    return max(unused // PARTS, min(unused // 2, small))


def conceive(share: Share) -> EnvironmentId:
    """Make an embryo with our keys, and nothing mapped, that says from the first who makes it.

    Raises:
        NothingFree: there is no frame for it.
        QuotaExceeded: we cannot give that much.
    """
    guard = state().guard
    if share.slices > kernel.unused_quota(Resource.SLICES) or share.names >= kernel.unused_quota(Resource.NAMES):
        raise QuotaExceeded
    with critical():
        embryo = created(share.frames)
        sign(embryo)
    kernel.environment_quota(embryo, KEY, Resource.SLICES, share.slices)
    kernel.environment_quota(embryo, KEY, Resource.NAMES, share.names)
    kernel.capability_install(embryo, guard, guard, KEY)
    hand_down(embryo, CONSOLE)
    hand_down(embryo, ARCHIVE_KEY)
    return embryo


def created(quota: int) -> EnvironmentId:
    """Make an environment of a free name and free frames. Raises as `conceive` does."""
    while True:
        embryo = kernel.free_environment()
        root, page = candidate(), candidate()
        try:
            kernel.environment_create(embryo, root, page, FIRST_PAGE, state().guard, quota)
            return embryo
        except InUse:
            continue


def sign(embryo: EnvironmentId) -> None:
    """Write into an embryo's page whose it is, so that it can be told when that one is gone. The window stays as it was."""
    shown = kernel.entries_1[WINDOW_PAGE]
    show(kernel.environments[embryo].page, KEY)
    set_parent(kernel.ourselves())
    map_page(WINDOW_PAGE, shown)


def set_parent(parent: EnvironmentId) -> None:
    """Write into the environment page in the window who waits for the process."""
    theirs = state_in_window()
    theirs.parent = parent
    theirs.parent_generation = kernel.environments[parent].generation


def hand_down(embryo: EnvironmentId, slot: Slot) -> None:
    """Give an embryo a key of ours, if we have it."""
    try:
        kernel.capability_install(embryo, state().guard, slot, slot)
    except NoCapability:
        return


def tables_of(embryo: EnvironmentId) -> Frame:
    """The root of an embryo's page tables."""
    return kernel.environments[embryo].root


def show(frame: Frame, key: Slot) -> None:
    """Put a frame of somebody's into the window."""
    map_page(WINDOW_PAGE, private(frame).replace(key=key))


def close_window() -> None:
    map_page(WINDOW_PAGE, Entry())


def map_environment_page(embryo: EnvironmentId, tables: Tables) -> None:
    """Let an embryo see its own environment page, its lowest page."""
    entry = private(kernel.environments[embryo].page)
    kernel.map(tables.covering(FIRST_PAGE), kernel.index_of(FIRST_PAGE), entry, KEY)


def settle(parent: EnvironmentId) -> None:
    """Write into the environment page in the window what differs from process to process."""
    set_parent(parent)
    theirs = state_in_window()
    theirs.guard = KEY
    theirs.region = NO_REGION
    theirs.abandoned_first = FRAMES
    theirs.abandoned_last = 0
    theirs.children = 0
    theirs.frame_hint = state().frame_hint


def bring_to_life(embryo: EnvironmentId) -> None:
    """Give an embryo a slice, and let it live.

    Raises:
        QuotaExceeded: we may own no slice more.
    """
    while True:
        slice = kernel.free_slice(int(embryo))
        try:
            kernel.slice_alloc(slice, state().guard)
            break
        except InUse:
            continue
    kernel.slice_give(slice, KEY, embryo)
    kernel.environment_start(embryo, KEY)

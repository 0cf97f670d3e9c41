"""What a library sees of the kernel: its calls, and its tables, which are read without a call.

The kernel searches for nothing, so the search for a free name is here; so is what our own
page tables say. This module keeps no state and decides no policy.
"""

from exokernel.abi.calls import (
    capability_accept,
    capability_drop,
    capability_forge,
    capability_grant,
    capability_install,
    capability_seal,
    capability_unseal,
    console_read,
    console_write,
    environment_clone,
    environment_create,
    environment_destroy,
    environment_free,
    environment_quota,
    environment_start,
    frame_adopt,
    frame_alloc,
    frame_copy,
    frame_free,
    frame_guard,
    machine_halt,
    map,
    map_batch,
    map_range,
    null,
    protect,
    repossess,
    slice_alloc,
    slice_free,
    slice_give,
    table_alloc,
    table_free,
    yield_to,
)
from exokernel.abi.errors import KernelError
from exokernel.abi.names import (
    ENVIRONMENTS,
    FIRST,
    FRAME_SIZE,
    NOBODY,
    SLICES,
    TABLE_ENTRIES,
    EnvironmentId,
    Frame,
    Index,
    Page,
    Slice,
)
from exokernel.abi.tables import FrameKind, Phase, Resource
from exokernel.abi.x86_64 import Entry
from exokernel.libos.arch.x86_64.exposed import (
    capabilities,
    entries_1,
    entries_2,
    entries_3,
    entries_4,
    environment_page,
    environments,
    frames,
    machine,
    slices,
)

__all__ = [
    "capabilities",
    "capability_accept",
    "capability_drop",
    "capability_forge",
    "capability_grant",
    "capability_install",
    "capability_seal",
    "capability_unseal",
    "console_read",
    "console_write",
    "entries_1",
    "entries_2",
    "entries_3",
    "entries_4",
    "entry_of",
    "environment_clone",
    "environment_create",
    "environment_destroy",
    "environment_free",
    "environment_page",
    "environment_quota",
    "environment_start",
    "environments",
    "frame_adopt",
    "frame_alloc",
    "frame_copy",
    "frame_free",
    "frame_guard",
    "frames",
    "free_environment",
    "free_frame",
    "free_slice",
    "index_of",
    "machine",
    "machine_halt",
    "map",
    "map_batch",
    "map_range",
    "null",
    "ourselves",
    "page_of",
    "protect",
    "repossess",
    "slice_alloc",
    "slice_free",
    "slice_give",
    "slices",
    "table_alloc",
    "table_free",
    "unused_quota",
    "yield_to",
]

PAGES_BY_LEVEL_2 = TABLE_ENTRIES  # pages that one entry of a level-2 table covers
PAGES_BY_LEVEL_3 = TABLE_ENTRIES**2
PAGES_BY_LEVEL_4 = TABLE_ENTRIES**3


class NothingFree(KernelError):
    """The kernel's table has no free entry of the kind wanted. Raised by the library's own search."""

    number = 64


def ourselves() -> EnvironmentId:
    """Our own name: whoever reads this is the one that runs."""
    return machine().current


def page_of(address: int) -> Page:
    return Page(address // FRAME_SIZE)


def index_of(page: Page) -> Index:
    """Which entry of its level-1 table is a page's."""
    return Index(page % TABLE_ENTRIES)


def entry_of(page: Page) -> Entry:
    """What our page tables say of a page; not present when a table above is missing."""
    if not entries_4[page // PAGES_BY_LEVEL_4].present:
        return Entry()
    if not entries_3[page // PAGES_BY_LEVEL_3].present or not entries_2[page // PAGES_BY_LEVEL_2].present:
        return Entry()
    return entries_1[page]


def free_frame(start: int) -> Frame:
    """Find a free frame, the first from `start` on, then from the beginning.

    Raises:
        NothingFree: every frame has an owner.
    """
    count = machine().frame_count
    for number in range(start, count):
        if frames[number].kind == FrameKind.FREE:
            return Frame(number)
    for number in range(0, start):
        if frames[number].kind == FrameKind.FREE:
            return Frame(number)
    raise NothingFree


def free_environment() -> EnvironmentId:
    """Find a free name for an environment.

    Raises:
        NothingFree: all are taken.
    """
    for number in range(FIRST, ENVIRONMENTS):
        if environments[number].phase == Phase.FREE:
            return EnvironmentId(number)
    raise NothingFree


def free_slice(start: int) -> Slice:
    """Find a slice nobody owns, the first from `start` on, around the wheel.

    Raises:
        NothingFree: all are owned.
    """
    for step in range(SLICES):
        position = (start + step) % SLICES
        if slices[position].owner == NOBODY:
            return Slice(position)
    raise NothingFree


def unused_quota(resource: Resource = Resource.FRAMES) -> int:
    """How much more of a resource we may come to have. Our own name we have."""
    ours = environments[ourselves()]
    match resource:
        case Resource.FRAMES:
            return ours.quota - ours.frames
        case Resource.SLICES:
            return ours.slice_quota - ours.slices
        case _:
            return ours.name_quota - 1

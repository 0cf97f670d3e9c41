"""What a dead process leaves: its status, and its things, given back one by one by name.

Frames that others still use are adopted; they become garbage of ours when the last user
goes. The kernel keeps no list of what a process owned, but its tables say who owns each
frame, and how many each owns tell us when to stop looking. The dead may have written
anything into their pages: what stands there is used as a status or a name, and checked.
"""

from collections.abc import Iterator
from typing import NamedTuple

from exokernel.abi.errors import KernelError
from exokernel.abi.names import (
    ENVIRONMENTS,
    FIRST,
    FRAMES,
    NOBODY,
    SLICES,
    TABLE_ENTRIES,
    EnvironmentId,
    Frame,
    Index,
    Slice,
)
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import sweep
from exokernel.libos.exos.arch.state import state, state_in_window
from exokernel.libos.exos.embryo import close_window, show
from exokernel.libos.exos.layout import KEY

KILLED = 137  # the status of a process that could not say one: 128 + SIGKILL
STEP = 16  # entries cleared together
NOTHING = Entry()


class NotOurs(KernelError):
    """The dead process is of another family."""

    number = 65


class Remains(NamedTuple):
    """What a process said at its end."""

    status: int
    successor: EnvironmentId


def reap(dead: EnvironmentId) -> Remains:
    """Read what a dead process said, and free all that it owned, and its name.

    What cannot be freed yet stays, and `kernel.environments` shows it.
    """
    remains = last_words(dead)
    try:
        free_slices(dead)
        empty_tables(dead)
        free_data(dead)
        free_tables(dead, FrameKind.TABLE_1, 1)
        free_tables(dead, FrameKind.TABLE_2, TABLE_ENTRIES)
        free_tables(dead, FrameKind.TABLE_3, TABLE_ENTRIES**2)
        kernel.environment_free(dead)
    except KernelError:
        pass
    return remains


def discard(embryo: EnvironmentId) -> None:
    """Undo an embryo that could not be finished."""
    try:
        kernel.environment_destroy(embryo, KEY)
        reap(embryo)
    except KernelError:
        return


def reap_orphans() -> None:
    """Free what nobody will wait for or finish: dead processes and embryos whose parents are gone."""
    for number in range(FIRST + 1, ENVIRONMENTS):
        environment = EnvironmentId(number)
        match kernel.environments[environment].phase:
            case Phase.DEAD:
                if is_orphan(environment):
                    reap(environment)
            case Phase.EMBRYO:
                if is_orphan(environment):
                    discard(environment)
            case _:
                continue


def is_orphan(environment: EnvironmentId) -> bool:
    """Whether a process's parent has died, and perhaps given its name to another; an embryo's is its maker."""
    try:
        show(kernel.environments[environment].page, KEY)
        parent, generation = state_in_window().parent, state_in_window().parent_generation
        close_window()
    except KernelError:
        return False
    if not 0 <= parent < ENVIRONMENTS:
        return True
    bearer = kernel.environments[parent]
    return bearer.phase != Phase.LIVE or bearer.generation != generation


def last_words(dead: EnvironmentId) -> Remains:
    """Read how a process ended from its environment page."""
    try:
        show(kernel.environments[dead].page, KEY)
    except KernelError:
        raise NotOurs
    theirs = state_in_window()
    status = theirs.status if theirs.ended else KILLED
    successor = theirs.successor if FIRST < theirs.successor < ENVIRONMENTS else NOBODY
    close_window()
    return Remains(status, successor)


def owned(dead: EnvironmentId) -> Iterator[Frame]:
    """Yield the frames a process owns, looking first where it began to take them."""
    theirs = kernel.environments[dead]
    left = theirs.frames
    number = int(min(theirs.root, theirs.page))
    count = kernel.machine().frame_count
    for _ in range(count):
        if left == 0:
            break
        if kernel.frames[number].owner == dead:
            left -= 1
            yield Frame(number)
        number += 1
        if number == count:
            number = 0


def free_slices(dead: EnvironmentId) -> None:
    position = int(dead) % SLICES  # where `bring_to_life` looked first
    while kernel.environments[dead].slices > 0:
        if kernel.slices[position].owner == dead:
            kernel.slice_free(Slice(position), KEY)
        position = (position + 1) % SLICES


def empty_tables(dead: EnvironmentId) -> None:
    """Remove every entry of a process's level-1 tables."""
    for frame in owned(dead):
        if kernel.frames[frame].kind == FrameKind.TABLE_1:
            empty(frame)


def empty(table: Frame) -> None:
    """Remove the entries of one table, from both its ends: what a process maps grows from there."""
    low, high = 0, TABLE_ENTRIES
    while low < high and kernel.frames[table].entries > 0:
        low += kernel.map_range(table, Index(low), STEP, NOTHING, KEY)
        if kernel.frames[table].entries > 0:
            high -= STEP
            kernel.map_range(table, Index(high), STEP, NOTHING, KEY)


def free_data(dead: EnvironmentId) -> None:
    """Free a process's frames of data, or adopt those in use; and free what became garbage of ours with it."""
    own = state()
    page = kernel.environments[dead].page
    low, high = int(page), int(page)
    for frame in owned(dead):
        low, high = min(low, int(frame)), max(high, int(frame))
        theirs = kernel.frames[frame]
        if theirs.kind == FrameKind.DATA and frame != page:
            if theirs.uses == 0:
                kernel.frame_free(frame, KEY)
            else:
                kernel.frame_adopt(frame, KEY)
    low, high = min(low, own.abandoned_first), max(high, own.abandoned_last)
    if own.children <= 1:  # the one that is being reaped
        own.abandoned_first, own.abandoned_last = FRAMES, 0
    sweep(low, high + 1)
    own.frame_hint = min(own.frame_hint, low)


def free_tables(dead: EnvironmentId, kind: FrameKind, span: int) -> None:
    """Free a process's empty tables of one level, each of which covers `span` regions."""
    parent = kernel.environments[dead].root
    above = span * TABLE_ENTRIES  # regions that the parent covers
    for frame in owned(dead):
        table = kernel.frames[frame]
        if table.kind == kind:
            start = table.region // above * above
            if kernel.frames[parent].kind != kind + 1 or kernel.frames[parent].region != start:
                parent = table_above(dead, kind + 1, start)
            kernel.table_free(parent, Index(table.region // span % TABLE_ENTRIES), KEY)


def table_above(dead: EnvironmentId, kind: int, region: int) -> Frame:
    """The table of a process of this kind that begins at a region."""
    for frame in owned(dead):
        if kernel.frames[frame].kind == kind and kernel.frames[frame].region == region:
            return frame
    return kernel.environments[dead].root

"""Page tables as frames: linked into each other by name, level by level, from a root.

A table belongs to the owner of the table that links it, and is guarded alike; so an address
space has one owner, who pays for it, and one guard. A linked table knows which pages it
covers. Other environments may share the space; only when its owner is dead and all of them are
gone, nobody is left whom a change could harm. What entries may name is `translations`' business.
"""

from typing import NamedTuple

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import BadEntry, InUse, WrongKind
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import TABLE_ENTRIES, EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import inline, syscall
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import require
from exokernel.kernel.frames import own, release, require_free, require_quota
from exokernel.kernel.state import environments, frames


class Level(NamedTuple):
    """What a table links."""

    below: FrameKind
    span: int  # regions that each entry covers


def level_of(table: Frame) -> Level:
    """Say what a table links. Raises WrongKind when that is no table."""
    match frames[table].kind:
        case FrameKind.TABLE_2:
            return Level(FrameKind.TABLE_1, 1)
        case FrameKind.TABLE_3:
            return Level(FrameKind.TABLE_2, TABLE_ENTRIES)
        case FrameKind.TABLE_4:
            return Level(FrameKind.TABLE_3, TABLE_ENTRIES * TABLE_ENTRIES)
        case _:
            raise WrongKind(table)


@inline
def require_unless_abandoned(
    table: Frame, holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability
) -> None:
    """Require a key unless the address space is abandoned: its owner dead, and nobody else with its root."""
    owner = frames[table].owner
    if environments[owner].phase != Phase.DEAD or frames[environments[owner].root].uses != 1:
        require(holder, key, wanted, guard)


@inline
def require_user_half(table: Frame, index: Index) -> None:
    """Raises BadEntry for the half of a root that is the kernel's, and the same in every root."""
    if frames[table].kind == FrameKind.TABLE_4 and index >= FIRST_KERNEL_SLOT:
        raise BadEntry(index)


@syscall
def table_alloc(caller: EnvironmentId, parent: Frame, index: Index, frame: Frame, key: Slot) -> None:
    """Link an empty table. Nothing was there, so the MMU remembers nothing of it."""
    level = level_of(parent)
    state = frames[parent]
    require(caller, key, Rights.WRITE, state.guard)
    require_user_half(parent, index)
    require_free(frame)
    if machine.entries(parent)[index].present:
        raise InUse(parent)
    require_quota(state.owner)

    machine.clear(frame)
    own(frame, state.owner, state.guard, level.below, uses=1, region=state.region + index * level.span)
    machine.store(machine.entries(parent), index, Entry(present=True, writable=True, user=True, frame=frame))
    state.entries += 1


@syscall
def table_free(caller: EnvironmentId, parent: Frame, index: Index, key: Slot) -> None:
    """Unlink an empty table; the self-map may remember it, wherever that shows it."""
    level_of(parent)
    state = frames[parent]
    require_unless_abandoned(parent, caller, key, Rights.WRITE, state.guard)
    require_user_half(parent, index)
    link = machine.entries(parent)[index]
    if not link.present:
        raise BadEntry(index)
    if frames[link.frame].entries != 0:
        raise InUse(link.frame)

    machine.store(machine.entries(parent), index, Entry())
    state.entries -= 1
    release(link.frame)
    machine.forget_all()

"""Translations: entries of page tables, guarded when they are made, free when they are used.

Each entry that is present carries the slot of the table owner's capability that authorises
it, and holds three counts up: its table's, its frame's, and its capability's. So while it
stands, that slot cannot be emptied and the frame's guard cannot change. `exchange` is the one
function that makes or removes an entry; flags are changed in place.
A library's own page-table structures, and what its software bits mean, are not known here.
"""

from typing import NamedTuple

from exokernel.abi.capability import Rights
from exokernel.abi.errors import BadEntry, BadLength, BadName, KernelError, NotPermitted, WrongKind
from exokernel.abi.names import (
    FRAME_SIZE,
    TABLE_ENTRIES,
    USER_PAGES,
    EnvironmentId,
    Frame,
    Index,
    Page,
    Slot,
)
from exokernel.abi.tables import FrameKind, MapRequest
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, inline, never_inline, size_of, syscall, unsigned_less
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import held, require
from exokernel.kernel.frames import require_data
from exokernel.kernel.gate import admit_frame, admit_index
from exokernel.kernel.state import environments, frames, machine_state
from exokernel.kernel.tables import require_unless_abandoned

MAPPED = Entry(present=True, user=True)  # what every entry is
FLAGS = Entry(writable=True, no_execute=True, accessed=True, dirty=True, software=7)  # what a library may change
CHOSEN = FLAGS.replace(frame=Frame(2**40 - 1), key=Slot(63))  # what it may choose

REQUEST_SIZE = size_of(MapRequest)
REQUESTS = FRAME_SIZE // REQUEST_SIZE  # that fit a frame


class Progress(NamedTuple):
    done: int  # steps
    stale: bool  # whether the MMU may remember what is gone


@inline
def page_at(table: Frame, index: int) -> Page:
    """Which page an entry of a level-1 table maps."""
    return Page(frames[table].region * TABLE_ENTRIES + index)


# Guards


@inline
def require_level_1(table: Frame) -> None:
    """Raises WrongKind unless the entries of this table name pages."""
    if frames[table].kind != FrameKind.TABLE_1:
        raise WrongKind(table)


@inline
def require_within_table(index: Index, count: int) -> None:
    """Raises BadLength when a range leaves its table."""
    if unsigned_less(TABLE_ENTRIES - index, count):
        raise BadLength(count)


@inline
def require_mappable(table: Frame, index: int, entry: Entry) -> None:
    """Check all there is to check about a new entry; that the caller may write the table is not.

    Raises:
        BadEntry, BadName, WrongKind, NoCapability, NotPermitted: as `map` says of its entry.
    """
    if not entry.present:
        return
    if entry.without(CHOSEN) != MAPPED or page_at(table, index) >= USER_PAGES:
        raise BadEntry(index)
    if entry.frame >= machine_state().frame_count:
        raise BadName(entry.frame)
    require_data(entry.frame)
    wanted = Rights.READ | Rights.WRITE if entry.writable else Rights.READ
    require(frames[table].owner, entry.key, wanted, frames[entry.frame].guard)


@inline
def require_step(caller: EnvironmentId, key: Slot, table: Frame, index: int, entry: Entry) -> None:
    """All of `map`'s guards."""
    require_level_1(table)
    require(caller, key, Rights.WRITE, frames[table].guard)
    require_mappable(table, index, entry)


def require_request(caller: EnvironmentId, key: Slot, request: MapRequest) -> None:
    """All of `map`'s guards, and the gate's, for what a library wrote."""
    table, index = admit_frame(request.table), admit_index(request.index)
    require_step(caller, key, table, index, request.entry)


@inline
def is_restricted(owner: EnvironmentId, entry: Entry) -> bool:
    """Whether an entry's capability does not grant WRITE."""
    return Rights.WRITE not in held(owner, entry.key).capability.rights


# Effects


@inline
def exchange(table: Frame, index: int, entry: Entry) -> bool:
    """Put one entry in the place of another and count both; say whether the MMU may remember the other."""
    owner = frames[table].owner
    entries = machine.entries(table)
    before = entries[index]
    adds_restricted = entry.present and is_restricted(owner, entry)
    if before.present:
        frames[table].entries -= 1
        if is_restricted(owner, before):
            frames[table].restricted -= 1
        frames[before.frame].uses -= 1
        held(owner, before.key).mappings -= 1
        environments[owner].mappings -= 1
    if entry.present:
        frames[table].entries += 1
        if adds_restricted:
            frames[table].restricted += 1
        frames[entry.frame].uses += 1
        held(owner, entry.key).mappings += 1
        environments[owner].mappings += 1
    machine.store(entries, index, entry)
    return before.present


def exchange_range(table: Frame, index: Index, count: int, entry: Entry) -> Progress:
    """Map consecutive frames to consecutive pages, as far as that is allowed."""
    stale = False
    for step in range(count):
        ahead = entry.replace(frame=Frame(entry.frame + step)) if entry.present else entry
        try:
            require_mappable(table, index + step, ahead)
        except KernelError:
            return Progress(step, stale)
        stale = exchange(table, index + step, ahead) or stale
    return Progress(count, stale)


def exchange_batch(caller: EnvironmentId, key: Slot, requests: Frame, offset: int, count: int) -> Progress:
    """Map what the requests in a frame say, as far as that is allowed; no step writes that frame."""
    stale = False
    for step in range(count):
        request = machine.map_request(requests, offset + step * REQUEST_SIZE)
        try:
            require_request(caller, key, request)
        except KernelError:
            return Progress(step, stale)
        stale = exchange(Frame(request.table), request.index, request.entry) or stale
    return Progress(count, stale)


@inline
def change_flags(entries: Array[Entry], cleared: Entry, added: Entry) -> int:
    """Change the flags of present entries, where nothing forbids that; return how many places were looked at."""
    for place in range(len(entries)):
        entry = entries[place]
        if entry.present:
            machine.store(entries, place, entry.without(cleared).joined(added))
    return len(entries)


@never_inline
def permit_writing(owner: EnvironmentId, entries: Array[Entry], cleared: Entry, added: Entry) -> int:
    """Do as `change_flags` where entries become writable, as far as their capabilities grant that; return how far.

    An entry's capability opens its frame already, so only its rights need a look.
    """
    for place in range(len(entries)):
        entry = entries[place]
        if entry.present:
            if is_restricted(owner, entry):
                return place
            machine.store(entries, place, entry.without(cleared).joined(added))
    return len(entries)


# Calls


@syscall
@inline
def map(caller: EnvironmentId, table: Frame, index: Index, entry: Entry, key: Slot) -> None:
    """Set one entry."""
    require_step(caller, key, table, index, entry)

    if exchange(table, index, entry):
        machine.forget(page_at(table, index), 1)


@syscall
def map_range(
    caller: EnvironmentId, table: Frame, index: Index, count: int, entry: Entry, key: Slot
) -> int:
    """Set consecutive entries."""
    require_level_1(table)
    require(caller, key, Rights.WRITE, frames[table].guard)
    require_within_table(index, count)
    if count != 0:
        require_mappable(table, index, entry)

    progress = exchange_range(table, index, count, entry)
    if progress.stale:
        machine.forget(page_at(table, index), progress.done)
    return progress.done


@syscall
def map_batch(caller: EnvironmentId, requests: Frame, offset: int, count: int, key: Slot) -> int:
    """Set entries here and there."""
    require_data(requests)
    require(caller, key, Rights.READ, frames[requests].guard)
    if not 0 <= count <= REQUESTS or not 0 <= offset <= FRAME_SIZE - count * REQUEST_SIZE or offset % 8 != 0:
        raise BadLength(count)
    if count != 0:
        require_request(caller, key, machine.map_request(requests, offset))

    progress = exchange_batch(caller, key, requests, offset, count)
    if progress.stale:
        machine.forget_all()
    return progress.done


@syscall
def protect(
    caller: EnvironmentId, table: Frame, index: Index, count: int, clear: Entry, set: Entry, key: Slot
) -> int:
    """Change flags of consecutive entries."""
    require_level_1(table)
    require(caller, key, Rights.WRITE, frames[table].guard)
    if clear.joined(set).without(FLAGS) != Entry():
        raise BadEntry(index)
    require_within_table(index, count)
    owner = frames[table].owner
    entries = machine.entries(table)[index : index + count]
    careful = set.writable and frames[table].restricted != 0  # otherwise all may become writable
    if careful and count != 0 and entries[0].present and is_restricted(owner, entries[0]):
        raise NotPermitted(entries[0].key)

    done = permit_writing(owner, entries, clear, set) if careful else change_flags(entries, clear, set)
    machine.forget(page_at(table, index), done)
    return done


@syscall
def repossess(caller: EnvironmentId, table: Frame, index: Index, key: Slot) -> None:
    """Remove an entry by authority over what it names."""
    require_level_1(table)
    entry = machine.entries(table)[index]
    if not entry.present:
        raise BadEntry(index)
    require_unless_abandoned(table, caller, key, Rights.GRANT, frames[entry.frame].guard)

    exchange(table, index, Entry())
    machine.forget(page_at(table, index), 1)

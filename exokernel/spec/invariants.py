"""What is true of the kernel's state between any two calls.

Each function is one clause, for all names its parameters can be. Together they are inductive:
a call that finds them all true leaves them all true. The counters have a file of their own,
`counts`.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.names import (
    ENVIRONMENTS,
    FRAMES,
    NOBODY,
    SLICES,
    SLOTS,
    TABLE_ENTRIES,
    USER_PAGES,
    EnvironmentId,
    Frame,
    Index,
    Slice,
    Slot,
)
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.slices import EXCESS_LIMIT
from exokernel.kernel.state import environments, frames, machine_state, slices
from exokernel.spec.rows import exists, held, in_user_half, is_owned, maps, slot_of, word_row

MAPPED = Entry(present=True, user=True)  # what every entry of a level-1 table is
MAY_CHOOSE = Entry(
    writable=True, no_execute=True, accessed=True, dirty=True, software=7, frame=Frame(2**40 - 1), key=Slot(63)
)
LINKED = Entry(present=True, writable=True, user=True)  # what every entry of a higher table is
WALKED = Entry(accessed=True, dirty=True, frame=Frame(2**40 - 1))  # what varies in it

REGIONS = 2**26  # of the user half, each of which a level-1 table covers

# Frames


def frame_has_an_owner_or_none(frame: Frame) -> bool:
    """A frame is owned by one environment that exists; or it is free or reserved, and nothing uses it."""
    state = frames[frame]
    if state.kind > FrameKind.TABLE_4:
        return False
    if is_owned(frame):
        return 0 < state.owner < ENVIRONMENTS and exists(state.owner) and state.guard.well_formed
    return state.owner == NOBODY and state.uses == 0 and state.entries == 0


def frame_beyond_memory_is_reserved(frame: Frame) -> bool:
    """Beyond the end of memory nothing is anybody's."""
    return frame < machine_state().frame_count or frames[frame].kind == FrameKind.RESERVED


def only_tables_have_entries(frame: Frame) -> bool:
    """A frame of data has no entries, and only a level-1 table has some made under capabilities."""
    state = frames[frame]
    if state.kind == FrameKind.DATA and state.entries != 0:
        return False
    return state.kind == FrameKind.TABLE_1 or state.restricted == 0


def table_is_used_once(frame: Frame) -> bool:
    """A table below a root is linked exactly once, and lies in the user half."""
    state = frames[frame]
    match state.kind:
        case FrameKind.TABLE_1:
            return state.uses == 1 and state.region < REGIONS
        case FrameKind.TABLE_2:
            return state.uses == 1 and state.region < REGIONS and state.region % TABLE_ENTRIES == 0
        case FrameKind.TABLE_3:
            return state.uses == 1 and state.region < REGIONS and state.region % (TABLE_ENTRIES * TABLE_ENTRIES) == 0
        case FrameKind.TABLE_4:
            return state.region == 0 and environments[state.owner].root == frame
        case _:
            return True


# Entries


def entry_is_opened_by_a_capability(table: Frame, index: Index) -> bool:
    """ISOLATION: an entry names a frame of data which a capability of the table's owner opens, with its rights."""
    if not maps(table, index):
        return True
    found = word_row(table, index)
    if found.frame >= FRAMES:
        return False
    wanted = Rights.READ | Rights.WRITE if found.writable else Rights.READ
    key = held(frames[table].owner, found.key)
    data = frames[found.frame]
    return data.kind == FrameKind.DATA and key.valid and key.grants(wanted, data.guard)


def entry_has_only_bits_a_library_may_set(table: Frame, index: Index) -> bool:
    """An entry is a user's, of one page below the hole, and cached as all memory is."""
    if not maps(table, index):
        return True
    page = frames[table].region * TABLE_ENTRIES + index
    return int(word_row(table, index)) & ~int(MAY_CHOOSE) == int(MAPPED) and page < USER_PAGES


def link_names_the_next_table(table: Frame, index: Index) -> bool:
    """A present entry of a higher table links a table one level below, of the same owner, which knows its place."""
    kind = frames[table].kind
    if kind <= FrameKind.TABLE_1 or not in_user_half(table, index) or not word_row(table, index).present:
        return True
    found = word_row(table, index)
    if found.frame >= FRAMES or int(found) & ~int(WALKED) != int(LINKED):
        return False
    linked = frames[found.frame]
    return (
        linked.kind == kind - 1
        and linked.owner == frames[table].owner
        and linked.guard == frames[table].guard
        and linked.region == frames[table].region + index * span_below(kind)
    )


def span_below(kind: FrameKind) -> int:
    """Regions that an entry of a higher table covers."""
    match kind:
        case FrameKind.TABLE_3:
            return TABLE_ENTRIES
        case FrameKind.TABLE_4:
            return TABLE_ENTRIES * TABLE_ENTRIES
        case _:
            return 1


# Capabilities


def slot_holds_a_capability_or_nothing(holder: EnvironmentId, slot: Slot) -> bool:
    """A capability is well formed and its holder exists; nothing is mapped under an empty slot."""
    state = slot_of(holder, slot)
    if state.capability.valid:
        return state.capability.well_formed and exists(holder)
    return int(state.capability) == 0 and state.mappings == 0


def slot_opened_for_a_grant_is_empty(environment: EnvironmentId) -> bool:
    """Who accepts a grant lives, and has an empty slot for it."""
    state = environments[environment]
    if state.donor == NOBODY:
        return True
    if state.donor >= ENVIRONMENTS or state.accepting >= SLOTS:
        return False
    return state.phase == Phase.LIVE and not held(environment, state.accepting).valid


# Environments


def environment_has_its_root_and_page(environment: EnvironmentId) -> bool:
    """An environment that exists has a root and a page of its own."""
    state = environments[environment]
    if state.phase > Phase.DEAD:
        return False
    if state.phase == Phase.FREE:
        return True
    if environment == NOBODY or state.root >= FRAMES or state.page >= FRAMES:
        return False
    return (
        frames[state.root].kind == FrameKind.TABLE_4
        and frames[state.page].kind == FrameKind.DATA
        and frames[state.page].owner == environment
        and state.guard.well_formed
    )


def environment_keeps_to_its_quotas(environment: EnvironmentId) -> bool:
    """No environment has more frames or slices than it may, nor a name that it may not have."""
    state = environments[environment]
    owned = state.frames <= state.quota and state.slices <= state.slice_quota
    return owned and (state.phase == Phase.FREE or state.name_quota > 0)


def free_name_has_nothing(environment: EnvironmentId) -> bool:
    """A free name owns nothing and owes nothing."""
    state = environments[environment]
    if state.phase != Phase.FREE:
        return True
    nothing_owned = state.frames == 0 and state.slices == 0 and state.mappings == 0
    no_quota = state.quota == 0 and state.slice_quota == 0 and state.name_quota == 0
    return nothing_owned and no_quota and state.donor == NOBODY and state.excess == 0


def debt_is_bounded(environment: EnvironmentId) -> bool:
    """Nobody lives who owes more ticks than the limit."""
    state = environments[environment]
    return state.excess <= EXCESS_LIMIT or (state.phase == Phase.DEAD and state.excess == EXCESS_LIMIT + 1)


# Slices and the machine


def slice_has_an_owner_or_none(slice: Slice) -> bool:
    """A slice is free, or its owner exists."""
    owner = slices[slice].owner
    if owner == NOBODY:
        return True
    return owner < ENVIRONMENTS and exists(owner) and slices[slice].guard.well_formed


def machine_runs_a_live_environment() -> bool:
    """The processor is with an environment that lives, or with nobody, whom no slice's end concerns."""
    state = machine_state()
    if state.current >= ENVIRONMENTS or state.now >= SLICES or state.frame_count > FRAMES:
        return False
    if state.current == NOBODY:
        return not state.ending
    return environments[state.current].phase == Phase.LIVE

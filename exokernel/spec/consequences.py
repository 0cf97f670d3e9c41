"""What follows from the invariants: the sentences a user of the kernel relies on.

Each function is true of every state in which the invariants are. The first two are isolation as
the processor sees it. Then: that nobody lives where anyone may reap, that who holds GRANT takes
entries back, and that what the dead leave can be taken, one thing at a time, by anyone or, where
others live in their address space, by who holds the keys. [PROOF I2, T9]

That repossession comes to an end is argued from these, and not proved. What a dead environment
has is counted: slices, entries, frames. `slice_free`, `repossess`, `table_free` and `frame_free` each
lower one of these counts, as their specifications say, and `environment_free` then takes the name.
Counters are exact, so while a count is not zero there is a thing to name; below a table with
entries stands, three links down at most, one without links: so entries go before tables, and tables
before the name. Nobody can give the dead slices or data. But who holds the key to one of their
tables can still map there, and link tables as long as the quota of the dead lasts: the counts come
to nothing only if it stops. And data of the dead that another space maps is in use: its entry is
taken away by who holds GRANT over the data, or can write that space's table; or by anyone, once
that space is abandoned too. The same is so of a dead environment's page; and while others live
with its root, its name stays.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import NOBODY, EnvironmentId, Frame, Index, Slice, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.kernel.state import environments, frames, machine_state, slices
from exokernel.spec.environments import environment_free_error, owns_its_root
from exokernel.spec.frames import frame_free_error
from exokernel.spec.rows import ALLOWED, exists, held, is_abandoned, is_table, maps, stands, word_row
from exokernel.spec.slices import slice_free_error
from exokernel.spec.tables import table_free_error
from exokernel.spec.translations import repossess_error


def walk_ends_in_what_is_opened(
    environment: EnvironmentId, fourth: Index, third: Index, second: Index, first: Index
) -> bool:
    """ISOLATION: wherever the processor walks from a root, it finds data that a capability of the space's owner opens."""
    root = environments[environment].root
    if not exists(environment) or fourth >= FIRST_KERNEL_SLOT or not word_row(root, fourth).present:
        return True
    pointers = word_row(root, fourth).frame
    if not word_row(pointers, third).present:
        return True
    directory = word_row(pointers, third).frame
    if not word_row(directory, second).present:
        return True
    table = word_row(directory, second).frame
    found = word_row(table, first)
    if not found.present:
        return True
    wanted = Rights.READ | Rights.WRITE if found.writable else Rights.READ
    data = frames[found.frame]
    return data.kind == FrameKind.DATA and held(frames[root].owner, found.key).grants(wanted, data.guard)


def only_data_is_mapped(table: Frame, index: Index) -> bool:
    """No entry of the user's lets anyone write, or read, a page table, a frame of the kernel's, or what lies beyond memory."""
    frame = word_row(table, index).frame
    return not maps(table, index) or (frame < machine_state().frame_count and frames[frame].kind == FrameKind.DATA)


def nobody_lives_where_anyone_may_reap(environment: EnvironmentId, table: Frame) -> bool:
    """Who has the root of an abandoned address space is its owner, which is dead."""
    if not is_table(table) or not is_abandoned(table) or not exists(environment):
        return True
    owner = frames[table].owner
    return environment == owner or environments[environment].root != environments[owner].root


def entry_can_be_taken_back(caller: EnvironmentId, table: Frame, index: Index, key: Slot) -> bool:
    """Who holds GRANT over a frame may remove any entry that names it, whoever lives there."""
    if not maps(table, index) or not held(caller, key).valid:
        return True
    if not held(caller, key).grants(Rights.GRANT, frames[word_row(table, index).frame].guard):
        return True
    return repossess_error(caller, table, index, key) == ALLOWED


def entry_of_the_dead_can_be_taken(caller: EnvironmentId, table: Frame, index: Index, key: Slot) -> bool:
    """Anyone may remove an entry from an abandoned address space."""
    if not maps(table, index) or not is_abandoned(table):
        return True
    return repossess_error(caller, table, index, key) == ALLOWED


def table_of_the_dead_can_be_freed(caller: EnvironmentId, parent: Frame, index: Index, key: Slot) -> bool:
    """Anyone may free a table without entries in an abandoned address space."""
    if frames[parent].kind <= FrameKind.TABLE_1 or not stands(parent, index):
        return True
    if not is_abandoned(parent) or frames[word_row(parent, index).frame].entries != 0:
        return True
    return table_free_error(caller, parent, index, key) == ALLOWED


def data_of_the_dead_can_be_freed(caller: EnvironmentId, frame: Frame, key: Slot) -> bool:
    """Anyone may free a frame of data that a dead environment has left, once nothing uses it."""
    state = frames[frame]
    if state.kind != FrameKind.DATA or state.uses != 0 or environments[state.owner].phase != Phase.DEAD:
        return True
    return frame_free_error(caller, frame, key) == ALLOWED


def slice_of_the_dead_can_be_freed(caller: EnvironmentId, slice: Slice, key: Slot) -> bool:
    """Anyone may free a slice that a dead environment has left."""
    owner = slices[slice].owner
    if owner == NOBODY or environments[owner].phase != Phase.DEAD:
        return True
    return slice_free_error(caller, slice, key) == ALLOWED


def name_of_the_dead_can_be_freed(environment: EnvironmentId) -> bool:
    """Anyone may free the name of a dead environment that has but its page and, if it is its own, its root, when nobody else uses these."""
    state = environments[environment]
    if state.phase != Phase.DEAD or state.slices > 0 or state.mappings > 0 or frames[state.page].uses > 1:
        return True
    if owns_its_root(environment):
        root = frames[state.root]
        if state.frames > 2 or root.entries > 0 or root.uses > 1:
            return True
    elif state.frames > 1:
        return True
    return environment_free_error(environment) == ALLOWED

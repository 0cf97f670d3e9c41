"""What follows from the invariants: the sentences a user of the kernel relies on.

Each function is true of every state in which the invariants are. The first is isolation as the
processor sees it; the others say that what the dead leave can always be taken, one thing at a
time, by anyone or, where others live in their address space, by who holds the keys; so that
repossession goes on until nothing is left. [PROOF I2, T9]
"""

from exokernel.abi.capability import Rights
from exokernel.abi.layout import FIRST_KERNEL_SLOT
from exokernel.abi.names import EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import FrameKind, Phase
from exokernel.kernel.state import environments, frames
from exokernel.spec.frames import frame_free_error
from exokernel.spec.rows import ALLOWED, exists, held, is_abandoned, is_table, maps, stands, word_row
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


def no_table_is_mapped(table: Frame, index: Index) -> bool:
    """No entry of the user's lets anyone write, or read, a frame that is a page table or the kernel's."""
    return not maps(table, index) or not is_table(word_row(table, index).frame)


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

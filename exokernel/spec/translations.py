"""The specification of the calls on entries.

A call over a range or a batch does steps; which it did is said here, and that each was as the
single call's specification says is the meaning of `done`. What the steps did to the counters
follows from `counts`.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.errors import BadEntry, BadLength, BadName, NotPermitted, WrongKind
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, USER_PAGES, EnvironmentId, Frame, Index, Slot
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.arch import machine
from exokernel.kernel.state import frames, machine_state
from exokernel.spec.frames import is_data
from exokernel.spec.rows import (
    ALLOWED,
    AccountRow,
    FrameRow,
    SlotRow,
    account_row,
    frame_row,
    held,
    key_error,
    linking,
    one_if,
    slot_row,
    using,
    word_row,
)
from exokernel.spec.tables import space_error

FLAGS = Entry(writable=True, no_execute=True, accessed=True, dirty=True, software=7)
REQUEST_SIZE = 16  # bytes


def has_forbidden_bits(entry: Entry) -> bool:
    """Whether it is not plainly a page of the user's, cached as memory is."""
    other = int(entry) & ~int(FLAGS.replace(frame=Frame(2**40 - 1), key=Slot(63)))
    return other != int(Entry(present=True, user=True))


def names_page(frame: Frame) -> bool:
    return frames[frame].kind == FrameKind.TABLE_1


def entry_error(table: Frame, index: int, entry: Entry) -> int:
    """Why an entry may not stand at a place, whoever puts it there."""
    if not entry.present:
        return ALLOWED
    if has_forbidden_bits(entry) or frames[table].region * TABLE_ENTRIES + index >= USER_PAGES:
        return BadEntry.number
    if entry.frame >= machine_state().frame_count:
        return BadName.number
    if not is_data(entry.frame):
        return WrongKind.number
    wanted = Rights.READ | Rights.WRITE if entry.writable else Rights.READ
    return key_error(frames[table].owner, entry.key, wanted, frames[entry.frame].guard)


def table_error(caller: EnvironmentId, table: Frame, key: Slot) -> int:
    """Why the entries of a table are not the caller's to set."""
    if not names_page(table):
        return WrongKind.number
    return key_error(caller, key, Rights.WRITE, frames[table].guard)


# One entry exchanged for another


def exchanged_word(table: Frame, index: Index, entry: Entry, any_frame: Frame, any_index: Index) -> Entry:
    return entry if any_frame == table and any_index == index else word_row(any_frame, any_index)


def is_restricted(table: Frame, entry: Entry) -> bool:
    """Whether an entry is made under a capability that does not grant WRITE."""
    return entry.present and Rights.WRITE not in held(frames[table].owner, entry.key).rights


def exchanged_frame(table: Frame, index: Index, entry: Entry, any_frame: Frame) -> FrameRow:
    before = word_row(table, index)
    gained = one_if(entry.present and entry.frame == any_frame) - one_if(before.present and before.frame == any_frame)
    row = using(frame_row(any_frame), gained)
    if any_frame != table:
        return row
    restricted = one_if(is_restricted(table, entry)) - one_if(is_restricted(table, before))
    return linking(row, one_if(entry.present) - one_if(before.present), restricted)


def exchanged_slot(
    table: Frame, index: Index, entry: Entry, any_holder: EnvironmentId, any_slot: Slot
) -> SlotRow:
    row = slot_row(any_holder, any_slot)
    if any_holder != frames[table].owner:
        return row
    before = word_row(table, index)
    gained = one_if(entry.present and entry.key == any_slot) - one_if(before.present and before.key == any_slot)
    return SlotRow(row.capability, row.mappings + gained)


def exchanged_account(
    table: Frame, index: Index, entry: Entry, any_environment: EnvironmentId
) -> AccountRow:
    row = account_row(any_environment)
    if any_environment != frames[table].owner:
        return row
    gained = one_if(entry.present) - one_if(word_row(table, index).present)
    slices, names = row.slice_quota, row.name_quota
    return AccountRow(row.frames, row.quota, row.slices, slices, names, row.mappings + gained)


# map


def map_error(caller: EnvironmentId, table: Frame, index: Index, entry: Entry, key: Slot) -> int:
    error = table_error(caller, table, key)
    return error if error != ALLOWED else entry_error(table, index, entry)


def map_word(table: Frame, index: Index, entry: Entry, any_frame: Frame, any_index: Index) -> Entry:
    return exchanged_word(table, index, entry, any_frame, any_index)


def map_frame(table: Frame, index: Index, entry: Entry, any_frame: Frame) -> FrameRow:
    return exchanged_frame(table, index, entry, any_frame)


def map_slot(table: Frame, index: Index, entry: Entry, any_holder: EnvironmentId, any_slot: Slot) -> SlotRow:
    return exchanged_slot(table, index, entry, any_holder, any_slot)


def map_account(table: Frame, index: Index, entry: Entry, any_environment: EnvironmentId) -> AccountRow:
    return exchanged_account(table, index, entry, any_environment)


# map_range


def map_range_error(
    caller: EnvironmentId, table: Frame, index: Index, count: int, entry: Entry, key: Slot
) -> int:
    error = table_error(caller, table, key)
    if error != ALLOWED:
        return error
    if count < 0 or count > TABLE_ENTRIES - index:
        return BadLength.number
    return entry_error(table, index, entry) if count > 0 else ALLOWED


def map_range_step(entry: Entry, step: int) -> Entry:
    """What the range puts at its `step`-th place."""
    return entry.replace(frame=Frame(entry.frame + step)) if entry.present else entry


def map_range_word(table: Frame, index: Index, entry: Entry, done: int, any_frame: Frame, any_index: Index) -> Entry:
    if any_frame == table and index <= any_index < index + done:
        return map_range_step(entry, any_index - index)
    return word_row(any_frame, any_index)


def map_range_step_error(table: Frame, index: Index, entry: Entry, step: int) -> int:
    """Why the range stops before its `step`-th place."""
    return entry_error(table, index + step, map_range_step(entry, step))


# map_batch


def request_error(caller: EnvironmentId, requests: Frame, offset: int, key: Slot, step: int) -> int:
    """Why one request of a batch is refused."""
    request = machine.map_request(requests, offset + step * REQUEST_SIZE)
    if request.table >= machine_state().frame_count or request.index >= TABLE_ENTRIES:
        return BadName.number
    return map_error(caller, request.table, Index(request.index), request.entry, key)


def map_batch_error(caller: EnvironmentId, requests: Frame, offset: int, count: int, key: Slot) -> int:
    if not is_data(requests):
        return WrongKind.number
    error = key_error(caller, key, Rights.READ, frames[requests].guard)
    if error != ALLOWED:
        return error
    if count < 0 or count > FRAME_SIZE // REQUEST_SIZE:
        return BadLength.number
    if not 0 <= offset <= FRAME_SIZE - count * REQUEST_SIZE or offset % 8 != 0:
        return BadLength.number
    return request_error(caller, requests, offset, key, 0) if count > 0 else ALLOWED


def map_batch_step_error(caller: EnvironmentId, requests: Frame, offset: int, key: Slot, step: int) -> int:
    """Why the batch stops before its `step`-th request."""
    return request_error(caller, requests, offset, key, step)


def map_batch_word(requests: Frame, offset: int, done: int, any_frame: Frame, any_index: Index) -> Entry:
    """The last request for a place is the one that stays."""
    if done == 0:
        return word_row(any_frame, any_index)
    request = machine.map_request(requests, offset + (done - 1) * REQUEST_SIZE)
    if request.table == any_frame and request.index == any_index:
        return request.entry
    return map_batch_word(requests, offset, done - 1, any_frame, any_index)


# protect


def is_refused_write(table: Frame, entry: Entry, set: Entry) -> bool:
    """Whether flags would make an entry writable under a capability that does not grant it."""
    return set.writable and is_restricted(table, entry)


def protect_error(
    caller: EnvironmentId, table: Frame, index: Index, count: int, clear: Entry, set: Entry, key: Slot
) -> int:
    error = table_error(caller, table, key)
    if error != ALLOWED:
        return error
    if int(clear) & ~int(FLAGS) != 0 or int(set) & ~int(FLAGS) != 0:
        return BadEntry.number
    if count < 0 or count > TABLE_ENTRIES - index:
        return BadLength.number
    refused = count > 0 and is_refused_write(table, word_row(table, index), set)
    return NotPermitted.number if refused else ALLOWED


def protect_step_error(table: Frame, index: Index, set: Entry, step: int) -> int:
    """Why the range stops before its `step`-th place."""
    refused = is_refused_write(table, word_row(table, Index(index + step)), set)
    return NotPermitted.number if refused else ALLOWED


def protect_word(
    table: Frame, index: Index, clear: Entry, set: Entry, done: int, any_frame: Frame, any_index: Index
) -> Entry:
    before = word_row(any_frame, any_index)
    if any_frame != table or not index <= any_index < index + done or not before.present:
        return before
    return Entry.of(int(before) & ~int(clear) | int(set))


# repossess


def repossess_error(caller: EnvironmentId, table: Frame, index: Index, key: Slot) -> int:
    if not names_page(table):
        return WrongKind.number
    entry = word_row(table, index)
    if not entry.present:
        return BadEntry.number
    return space_error(table, caller, key, Rights.GRANT, frames[entry.frame].guard)


def repossess_word(table: Frame, index: Index, any_frame: Frame, any_index: Index) -> Entry:
    return exchanged_word(table, index, Entry(), any_frame, any_index)


def repossess_frame(table: Frame, index: Index, any_frame: Frame) -> FrameRow:
    return exchanged_frame(table, index, Entry(), any_frame)


def repossess_slot(table: Frame, index: Index, any_holder: EnvironmentId, any_slot: Slot) -> SlotRow:
    return exchanged_slot(table, index, Entry(), any_holder, any_slot)


def repossess_account(table: Frame, index: Index, any_environment: EnvironmentId) -> AccountRow:
    return exchanged_account(table, index, Entry(), any_environment)

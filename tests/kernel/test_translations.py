"""Entries: none without a capability that opens what it names, all counted, none remembered too long."""

import pytest

from exokernel.abi.capability import ROOT, Rights
from exokernel.abi.errors import (
    BadEntry,
    BadLength,
    BadName,
    NoCapability,
    NotPermitted,
    WrongKind,
)
from exokernel.abi.names import FIRST
from exokernel.abi.x86_64 import Entry
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import FRAMES, World, data, named

READ_ONLY = ROOT.replace(rights=Rights.READ)
WRITABLE = Entry(writable=True)


@pytest.fixture
def table(world: World) -> int:
    """A level-1 table for the pages from 0 on; frames 30 to 39 hold data; slots 1 and 2 are narrower than 0."""
    table = world.table_path()
    for frame in range(30, 40):
        world.call("frame_alloc", frame, 0)
    world.held(FIRST, 1).capability = READ_ONLY
    world.held(FIRST, 2).capability = named(1)
    return table


def counts(world: World, table: int, frame: int, slot: int) -> tuple[int, int, int]:
    return world.frames[table].entries, world.frames[frame].uses, world.held(FIRST, slot).mappings


# map


def test_map_sets_an_entry_and_counts_it(world, table):
    world.call("map", table, 7, data(30, writable=True, software=5), 0)
    assert world.entry(table, 7) == data(30, writable=True, software=5)
    assert counts(world, table, 30, 0) == (1, 1, 1)
    assert world.environments[FIRST].mappings == 1
    assert not world.log.forgotten  # nothing was there to remember


def test_map_replaces_an_entry_and_makes_the_machine_forget_it(world, table):
    world.call("map", table, 7, data(30), 0)
    world.call("map", table, 7, data(31, key=1), 0)
    assert counts(world, table, 30, 0) == (1, 0, 0)
    assert counts(world, table, 31, 1) == (1, 1, 1)
    assert world.log.forgotten == {7}


def test_map_unmaps_and_keeps_what_the_library_puts_there(world, table):
    world.call("map", table, 7, data(30), 0)
    cookie = Entry.of(0xFEDC_BA98_7654_3210 & ~1)
    world.call("map", table, 7, cookie, 0)
    assert world.entry(table, 7) == cookie
    assert counts(world, table, 30, 0) == (0, 0, 0)
    assert world.log.forgotten == {7}


def test_map_takes_accessed_and_dirty_as_they_come(world, table):
    world.call("map", table, 7, data(30, accessed=True, dirty=True, no_execute=True), 0)
    assert world.entry(table, 7).dirty


def test_map_at_the_last_page_of_all_is_refused(world):
    parent = 8
    for level, index in enumerate((255, 511, 511)):
        world.call("table_alloc", parent, index, 16 + level, 0)
        parent = 16 + level
    world.call("frame_alloc", 30, 0)
    world.call("map", parent, 510, data(30), 0)
    assert_refused(world, BadEntry, "map", parent, 511, data(30), 0)


@pytest.mark.parametrize("wrong", [0, 8, 9, 17, 40])
def test_map_refuses_what_is_no_level_1_table(world, table, wrong):
    assert_refused(world, WrongKind, "map", wrong, 7, data(30), 0)


@pytest.mark.parametrize("frame", [0, 8, 16, 40])
def test_map_refuses_to_name_what_holds_no_data(world, table, frame):
    assert_refused(world, WrongKind, "map", table, 7, data(frame), 0)


def test_map_refuses_an_empty_key(world, table):
    assert_refused(world, NoCapability, "map", table, 7, data(30), 5)


def test_map_refuses_an_empty_slot_of_the_tables_owner(world, table):
    assert_refused(world, NoCapability, "map", table, 7, data(30, key=5), 0)


def test_map_refuses_a_key_that_may_not_write_the_table(world, table):
    assert_refused(world, NotPermitted, "map", table, 7, data(30), 1)


def test_map_refuses_a_writable_entry_under_a_capability_to_read(world, table):
    assert_refused(world, NotPermitted, "map", table, 7, data(30, key=1, writable=True), 0)


def test_map_refuses_an_entry_whose_capability_does_not_open_the_frame(world, table):
    assert_refused(world, NotPermitted, "map", table, 7, data(30, key=2), 0)


@pytest.mark.parametrize(
    "bits",
    [{"write_through": True}, {"cache_disable": True}, {"large": True}, {"global_": True}, {"user": False}],
    ids=str,
)
def test_map_refuses_bits_that_no_library_may_set(world, table, bits):
    assert_refused(world, BadEntry, "map", table, 7, data(30).replace(**bits), 0)


@pytest.mark.parametrize("bit", range(58, 63))
def test_map_refuses_reserved_bits(world, table, bit):
    assert_refused(world, BadEntry, "map", table, 7, Entry.of(int(data(30)) | 1 << bit), 0)


@pytest.mark.parametrize("frame", [FRAMES, 2**20, 2**32 + 30, 2**40 - 1])
def test_map_refuses_a_frame_that_does_not_exist(world, table, frame):
    assert_refused(world, BadName, "map", table, 7, data(frame), 0)


def test_an_entry_is_authorised_by_the_owner_of_the_table(world):
    """Whoever may write another's table spends the other's capabilities, not its own."""
    world.living(2, quota=8, rights=named(1))
    table = 24
    for frame in (44, 45, 46):
        world.call("table_alloc", table, 0, frame, 0)
        table = frame
    world.call("frame_alloc", 30, 0)
    assert_refused(world, NotPermitted, "map", table, 7, data(30), 0)
    world.held(FIRST, 2).capability = named(1, 1)
    world.call("frame_guard", 30, 0, 2)
    world.call("map", table, 7, data(30), 0)
    assert (world.held(2, 0).mappings, world.held(FIRST, 0).mappings) == (1, 0)


# map_range


def test_map_range_names_consecutive_frames(world, table):
    assert world.call("map_range", table, 3, 4, data(30, writable=True), 0) == 4
    assert [world.entry(table, 3 + step).frame for step in range(4)] == [30, 31, 32, 33]
    assert counts(world, table, 33, 0) == (4, 1, 4)


def test_map_range_unmaps(world, table):
    world.call("map_range", table, 3, 4, data(30), 0)
    assert world.call("map_range", table, 0, 512, Entry(software=1), 0) == 512
    assert counts(world, table, 30, 0) == (0, 0, 0)
    assert world.entry(table, 3) == Entry(software=1)
    assert world.log.forgotten >= set(range(3, 7))


def test_map_range_stops_at_the_first_refusal(world, table):
    assert world.call("map_range", table, 3, 20, data(36), 0) == 4
    assert counts(world, table, 39, 0) == (4, 1, 4)
    assert world.entry(table, 7) == Entry()


def test_map_range_stops_where_frames_end(world, table):
    world.call("frame_alloc", FRAMES - 1, 0)
    assert world.call("map_range", table, 3, 20, data(FRAMES - 1), 0) == 1


def test_map_range_of_nothing_does_nothing(world, table):
    assert world.call("map_range", table, 3, 0, data(0), 0) == 0


@pytest.mark.parametrize("index, count", [(0, 513), (511, 2), (0, -1), (0, 2**63 - 1), (0, -(2**63))])
def test_map_range_refuses_to_leave_the_table(world, table, index, count):
    assert_refused(world, BadLength, "map_range", table, index, count, data(30), 0)


def test_map_range_refuses_like_map(world, table):
    assert_refused(world, WrongKind, "map_range", 17, 0, 1, data(30), 0)
    assert_refused(world, NoCapability, "map_range", table, 0, 1, data(30), 5)
    assert_refused(world, NotPermitted, "map_range", table, 0, 1, data(30), 1)
    assert_refused(world, BadEntry, "map_range", table, 0, 1, data(30, large=True), 0)
    assert_refused(world, BadName, "map_range", table, 0, 2, data(2**40 - 1), 0)
    assert_refused(world, WrongKind, "map_range", table, 0, 1, data(8), 0)
    assert_refused(world, NotPermitted, "map_range", table, 0, 1, data(30, key=2), 0)


# map_batch


def put_requests(frame: int, offset: int, *requests: tuple[int, int, Entry]) -> None:
    for number, (table, index, entry) in enumerate(requests):
        request = fake_machine.map_request(frame, offset + 16 * number)
        request.table, request.index, request.entry = table, index, entry


def test_map_batch_does_what_the_requests_say(world, table):
    put_requests(30, 8, (table, 3, data(31)), (table, 9, data(32, writable=True)), (table, 3, Entry()))
    assert world.call("map_batch", 30, 8, 3, 0) == 3
    assert world.entry(table, 9) == data(32, writable=True)
    assert counts(world, table, 31, 0) == (1, 0, 1)
    assert world.log.all_forgotten or 3 in world.log.forgotten


def test_map_batch_stops_at_the_first_refusal(world, table):
    put_requests(30, 0, (table, 3, data(31)), (table, 600, data(32)), (table, 4, data(33)))
    assert world.call("map_batch", 30, 0, 3, 0) == 1
    assert world.entry(table, 4) == Entry()


def test_map_batch_of_nothing_does_nothing(world, table):
    assert world.call("map_batch", 30, 0, 0, 0) == 0


def test_map_batch_fills_a_frame(world, table):
    put_requests(30, 0, *((table, index, data(31)) for index in range(256)))
    assert world.call("map_batch", 30, 0, 256, 0) == 256


@pytest.mark.parametrize("requests", [0, 8, 18, 40])
def test_map_batch_refuses_requests_outside_data(world, table, requests):
    assert_refused(world, WrongKind, "map_batch", requests, 0, 0, 0)


def test_map_batch_refuses_an_empty_key(world, table):
    assert_refused(world, NoCapability, "map_batch", 30, 0, 1, 5)


def test_map_batch_refuses_a_key_that_may_not_read_the_requests(world, table):
    assert_refused(world, NotPermitted, "map_batch", 30, 0, 1, 2)


@pytest.mark.parametrize(
    "offset, count",
    [(0, 257), (4096, 1), (4088, 1), (4, 1), (-8, 1), (0, -1), (2**63 - 8, 1), (8, 2**63 - 1), (0, 2**60), (-(2**63), 1)],
)
def test_map_batch_refuses_requests_that_leave_the_frame(world, table, offset, count):
    assert_refused(world, BadLength, "map_batch", 30, offset, count, 0)


def test_map_batch_refuses_like_map_and_the_gate(world, table):
    for request, error in [
        ((FRAMES, 3, data(31)), BadName),
        ((table, 512, data(31)), BadName),
        ((2**32 - 1, 2**32 - 1, data(31)), BadName),
        ((17, 3, data(31)), WrongKind),
        ((table, 3, data(31, large=True)), BadEntry),
        ((table, 3, data(31, key=5)), NoCapability),
        ((table, 3, data(31, key=2)), NotPermitted),
    ]:
        put_requests(30, 0, request)
        assert_refused(world, error, "map_batch", 30, 0, 1, 0)


# protect


def test_protect_changes_flags_of_present_entries(world, table):
    world.call("map_range", table, 3, 2, data(30, writable=True, dirty=True), 0)
    change = Entry(writable=True, dirty=True), Entry(software=1, no_execute=True)
    assert world.call("protect", table, 2, 4, *change, 0) == 4
    assert world.entry(table, 3) == data(30, software=1, no_execute=True)
    assert world.entry(table, 5) == Entry()
    assert world.log.forgotten >= {3, 4}


def test_protect_of_many_makes_the_machine_forget_all(world, table):
    world.call("map_range", table, 0, 10, data(30, writable=True), 0)
    assert world.call("protect", table, 0, 512, WRITABLE, Entry(), 0) == 512
    assert world.log.all_forgotten or world.log.forgotten == set(range(512))


def test_protect_makes_writable_what_the_capability_lets_it(world, table):
    world.call("map", table, 3, data(30), 0)
    world.call("map", table, 4, data(31, key=1), 0)
    assert world.call("protect", table, 3, 2, Entry(), WRITABLE, 0) == 1
    assert world.entry(table, 3).writable and not world.entry(table, 4).writable
    assert_refused(world, NotPermitted, "protect", table, 4, 1, Entry(), WRITABLE, 0)


def test_protect_of_nothing_does_nothing(world, table):
    world.call("map", table, 4, data(31, key=1), 0)
    assert world.call("protect", table, 4, 0, Entry(), WRITABLE, 0) == 0


def test_protect_refuses_what_is_no_level_1_table(world, table):
    assert_refused(world, WrongKind, "protect", 17, 0, 1, WRITABLE, Entry(), 0)


def test_protect_refuses_an_empty_key(world, table):
    assert_refused(world, NoCapability, "protect", table, 0, 1, WRITABLE, Entry(), 5)


def test_protect_refuses_a_key_that_may_not_write_the_table(world, table):
    assert_refused(world, NotPermitted, "protect", table, 0, 1, WRITABLE, Entry(), 1)


@pytest.mark.parametrize("bit", [0, 2, 3, 4, 7, 8, 12, 51, 52, 57, 58, 62])
def test_protect_refuses_bits_that_are_no_flags(world, table, bit):
    world.call("map", table, 3, data(30), 0)
    assert_refused(world, BadEntry, "protect", table, 3, 1, Entry.of(1 << bit), Entry(), 0)
    assert_refused(world, BadEntry, "protect", table, 3, 1, Entry(), Entry.of(1 << bit), 0)


@pytest.mark.parametrize("index, count", [(0, 513), (511, 2), (0, -1), (0, 2**63 - 1), (0, -(2**63))])
def test_protect_refuses_to_leave_the_table(world, table, index, count):
    assert_refused(world, BadLength, "protect", table, index, count, WRITABLE, Entry(), 0)


# repossess


def test_repossess_removes_an_entry_from_anybodys_table(world, table):
    world.living(2, quota=8, rights=named(1))
    world.call("map", table, 7, data(30, writable=True), 0)
    world.held(2, 3).capability = ROOT.replace(rights=Rights.GRANT)
    world.call("repossess", table, 7, 3, by=2)
    assert world.entry(table, 7) == Entry()
    assert counts(world, table, 30, 0) == (0, 0, 0)
    assert 7 in world.log.forgotten


def test_repossess_refuses_what_is_no_level_1_table(world, table):
    assert_refused(world, WrongKind, "repossess", 17, 0, 0)


def test_repossess_refuses_an_entry_that_is_not_there(world, table):
    assert_refused(world, BadEntry, "repossess", table, 7, 0)


def test_repossess_refuses_an_empty_key(world, table):
    world.call("map", table, 7, data(30), 0)
    assert_refused(world, NoCapability, "repossess", table, 7, 5)


def test_repossess_refuses_a_key_without_grant_over_the_frame(world, table):
    world.call("map", table, 7, data(30), 0)
    assert_refused(world, NotPermitted, "repossess", table, 7, 1)
    assert_refused(world, NotPermitted, "repossess", table, 7, 2)


def test_anyone_may_remove_entries_from_the_tables_of_the_dead(world):
    world.living(2, quota=8)
    table = world.table_path(16, by=2)
    world.call("frame_alloc", 30, 0, by=2)
    world.call("map", table, 7, data(30), 0, by=2)
    world.call("environment_destroy", 2, 0)
    world.living(3, root=40, page=41, rights=named(7))
    world.call("repossess", table, 7, 63, by=3)
    assert world.environments[2].mappings == 0

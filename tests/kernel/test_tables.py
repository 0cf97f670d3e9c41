"""Page tables: linked by name, owned and guarded like what links them."""

import pytest

from exokernel.abi.capability import ROOT, Rights
from exokernel.abi.errors import BadEntry, InUse, NoCapability, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import FIRST
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import World, data, named

READ_ONLY = ROOT.replace(rights=Rights.READ | Rights.GRANT)


@pytest.fixture
def root(world: World) -> int:
    return world.environments[FIRST].root


# alloc


def test_alloc_links_an_empty_table(world, root):
    fake_machine.bytes_in(16)[0] = 1
    world.call("table_alloc", root, 3, 16, 0)
    state = world.frames[16]
    assert (state.owner, state.kind, state.guard) == (FIRST, FrameKind.TABLE_3, ROOT)
    assert (state.uses, state.entries, state.region) == (1, 0, 3 * 512 * 512)
    assert world.entry(root, 3) == Entry(present=True, writable=True, user=True, frame=16)
    assert world.frames[root].entries == 1
    assert all(not entry.present for entry in fake_machine.entries(16))
    assert world.environments[FIRST].frames == 3


def test_a_table_knows_which_pages_it_covers(world, root):
    world.call("table_alloc", root, 255, 16, 0)
    world.call("table_alloc", 16, 511, 17, 0)
    world.call("table_alloc", 17, 5, 18, 0)
    assert [world.frames[frame].kind for frame in (16, 17, 18)] == [FrameKind.TABLE_3, FrameKind.TABLE_2, FrameKind.TABLE_1]
    assert world.frames[18].region == (255 * 512 + 511) * 512 + 5


@pytest.mark.parametrize("parent", [0, 9, 18, 40])
def test_alloc_refuses_a_parent_that_links_no_tables(world, root, parent):
    world.table_path()
    assert_refused(world, WrongKind, "table_alloc", parent, 0, 30, 0)


def test_alloc_refuses_an_empty_key(world, root):
    assert_refused(world, NoCapability, "table_alloc", root, 0, 30, 5)


def test_alloc_refuses_a_key_that_may_not_write(world, root):
    world.held(FIRST, 1).capability = READ_ONLY
    assert_refused(world, NotPermitted, "table_alloc", root, 0, 30, 1)


@pytest.mark.parametrize("index", [256, 510, 511])
def test_alloc_refuses_the_kernels_half(world, root, index):
    assert_refused(world, BadEntry, "table_alloc", root, index, 30, 0)


@pytest.mark.parametrize("frame", [0, 8, 9])
def test_alloc_refuses_a_frame_that_is_not_free(world, root, frame):
    assert_refused(world, InUse, "table_alloc", root, 0, frame, 0)


def test_alloc_refuses_a_place_that_is_taken(world, root):
    world.call("table_alloc", root, 0, 16, 0)
    assert_refused(world, InUse, "table_alloc", root, 0, 17, 0)


def test_alloc_is_paid_by_the_owner_of_the_parent(world):
    world.living(2, quota=3, rights=named(1))
    world.call("table_alloc", 24, 0, 16, 0)
    assert (world.frames[16].owner, world.environments[2].frames) == (2, 3)
    assert_refused(world, QuotaExceeded, "table_alloc", 24, 1, 17, 0)


# free


def test_free_unlinks_and_gives_back(world, root):
    world.call("table_alloc", root, 3, 16, 0)
    world.call("table_free", root, 3, 0)
    assert world.frames[16].kind == FrameKind.FREE
    assert world.entry(root, 3) == Entry()
    assert (world.frames[root].entries, world.environments[FIRST].frames) == (0, 2)


def test_free_makes_the_machine_forget_the_self_map_too(world, root):
    world.call("table_alloc", root, 3, 16, 0)
    world.call("table_free", root, 3, 0)
    assert world.log.all_forgotten


@pytest.mark.parametrize("parent", [0, 9, 18, 40])
def test_free_refuses_a_parent_that_links_no_tables(world, root, parent):
    world.table_path()
    assert_refused(world, WrongKind, "table_free", parent, 0, 0)


def test_free_refuses_an_empty_key(world, root):
    world.table_path()
    assert_refused(world, NoCapability, "table_free", 17, 0, 5)


def test_free_refuses_a_key_that_may_not_write(world, root):
    world.table_path()
    world.held(FIRST, 1).capability = READ_ONLY
    assert_refused(world, NotPermitted, "table_free", 17, 0, 1)


@pytest.mark.parametrize("index", [4, 255, 256, 510, 511])
def test_free_refuses_where_no_table_of_a_library_is_linked(world, root, index):
    assert_refused(world, BadEntry, "table_free", root, index, 0)


def test_free_refuses_a_table_with_entries(world, root):
    table = world.table_path()
    assert_refused(world, InUse, "table_free", root, 0, 0)
    world.call("frame_alloc", 30, 0)
    world.call("map", table, 7, data(30), 0)
    assert_refused(world, InUse, "table_free", 17, 0, 0)


def test_anyone_may_free_the_tables_of_the_dead(world):
    world.living(2, quota=5)
    world.table_path(16, by=2)
    world.call("environment_destroy", 2, 0)
    world.living(3, root=40, page=41, rights=named(7))
    for parent in (17, 16, 24):
        world.call("table_free", parent, 0, 63, by=3)
    assert world.environments[2].frames == 2

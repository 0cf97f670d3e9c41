"""Frames: one owner or free, zeroed when they change hands, opened by their guard alone."""

import pytest

from exokernel.abi.capability import ROOT, Rights
from exokernel.abi.errors import InUse, NoCapability, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import FIRST, FRAME_SIZE
from exokernel.abi.tables import FrameKind
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import World, data, named

SECRET = b"secret" * 100


def write(frame: int, content: bytes) -> None:
    fake_machine.bytes_in(frame)[: len(content)] = content


@pytest.fixture
def poor(world: World) -> World:
    """A world in which environment 2 has a quota of three frames, two of them used, and few rights."""
    world.living(2, quota=3, rights=named(1))
    return world


# alloc


def test_alloc_makes_a_zeroed_frame_the_callers(world):
    write(30, SECRET)
    owned = world.environments[FIRST].frames
    world.call("capability_forge", 0, 5, named(1))
    world.call("frame_alloc", 30, 5)
    state = world.frames[30]
    assert (state.owner, state.kind, state.guard, state.uses) == (FIRST, FrameKind.DATA, named(1), 0)
    assert world.environments[FIRST].frames == owned + 1
    assert bytes(fake_machine.bytes_in(30)) == bytes(FRAME_SIZE)


def test_alloc_refuses_an_empty_guard(world):
    assert_refused(world, NoCapability, "frame_alloc", 30, 5)


@pytest.mark.parametrize("frame", [0, 7, 8, 9])
def test_alloc_refuses_a_frame_that_is_not_free(world, frame):
    assert_refused(world, InUse, "frame_alloc", frame, 0)


def test_alloc_refuses_beyond_the_quota(poor):
    poor.call("frame_alloc", 30, 0, by=2)
    assert_refused(poor, QuotaExceeded, "frame_alloc", 31, 0, by=2)


# copy


def test_copy_makes_a_frame_with_the_same_bytes(world):
    world.call("frame_alloc", 30, 0)
    write(30, SECRET)
    world.call("frame_copy", 31, 0, 30, 0)
    assert bytes(fake_machine.bytes_in(31)) == bytes(fake_machine.bytes_in(30))
    assert world.frames[31].owner == FIRST


@pytest.mark.parametrize("guard, key", [(5, 0), (0, 5)])
def test_copy_refuses_an_empty_slot(world, guard, key):
    world.call("frame_alloc", 30, 0)
    assert_refused(world, NoCapability, "frame_copy", 31, guard, 30, key)


def test_copy_refuses_a_frame_that_is_not_free(world):
    world.call("frame_alloc", 30, 0)
    assert_refused(world, InUse, "frame_copy", 30, 0, 30, 0)


def test_copy_refuses_beyond_the_quota(poor):
    poor.call("frame_alloc", 30, 0, by=2)
    assert_refused(poor, QuotaExceeded, "frame_copy", 31, 0, 30, 0, by=2)


@pytest.mark.parametrize("source", [0, 8, 40])
def test_copy_refuses_a_source_without_data(world, source):
    assert_refused(world, WrongKind, "frame_copy", 31, 0, source, 0)


def test_copy_refuses_a_key_that_may_not_read(poor):
    poor.call("frame_alloc", 30, 0)
    assert_refused(poor, NotPermitted, "frame_copy", 31, 0, 30, 0, by=2)
    poor.held(FIRST, 1).capability = ROOT.replace(rights=Rights.WRITE)
    assert_refused(poor, NotPermitted, "frame_copy", 31, 0, 30, 1)


# free


def test_free_gives_a_frame_back(world):
    owned = world.environments[FIRST].frames
    world.call("frame_alloc", 30, 0)
    world.call("frame_free", 30, 0)
    assert world.frames[30].kind == FrameKind.FREE
    assert world.environments[FIRST].frames == owned


@pytest.mark.parametrize("frame", [0, 8, 40])
def test_free_refuses_what_holds_no_data(world, frame):
    assert_refused(world, WrongKind, "frame_free", frame, 0)


def test_free_refuses_an_empty_key(world):
    world.call("frame_alloc", 30, 0)
    assert_refused(world, NoCapability, "frame_free", 30, 5)


def test_free_refuses_a_key_without_grant_over_the_frame(poor):
    poor.call("frame_alloc", 30, 0)
    assert_refused(poor, NotPermitted, "frame_free", 30, 0, by=2)
    poor.held(FIRST, 1).capability = ROOT.replace(rights=Rights.READ | Rights.WRITE)
    assert_refused(poor, NotPermitted, "frame_free", 30, 1)


def test_free_refuses_a_frame_that_entries_name(world):
    table = world.table_path()
    world.call("frame_alloc", 30, 0)
    world.call("map", table, 7, data(30), 0)
    assert_refused(world, InUse, "frame_free", 30, 0)


def test_free_refuses_an_environment_page(world):
    assert_refused(world, InUse, "frame_free", 9, 0)


def test_anyone_may_free_what_the_dead_leave(poor):
    poor.call("frame_alloc", 30, 0, by=2)
    poor.call("environment_destroy", 2, 0)
    poor.living(3, root=40, page=41, rights=named(7))
    poor.call("frame_free", 30, 63, by=3)
    assert poor.frames[30].kind == FrameKind.FREE
    assert poor.environments[2].frames == 2


# guard


def test_guard_changes_what_opens_a_frame(world):
    world.call("frame_alloc", 30, 0)
    world.call("capability_forge", 0, 5, named(4))
    world.call("frame_guard", 30, 0, 5)
    assert world.frames[30].guard == named(4)


@pytest.mark.parametrize("frame", [0, 8, 40])
def test_guard_refuses_what_holds_no_data(world, frame):
    assert_refused(world, WrongKind, "frame_guard", frame, 0, 0)


@pytest.mark.parametrize("key, guard", [(5, 0), (0, 5)])
def test_guard_refuses_an_empty_slot(world, key, guard):
    world.call("frame_alloc", 30, 0)
    assert_refused(world, NoCapability, "frame_guard", 30, key, guard)


def test_guard_refuses_a_key_without_grant_over_the_frame(poor):
    poor.call("frame_alloc", 30, 0)
    assert_refused(poor, NotPermitted, "frame_guard", 30, 0, 0, by=2)


def test_guard_refuses_a_frame_that_entries_name(world):
    table = world.table_path()
    world.call("frame_alloc", 30, 0)
    world.call("map", table, 7, data(30), 0)
    assert_refused(world, InUse, "frame_guard", 30, 0, 0)


# adopt


@pytest.fixture
def bereaved(poor: World) -> World:
    """Environment 2 has died and left frame 30, guarded by 1."""
    poor.call("frame_alloc", 30, 0, by=2)
    poor.call("environment_destroy", 2, 0)
    return poor


def test_adopt_takes_over_what_the_dead_leave(bereaved):
    owned = bereaved.environments[FIRST].frames
    bereaved.call("frame_adopt", 30, 0)
    assert bereaved.frames[30].owner == FIRST
    assert bereaved.environments[FIRST].frames == owned + 1
    assert bereaved.environments[2].frames == 2


def test_adopt_refuses_what_a_living_environment_owns(poor):
    poor.call("frame_alloc", 30, 0, by=2)
    assert_refused(poor, WrongKind, "frame_adopt", 30, 0)


@pytest.mark.parametrize("frame", [24, 25, 0, 40])
def test_adopt_refuses_roots_environment_pages_and_frames_without_data(bereaved, frame):
    assert_refused(bereaved, WrongKind, "frame_adopt", frame, 0)


def test_adopt_refuses_an_empty_key(bereaved):
    assert_refused(bereaved, NoCapability, "frame_adopt", 30, 5)


def test_adopt_refuses_a_key_without_grant_over_the_frame(bereaved):
    bereaved.held(FIRST, 1).capability = named(2)
    assert_refused(bereaved, NotPermitted, "frame_adopt", 30, 1)


def test_adopt_refuses_beyond_the_quota(bereaved):
    bereaved.living(3, root=40, page=41, quota=2)
    assert_refused(bereaved, QuotaExceeded, "frame_adopt", 30, 0, by=3)

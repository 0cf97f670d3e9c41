"""Environments: made by somebody who pays, ended by authority, reaped by anyone, and conserved."""

import pytest

from exokernel.abi.capability import ROOT, Capability, Rights
from exokernel.abi.errors import InUse, NoCapability, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import ENVIRONMENTS, FIRST, FRAME_SIZE, NOBODY, SLICES
from exokernel.abi.tables import FrameKind, Phase, Reason, Resource
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import ENTRY, QUOTA, SHARE, World, data, named


def quotas(world: World, environment: int) -> tuple[int, int, int]:
    """Of each resource, in order."""
    state = world.environments[environment]
    return state.quota, state.slice_quota, state.name_quota


def total_quota(world: World) -> int:
    return sum(world.environments[number].quota for number in range(ENVIRONMENTS))


# create


def test_create_makes_an_embryo_in_an_empty_address_space(world):
    fake_machine.bytes_in(24)[8] = fake_machine.bytes_in(25)[8] = 1
    world.call("capability_forge", 0, 5, named(3))
    world.call("environment_create", 2, 24, 25, 0x200, 5, 10)
    state = world.environments[2]
    assert (state.phase, state.guard, state.root, state.page, state.at) == (Phase.EMBRYO, named(3), 24, 25, 0x200)
    assert (state.frames, state.quota, world.environments[FIRST].quota) == (2, 10, QUOTA - 10)
    assert (world.frames[24].kind, world.frames[24].owner, world.frames[24].uses) == (FrameKind.TABLE_4, 2, 1)
    assert (world.frames[25].kind, world.frames[25].owner, world.frames[25].uses) == (FrameKind.DATA, 2, 1)
    assert bytes(fake_machine.bytes_in(25)) == bytes(FRAME_SIZE)
    assert not any(world.entry(24, index).present for index in range(256))
    assert world.entry(24, 510) == fake_machine.self_entry(24)
    assert 2 in world.log.registers_forgotten


def test_create_refuses_an_empty_guard(world):
    assert_refused(world, NoCapability, "environment_create", 2, 24, 25, 0x200, 5, 10)


@pytest.mark.parametrize(
    "environment, root, page",
    [(NOBODY, 24, 25), (FIRST, 24, 25), (2, 8, 25), (2, 24, 9), (2, 0, 25), (2, 24, 24)],
)
def test_create_refuses_what_is_not_free(world, environment, root, page):
    assert_refused(world, InUse, "environment_create", environment, root, page, 0x200, 0, 10)


@pytest.mark.parametrize("quota", [1, 0, -1, QUOTA - 1, 2**32, 2**63 - 1, -(2**63)])
def test_create_refuses_a_quota_that_is_not_there(world, quota):
    assert_refused(world, QuotaExceeded, "environment_create", 2, 24, 25, 0x200, 0, quota)


def test_create_may_spend_all_unused_quota(world):
    world.call("environment_create", 2, 24, 25, 0x200, 0, QUOTA - 2)
    assert total_quota(world) == QUOTA
    assert_refused(world, QuotaExceeded, "frame_alloc", 30, 0)


def test_create_refuses_without_a_name_that_may_be_used(world):
    world.living(2, quota=10)
    world.call("environment_quota", FIRST, 0, Resource.NAMES, SHARE, by=2)
    assert_refused(world, QuotaExceeded, "environment_create", 3, 26, 27, 0x200, 0, 4, by=2)


def test_names_are_used_and_come_back(world):
    world.embryo(2)
    assert (quotas(world, 2)[Resource.NAMES], quotas(world, FIRST)[Resource.NAMES]) == (1, ENVIRONMENTS - 2)
    world.call("environment_destroy", 2, 0)
    world.call("environment_free", 2)
    assert (quotas(world, 2), quotas(world, FIRST)) == ((0, 0, 0), (QUOTA, SLICES, ENVIRONMENTS - 1))


# clone


def test_clone_makes_an_embryo_in_the_callers_address_space(world):
    world.call("environment_clone", 2, 25, 0x300, 0, 4)
    state = world.environments[2]
    assert (state.phase, state.root, state.page, state.at, state.frames) == (Phase.EMBRYO, 8, 25, 0x300, 1)
    assert world.frames[8].uses == 2


def test_clone_refuses_an_empty_guard(world):
    assert_refused(world, NoCapability, "environment_clone", 2, 25, 0x300, 5, 4)


@pytest.mark.parametrize("environment, page", [(NOBODY, 25), (FIRST, 25), (2, 9), (2, 0)])
def test_clone_refuses_what_is_not_free(world, environment, page):
    assert_refused(world, InUse, "environment_clone", environment, page, 0x300, 0, 4)


@pytest.mark.parametrize("quota", [0, -1, QUOTA - 1])
def test_clone_refuses_a_quota_that_is_not_there(world, quota):
    assert_refused(world, QuotaExceeded, "environment_clone", 2, 25, 0x300, 0, quota)


# start


def test_start_lets_an_embryo_live(world):
    world.embryo(2)
    world.entry_points(2)
    assert_refused(world, WrongKind, "yield_to", 2)
    world.call("environment_start", 2, 0)
    world.call("yield_to", 2)
    assert world.log.departure == (2, 24, 25, 0x200, ENTRY)


@pytest.mark.parametrize("environment", [NOBODY, FIRST, 7])
def test_start_refuses_what_is_no_embryo(world, environment):
    assert_refused(world, WrongKind, "environment_start", environment, 0)


def test_start_refuses_an_empty_key(world):
    world.embryo(2)
    assert_refused(world, NoCapability, "environment_start", 2, 5)


def test_start_refuses_a_key_that_may_not_write(world):
    world.embryo(2)
    world.held(FIRST, 1).capability = ROOT.replace(rights=Rights.READ | Rights.GRANT)
    assert_refused(world, NotPermitted, "environment_start", 2, 1)


# destroy


def test_destroy_ends_an_environment_and_leaves_what_it_owned(world):
    world.living(2)
    world.call("frame_alloc", 30, 0, by=2)
    world.call("environment_destroy", 2, 0)
    state = world.environments[2]
    assert (state.phase, state.reason, state.frames) == (Phase.DEAD, Reason.ASKED, 3)
    assert world.frames[30].owner == 2
    assert world.log.departure is None
    assert world.log.output[2] == b""  # it was asked for: nothing to report


def test_an_environment_may_always_destroy_itself(world):
    world.living(2, rights=Capability())
    world.call("environment_destroy", 2, 63, by=2)
    assert world.environments[2].phase == Phase.DEAD
    assert world.log.departure is not None and world.log.departure.environment == FIRST


def test_an_embryo_can_be_destroyed(world):
    world.embryo(2)
    world.call("environment_destroy", 2, 0)
    assert world.environments[2].phase == Phase.DEAD


def test_the_machine_ends_with_its_first_environment(world):
    with pytest.raises(fake_machine.PoweredOff):
        world.call("environment_destroy", FIRST, 0)
    assert world.log.output[2] == b"crash environment=01 vector=00 reason=asked\n"


@pytest.mark.parametrize("environment", [NOBODY, 7])
def test_destroy_refuses_what_neither_lives_nor_will(world, environment):
    assert_refused(world, WrongKind, "environment_destroy", environment, 0)


def test_destroy_refuses_the_dead(world):
    world.living(2)
    world.call("environment_destroy", 2, 0)
    assert_refused(world, WrongKind, "environment_destroy", 2, 0)


def test_destroy_refuses_an_empty_key(world):
    world.living(2)
    assert_refused(world, NoCapability, "environment_destroy", 2, 5)


def test_destroy_refuses_a_key_without_grant_over_the_environment(world):
    world.living(2, rights=named(1))
    assert_refused(world, NotPermitted, "environment_destroy", FIRST, 0, by=2)
    world.held(FIRST, 1).capability = ROOT.replace(rights=Rights.WRITE)
    assert_refused(world, NotPermitted, "environment_destroy", 2, 1)


# free


def test_free_gives_back_everything(world):
    world.living(2)
    world.call("environment_destroy", 2, 0)
    world.call("environment_free", 2)
    state = world.environments[2]
    assert (state.phase, state.frames, state.quota, state.generation) == (Phase.FREE, 0, 0, 1)
    assert world.environments[FIRST].quota == QUOTA
    assert world.frames[24].kind == world.frames[25].kind == FrameKind.FREE
    assert world.held(2, 0).capability == Capability()


def test_a_clone_leaves_its_root_to_the_others(world):
    world.call("environment_clone", 2, 25, 0x300, 0, 4)
    world.call("environment_destroy", 2, 0)
    world.call("environment_free", 2)
    assert (world.frames[8].uses, world.frames[25].kind) == (1, FrameKind.FREE)


def test_a_name_that_is_used_again_has_another_generation(world):
    for generation in (1, 2, 3):
        world.embryo(2)
        assert world.environments[2].generation == generation
        world.call("environment_destroy", 2, 0)
        world.call("environment_free", 2)


def test_generations_do_not_overflow(world):
    world.environments[2].generation = 2**32 - 1
    world.embryo(2)
    assert world.environments[2].generation == 0


@pytest.mark.parametrize("environment", [NOBODY, FIRST, 7])
def test_free_refuses_all_but_the_dead(world, environment):
    assert_refused(world, WrongKind, "environment_free", environment)


def test_free_refuses_while_something_is_left(world):
    world.living(2, quota=10)
    table = world.table_path(16, by=2)
    world.call("frame_alloc", 30, 0, by=2)
    world.call("map", table, 7, data(30), 0, by=2)
    world.call("slice_alloc", 5, 0, by=2)
    world.call("environment_destroy", 2, 0)
    for reap in [
        ("repossess", table, 7, 0),
        ("frame_free", 30, 0),
        ("table_free", 17, 0, 0),
        ("table_free", 16, 0, 0),
        ("table_free", 24, 0, 0),
        ("slice_free", 5, 0),
    ]:
        assert_refused(world, InUse, "environment_free", 2)
        world.call(*reap)
    world.call("environment_free", 2)


def test_free_refuses_while_others_use_its_page(world):
    table = world.table_path()
    world.living(2)
    world.call("map", table, 7, data(25), 0)
    world.call("environment_destroy", 2, 0)
    assert_refused(world, InUse, "environment_free", 2)
    world.call("repossess", table, 7, 0)
    world.call("environment_free", 2)


def test_free_refuses_while_others_live_in_its_address_space(world):
    world.living(2)
    world.call("environment_clone", 3, 40, 0x300, 0, 2, by=2)
    world.call("environment_destroy", 2, 0)
    assert_refused(world, InUse, "environment_free", 2)
    world.call("environment_destroy", 3, 0)
    world.call("environment_free", 3)
    world.call("environment_free", 2)


def test_clone_refuses_without_a_name_that_may_be_used(world):
    world.living(2, quota=10)
    world.call("environment_quota", FIRST, 0, Resource.NAMES, SHARE, by=2)
    assert_refused(world, QuotaExceeded, "environment_clone", 3, 26, 0x300, 0, 4, by=2)


# Sharing an address space


@pytest.fixture
def shared(world):
    """2 is dead; 3 lives on in its address space, where frame 30 is mapped; 4 is a stranger to both."""
    world.living(2, quota=12)
    table = world.table_path(16, by=2)
    world.call("frame_alloc", 30, 0, by=2)
    world.call("map", table, 7, data(30), 0, by=2)
    world.call("environment_clone", 3, 40, 0x300, 0, 2, by=2)
    world.call("environment_start", 3, 0)
    world.call("environment_destroy", 2, 0)
    world.living(4, root=50, page=51, rights=named(9))
    return world


def test_a_stranger_cannot_change_what_a_clone_of_the_dead_lives_in(shared):
    assert_refused(shared, NotPermitted, "repossess", 18, 7, 0, by=4)
    assert_refused(shared, NoCapability, "repossess", 18, 7, 5, by=4)
    shared.call("repossess", 18, 7, 0)
    assert_refused(shared, NotPermitted, "table_free", 17, 0, 0, by=4)
    assert_refused(shared, NoCapability, "table_free", 17, 0, 5, by=4)
    shared.call("table_free", 17, 0, 0)


def test_anyone_may_reap_an_address_space_that_nobody_is_left_in(shared):
    shared.call("environment_destroy", 3, 0)
    assert_refused(shared, NotPermitted, "repossess", 18, 7, 0, by=4)
    shared.call("environment_free", 3, by=4)
    shared.call("repossess", 18, 7, 0, by=4)
    shared.call("table_free", 17, 0, 0, by=4)


# quota


@pytest.mark.parametrize("resource", list(Resource))
def test_quota_moves(world, resource):
    world.embryo(2, quota=8)
    before, others = quotas(world, 2), quotas(world, FIRST)
    world.call("environment_quota", 2, 0, resource, 5)
    assert quotas(world, 2)[resource] == before[resource] + 5
    assert quotas(world, FIRST)[resource] == others[resource] - 5
    assert [sum(each) for each in zip(quotas(world, 2), quotas(world, FIRST))] == [QUOTA, SLICES, ENVIRONMENTS - 1]


@pytest.mark.parametrize("environment", [NOBODY, 7])
def test_quota_refuses_what_neither_lives_nor_will(world, environment):
    assert_refused(world, WrongKind, "environment_quota", environment, 0, Resource.FRAMES, 1)


def test_quota_refuses_an_empty_key(world):
    world.embryo(2)
    assert_refused(world, NoCapability, "environment_quota", 2, 5, Resource.FRAMES, 1)


def test_quota_refuses_a_key_that_may_not_write(world):
    world.embryo(2)
    world.held(FIRST, 1).capability = ROOT.replace(rights=Rights.READ)
    assert_refused(world, NotPermitted, "environment_quota", 2, 1, Resource.FRAMES, 1)


@pytest.mark.parametrize("resource", list(Resource))
@pytest.mark.parametrize("amount", [-1, -(2**63), 2**16, 2**32, 2**63 - 1])
def test_quota_refuses_what_there_is_not(world, resource, amount):
    world.embryo(2)
    assert_refused(world, QuotaExceeded, "environment_quota", 2, 0, resource, amount)


@pytest.mark.parametrize("resource", list(Resource))
def test_quota_refuses_what_is_in_use(world, resource):
    """The first environment uses two frames, a slice and its name."""
    world.embryo(2)
    unused = quotas(world, FIRST)[resource] - (2, 1, 1)[resource]
    assert_refused(world, QuotaExceeded, "environment_quota", 2, 0, resource, unused + 1)
    world.call("environment_quota", 2, 0, resource, unused)

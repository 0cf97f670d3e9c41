"""Slices: position has meaning, the wheel is fair, and nobody keeps the processor."""

import pytest

from exokernel.abi.capability import ROOT, Rights
from exokernel.abi.errors import InUse, NoCapability, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import FIRST, NOBODY
from exokernel.abi.tables import Phase, Reason
from tests.kernel import fake_machine
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import ENTRY, SHARE, World, modules, named

END = ENTRY + 8
EXCESS_LIMIT = modules["slices"].EXCESS_LIMIT


@pytest.fixture
def pair(world: World) -> World:
    """FIRST owns slice 0, environment 2 owns slice 1; FIRST runs."""
    world.living(2)
    world.call("slice_alloc", 1, 0, by=2)
    world.machine.current = FIRST
    return world


# alloc, free, give


def test_alloc_makes_a_slice_the_callers(world):
    world.call("capability_forge", 0, 5, named(3))
    world.call("slice_alloc", 7, 5)
    assert (world.slices[7].owner, world.slices[7].guard) == (FIRST, named(3))
    assert world.environments[FIRST].slices == 2


def test_alloc_refuses_an_empty_guard(world):
    assert_refused(world, NoCapability, "slice_alloc", 7, 5)


def test_alloc_refuses_a_slice_that_is_not_free(world):
    assert_refused(world, InUse, "slice_alloc", 0, 0)


def test_alloc_refuses_more_slices_than_the_caller_may_own(pair):
    for slice in range(2, 1 + SHARE):
        pair.call("slice_alloc", slice, 0, by=2)
    assert_refused(pair, QuotaExceeded, "slice_alloc", 1 + SHARE, 0, by=2)


def test_free_gives_a_slice_back(world):
    world.call("slice_free", 0, 0)
    assert (world.slices[0].owner, world.environments[FIRST].slices) == (NOBODY, 0)


def test_free_refuses_a_free_slice(world):
    assert_refused(world, WrongKind, "slice_free", 7, 0)


def test_free_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "slice_free", 0, 5)


def test_free_refuses_a_key_without_grant_over_the_slice(world):
    world.held(FIRST, 1).capability = ROOT.replace(rights=Rights.READ | Rights.WRITE)
    world.held(FIRST, 2).capability = named(1)
    assert_refused(world, NotPermitted, "slice_free", 0, 1)
    assert_refused(world, NotPermitted, "slice_free", 0, 2)


def test_anyone_may_free_the_slices_of_the_dead(pair):
    pair.call("environment_destroy", 2, 0)
    pair.living(3, root=40, page=41, rights=named(7))
    pair.call("slice_free", 1, 63, by=3)
    assert pair.environments[2].slices == 0


def test_give_changes_the_owner_and_keeps_the_guard(pair):
    pair.call("slice_give", 0, 0, 2)
    assert (pair.slices[0].owner, pair.slices[0].guard) == (2, ROOT)
    assert (pair.environments[FIRST].slices, pair.environments[2].slices) == (0, 2)


def test_the_quota_goes_with_a_slice_that_is_given(pair):
    quota = [pair.environments[number].slice_quota for number in (FIRST, 2)]
    pair.call("slice_give", 1, 0, FIRST)
    assert [pair.environments[number].slice_quota for number in (FIRST, 2)] == [quota[0] + 1, quota[1] - 1]


def test_give_to_its_owner_changes_nothing(pair):
    pair.call("slice_give", 0, 0, FIRST)
    assert pair.environments[FIRST].slices == 1


@pytest.mark.parametrize("slice, receiver", [(7, FIRST), (0, NOBODY), (0, 9)])
def test_give_refuses_free_slices_and_receivers_that_are_nobody(world, slice, receiver):
    assert_refused(world, WrongKind, "slice_give", slice, 0, receiver)


def test_give_refuses_a_dead_receiver(pair):
    pair.call("environment_destroy", 2, 0)
    assert_refused(pair, WrongKind, "slice_give", 0, 0, 2)


def test_give_refuses_an_empty_key(pair):
    assert_refused(pair, NoCapability, "slice_give", 0, 5, 2)


def test_give_refuses_a_key_without_grant_over_the_slice(pair):
    pair.held(FIRST, 1).capability = named(1)
    assert_refused(pair, NotPermitted, "slice_give", 0, 1, 2)


# yield


def test_a_directed_yield_runs_whom_it_names(pair):
    pair.call("yield_to", 2)
    assert pair.log.departure == (2, 24, 25, 0x200, ENTRY)
    assert (pair.machine.current, pair.machine.now) == (2, 0)


def test_a_yield_to_nobody_runs_the_next_on_the_wheel(pair):
    pair.call("yield_to", NOBODY)
    assert pair.log.departure.environment == 2
    assert pair.machine.now == 0  # what is left of the slice is lent, not a turn of the wheel


def test_one_that_is_alone_yields_to_itself(world):
    world.call("yield_to", NOBODY)
    assert world.log.departure == (FIRST, 8, 9, 0x200, ENTRY)


def test_a_yield_passes_by_who_does_not_want_to_run(pair):
    pair.page_of(2).begin = 0
    pair.call("yield_to", NOBODY)
    assert pair.log.departure.environment == FIRST


def test_nobody_to_run_is_idleness(pair):
    pair.page_of(FIRST).begin = pair.page_of(2).begin = 0
    pair.call("yield_to", NOBODY)
    assert (pair.log.departure, pair.machine.current) == (fake_machine.IDLE, NOBODY)


@pytest.mark.parametrize("environment", [9, 255])
def test_yield_refuses_who_does_not_live(world, environment):
    assert_refused(world, WrongKind, "yield_to", environment)


@pytest.mark.parametrize("begin", [0, 2**47, -(2**47)])
def test_yield_refuses_who_cannot_run(pair, begin):
    pair.page_of(2).begin = begin
    assert_refused(pair, WrongKind, "yield_to", 2)


# tick


def test_a_tick_announces_the_end_of_a_slice(pair):
    assert pair.tick() == END
    assert pair.machine.ending
    assert (pair.machine.now, pair.machine.current, pair.machine.ticks) == (1, FIRST, 1)


def test_after_the_end_of_its_slice_an_environment_has_nothing_to_give(pair):
    pair.living(3, root=40, page=41)
    pair.tick()
    pair.call("yield_to", 3)
    assert pair.log.departure.environment == 2


def test_the_end_of_a_slice_concerns_only_who_had_the_processor(pair):
    pair.tick()
    assert pair.machine.ending
    pair.call("yield_to", 2)
    assert not pair.machine.ending
    pair.tick()
    pair.call("environment_destroy", 2, 0, by=2)
    assert (pair.machine.current, pair.machine.ending) == (FIRST, False)


def test_a_tick_changes_nothing_for_one_that_is_alone(world):
    assert world.tick() == 0
    assert not world.machine.ending
    assert world.log.departure is None


def test_neighbouring_slices_of_one_owner_run_through(pair):
    pair.call("slice_give", 1, 0, FIRST)
    pair.call("slice_alloc", 2, 0, by=2)
    pair.machine.current = FIRST
    assert pair.tick() == 0
    assert pair.tick() == END


def test_the_wheel_turns_past_the_last_slice(pair):
    pair.machine.now = 127
    assert pair.tick() == 0
    assert pair.machine.now == 0


def test_what_is_lent_is_not_taken_from_the_borrowers_own_slice(pair):
    pair.call("yield_to", NOBODY)  # 2 runs in what is left of slice 0
    assert pair.tick() == 0  # and goes on in its own
    assert (pair.machine.now, pair.machine.current) == (1, 2)
    assert pair.tick() == END


def test_each_tick_that_finds_it_still_there_is_charged(pair):
    pair.tick()
    assert pair.tick() == 0
    assert pair.environments[FIRST].excess == 1
    assert (pair.machine.now, pair.log.departure) == (1, None)


def test_debts_are_paid_by_forfeit(pair):
    for _ in range(3):
        pair.tick()
    pair.call("yield_to", NOBODY)
    assert (pair.environments[FIRST].excess, pair.machine.current) == (2, 2)
    for owed in (1, 0):
        assert pair.tick() == 0  # the next slice is FIRST's; it goes by, and so 2 stays
        assert pair.environments[FIRST].excess == owed
    assert pair.tick() == END


def test_who_sleeps_pays_nothing(pair):
    for _ in range(3):
        pair.tick()
    pair.page_of(FIRST).begin = 0
    pair.call("yield_to", NOBODY)
    pair.tick()
    assert pair.environments[FIRST].excess == 2


def test_too_much_excess_is_fatal(pair):
    pair.call("yield_to", 2)
    pair.machine.now = 1
    assert pair.tick() == END
    for _ in range(EXCESS_LIMIT):
        assert pair.tick() == 0
    assert pair.environments[2].phase == Phase.LIVE
    assert pair.tick() == 0
    assert (pair.environments[2].phase, pair.environments[2].reason) == (Phase.DEAD, Reason.OVERSTAYED)
    assert pair.log.departure.environment == FIRST and not pair.machine.ending
    assert bytes(pair.log.output[2]) == b"crash environment=02 vector=00 reason=overstayed\n"


@pytest.mark.parametrize("end", [0, 2**47, -1])
def test_one_without_an_entry_for_the_end_dies_of_it(pair, end):
    pair.call("yield_to", 2)
    pair.machine.now = 1
    pair.page_of(2).end = end
    assert pair.tick() == 0
    assert (pair.environments[2].phase, pair.environments[2].reason) == (Phase.DEAD, Reason.NO_ENTRY)
    assert pair.log.departure.environment == FIRST and not pair.machine.ending


def test_a_tick_wakes_the_idle(pair):
    pair.page_of(FIRST).begin = pair.page_of(2).begin = 0
    pair.call("yield_to", NOBODY)
    assert pair.tick() == 0
    assert pair.log.departure is None
    pair.page_of(2).begin = ENTRY
    assert pair.tick() == 0
    assert pair.log.departure.environment == 2
    assert pair.machine.now == 1


def test_the_exceptions_of_the_dying_name_their_vector(pair):
    pair.call("yield_to", 2)
    modules["processor"].die(Reason.NO_HANDLER, 14)
    assert (pair.environments[2].reason, pair.environments[2].vector) == (Reason.NO_HANDLER, 14)
    assert bytes(pair.log.output[2]) == b"crash environment=02 vector=0e reason=no-handler\n"
    assert pair.log.departure.environment == FIRST


def test_ticks_are_shared_as_slices_are_owned(pair):
    """Over many turns, each gets what it owns, whatever they do with it."""
    pair.call("slice_alloc", 2, 0, by=2)
    pair.living(3, root=40, page=41)
    pair.call("slice_alloc", 64, 0, by=3)
    pair.machine.current = FIRST
    ran = dict.fromkeys((FIRST, 2, 3), 0)
    for turn in range(400):
        if pair.tick() == END:
            pair.call("yield_to", NOBODY, by=pair.machine.current)
        ran[pair.slices[pair.machine.now].owner] += 1
        if turn % 3 == 0:
            pair.call("yield_to", NOBODY, by=pair.machine.current)
    assert (ran[FIRST], ran[2], ran[3]) == (100, 200, 100)

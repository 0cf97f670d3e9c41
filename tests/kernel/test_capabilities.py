"""Capabilities: downwards only, with both sides' consent, and never from nothing."""

import pytest

from exokernel.abi.capability import ROOT, Capability, Rights
from exokernel.abi.errors import BadName, BadSeal, InUse, NoCapability, NotAccepting, NotPermitted, WrongKind
from exokernel.abi.names import FIRST, NOBODY
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import data, modules, named

NARROW = named(1, 2)


# What a capability opens


def test_a_shorter_name_opens_what_a_longer_one_guards():
    assert named(1).grants(Rights.ALL, named(1, 2))
    assert named(1).grants(Rights.READ, named(1))
    assert ROOT.grants(Rights.ALL, named(255, 255, 255, 255, 255, 255))


def test_a_longer_or_a_different_name_opens_nothing():
    assert not named(1, 2).grants(Rights.READ, named(1))
    assert not named(2).grants(Rights.READ, named(1, 2))
    assert not named(1, 2).dominates(named(1, 3))
    assert not named(1, 2, 3, 4, 5, 6).dominates(named(1, 2, 3, 4, 5))
    assert not named(1).dominates(ROOT)
    assert not ROOT.dominates(Capability())


def test_a_right_that_is_not_there_is_not_granted():
    assert not named(1, rights=Rights.READ).grants(Rights.WRITE, named(1))
    assert not named(1, rights=Rights.READ).grants(Rights.READ | Rights.WRITE, named(1))


# forge


def test_forge_makes_a_narrower_capability(world):
    world.call("capability_forge", 0, 5, NARROW)
    assert world.held(FIRST, 5).capability == NARROW


def test_forge_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "capability_forge", 4, 5, NARROW)


def test_forge_refuses_a_slot_that_is_taken(world):
    assert_refused(world, InUse, "capability_forge", 0, 0, NARROW)


def test_forge_refuses_a_slot_that_is_open_for_a_grant(world):
    world.call("capability_accept", 5, 2, 1)
    assert_refused(world, InUse, "capability_forge", 0, 5, NARROW)


@pytest.mark.parametrize(
    "wanted",
    [
        named(1),  # wider
        named(2, 1),  # elsewhere
        named(1, 2, rights=Rights.WRITE),  # more rights
        Capability(),
        named(1, 2, rights=Rights.READ).replace(valid=False),
        named(1, 2, 3, rights=Rights.READ).replace(spare=47),  # longer than it says
        named(1, 2, rights=Rights.READ).replace(spare=39),  # shorter than it says
        named(1, 2, 0, 4, rights=Rights.READ),
        named(1, 2, rights=Rights.READ).replace(spare=46),
        named(1, 2, 3, 4, 5, 6, rights=Rights.READ).replace(spare=7),
        named(1, 2, rights=Rights.READ).replace(reserved=1),
    ],
    ids=str,
)
def test_forge_refuses_what_the_key_does_not_dominate(world, wanted):
    world.held(FIRST, 1).capability = named(1, 2, rights=Rights.READ | Rights.GRANT)
    assert_refused(world, NotPermitted, "capability_forge", 1, 5, wanted)


def test_forge_refuses_a_key_that_may_not_be_handed_on(world):
    world.held(FIRST, 1).capability = named(1, rights=Rights.READ | Rights.WRITE)
    assert_refused(world, NotPermitted, "capability_forge", 1, 5, named(1, 2, rights=Rights.READ))


# drop


def test_drop_empties_a_slot(world):
    world.call("capability_forge", 0, 5, NARROW)
    world.call("capability_drop", 5)
    assert world.held(FIRST, 5).capability == Capability()


def test_drop_refuses_an_empty_slot(world):
    assert_refused(world, NoCapability, "capability_drop", 5)


def test_drop_refuses_a_slot_that_entries_were_made_under(world):
    table = world.table_path()
    world.call("capability_forge", 0, 5, NARROW)
    world.call("frame_alloc", 30, 5)
    world.call("map", table, 7, data(30, key=5), 0)
    assert_refused(world, InUse, "capability_drop", 5)

    world.call("map", table, 7, data(0).replace(present=False), 0)
    world.call("capability_drop", 5)


# accept and grant


def test_a_grant_takes_both_sides(world):
    world.living(2, rights=named(9))
    world.call("capability_accept", 5, FIRST, 1, by=2)
    world.call("capability_grant", 0, 2, 1, Rights.READ)
    assert world.held(2, 5).capability == ROOT.replace(rights=Rights.READ)


def test_one_acceptance_is_for_one_grant(world):
    world.living(2)
    world.call("capability_accept", 5, FIRST, 1, by=2)
    world.call("capability_grant", 0, 2, 1, Rights.READ)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ)


def test_accepting_from_nobody_closes(world):
    world.living(2)
    world.call("capability_accept", 5, FIRST, 1, by=2)
    world.call("capability_accept", 5, NOBODY, 0, by=2)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ)


def test_accept_refuses_a_slot_that_is_taken(world):
    assert_refused(world, InUse, "capability_accept", 0, 2, 1)


def test_grant_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "capability_grant", 5, 2, 1, Rights.READ)


@pytest.mark.parametrize("held", [Rights.READ | Rights.WRITE, Rights.READ | Rights.GRANT], ids=str)
def test_grant_refuses_more_than_the_key_has(world, held):
    world.living(2)
    world.call("capability_accept", 5, FIRST, 1, by=2)
    world.held(FIRST, 1).capability = named(1, rights=held)
    assert_refused(world, NotPermitted, "capability_grant", 1, 2, 1, Rights.READ | Rights.WRITE)


def test_grant_refuses_a_receiver_that_opened_for_another(world):
    world.living(2)
    world.call("capability_accept", 5, 3, 1, by=2)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ)


def test_grant_refuses_a_dead_receiver(world):
    world.living(2)
    world.call("capability_accept", 5, FIRST, 1, by=2)
    world.call("environment_destroy", 2, 0)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ)


def test_grant_refuses_who_bears_the_donors_name_after_it(world):
    world.living(2)
    world.living(3, root=26, page=27)
    world.call("capability_accept", 5, 3, 1, by=2)
    world.call("environment_destroy", 3, 0)
    world.call("environment_free", 3)
    world.living(3, root=26, page=27)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ, by=3)


def test_grant_refuses_who_bears_the_receivers_name_after_it(world):
    world.living(2)
    world.call("environment_destroy", 2, 0)
    world.call("environment_free", 2)
    world.living(2)
    world.call("capability_accept", 5, FIRST, 1, by=2)
    assert_refused(world, NotAccepting, "capability_grant", 0, 2, 1, Rights.READ)
    world.call("capability_grant", 0, 2, 2, Rights.READ)


def test_grant_refuses_rights_that_there_are_not(world):
    assert_refused(world, BadName, "capability_grant", 0, 2, 1, 8)


# install


def test_install_fills_an_embryo(world):
    world.embryo(2)
    world.call("capability_install", 2, 0, 0, 3)
    assert world.held(2, 3).capability == ROOT


@pytest.mark.parametrize("authority, key", [(5, 0), (0, 5)])
def test_install_refuses_an_empty_key(world, authority, key):
    world.embryo(2)
    assert_refused(world, NoCapability, "capability_install", 2, authority, key, 3)


@pytest.mark.parametrize("environment", [NOBODY, FIRST, 7])
def test_install_refuses_all_but_embryos(world, environment):
    assert_refused(world, WrongKind, "capability_install", environment, 0, 0, 3)


def test_install_refuses_without_authority_over_the_embryo(world):
    world.embryo(2)
    world.held(FIRST, 1).capability = named(1)
    world.held(FIRST, 2).capability = ROOT.replace(rights=Rights.READ | Rights.WRITE)
    assert_refused(world, NotPermitted, "capability_install", 2, 1, 0, 3)
    assert_refused(world, NotPermitted, "capability_install", 2, 2, 0, 3)


def test_install_refuses_a_key_that_may_not_be_handed_on(world):
    world.embryo(2)
    world.held(FIRST, 1).capability = named(1, rights=Rights.READ)
    assert_refused(world, NotPermitted, "capability_install", 2, 0, 1, 3)


def test_install_refuses_a_slot_that_is_taken(world):
    world.embryo(2)
    world.call("capability_install", 2, 0, 0, 3)
    assert_refused(world, InUse, "capability_install", 2, 0, 0, 3)


# seal and unseal


def test_a_token_becomes_its_capability_again(world):
    world.call("capability_forge", 0, 5, NARROW)
    seal = world.call("capability_seal", 5)
    world.living(2, rights=named(9))
    world.call("capability_unseal", NARROW, seal, 6, by=2)
    assert world.held(2, 6).capability == NARROW


def test_seal_refuses_an_empty_key(world):
    assert_refused(world, NoCapability, "capability_seal", 5)


def test_seal_refuses_a_key_that_may_not_be_handed_on(world):
    world.held(FIRST, 1).capability = named(1, rights=Rights.READ)
    assert_refused(world, NotPermitted, "capability_seal", 1)


def test_unseal_refuses_a_slot_that_is_taken(world):
    seal = world.call("capability_seal", 0)
    assert_refused(world, InUse, "capability_unseal", ROOT, seal, 0)


def test_unseal_refuses_a_slot_that_is_open_for_a_grant(world):
    seal = world.call("capability_seal", 0)
    world.call("capability_accept", 5, 2, 1)
    assert_refused(world, InUse, "capability_unseal", ROOT, seal, 5)


@pytest.mark.parametrize("change", [{"spare": 55, "first": 3}, {"rights": Rights.READ}, {"valid": False}], ids=str)
def test_unseal_refuses_a_capability_that_was_not_sealed(world, change):
    seal = world.call("capability_seal", 0)
    assert_refused(world, BadSeal, "capability_unseal", ROOT.replace(**change), seal, 5)


@pytest.mark.parametrize("bit", [0, 1, 31, 62])
def test_unseal_refuses_a_seal_with_one_bit_changed(world, bit):
    seal = world.call("capability_seal", 0)
    assert_refused(world, BadSeal, "capability_unseal", ROOT, seal ^ 1 << bit, 5)


def test_unseal_refuses_a_word_that_is_no_capability_even_with_its_seal(world):
    word = named(1, 2).replace(reserved=1)
    assert_refused(world, BadSeal, "capability_unseal", word, modules["capabilities"].seal_of(word), 5)

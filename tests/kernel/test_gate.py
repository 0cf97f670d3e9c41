"""The gate: every argument with a name type is checked, whatever a register may hold."""

from typing import get_type_hints

import pytest

from exokernel.abi import names
from exokernel.abi.capability import ROOT, Rights
from exokernel.abi.console import Stream
from exokernel.abi.errors import BadName
from exokernel.abi.tables import Resource
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import calls
from tests.kernel.refusals import assert_refused
from tests.kernel.worlds import FRAMES, implemented, numbers

COUNTS = {
    names.Frame: FRAMES,
    names.Page: names.USER_PAGES,
    names.Index: names.TABLE_ENTRIES,
    names.Slot: names.SLOTS,
    names.EnvironmentId: names.ENVIRONMENTS,
    names.Generation: names.GENERATIONS,
    names.Slice: names.SLICES,
    Rights: 8,
    Resource: 3,
    Stream: 3,
}
HARMLESS = {**dict.fromkeys(COUNTS, 0), int: 0, Entry: Entry(), type(ROOT): ROOT}


def named_parameters():
    for name, number in numbers.items():
        hints = get_type_hints(calls.declared_calls()[number])
        hints.pop("return")
        for place, (parameter, kind) in enumerate(hints.items()):
            if kind in COUNTS:
                yield pytest.param(name, place, list(hints.values()), id=f"{name}-{parameter}")


@pytest.mark.parametrize("name, place, kinds", list(named_parameters()))
def test_a_name_that_is_out_of_range_is_refused(world, name, place, kinds):
    count = COUNTS[kinds[place]]
    for wrong in (count, count + 1, -1, max(count, 2**32), 2**63 - 1, -(2**63)):
        arguments = [HARMLESS[kind] for kind in kinds]
        arguments[place] = wrong
        assert_refused(world, BadName, name, *arguments)


def test_every_declared_call_is_implemented():
    assert set(implemented) == set(numbers)


def test_null_does_nothing(world):
    before = world.snapshot()
    world.call("null")
    assert world.snapshot() == before

"""The prover's meaning of a call agrees with CPython's, on states that calls have led to.

Symbolic execution gives one term for the error of a call and one for every cell after it; put
concrete cells and arguments into these, and they must say what CPython does.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
import z3

from exokernel.abi.capability import ROOT as ALL
from exokernel.abi.capability import Capability, Rights
from exokernel.abi.names import Frame
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import memory
from exokernel.prover import terms
from exokernel.prover.llvm.addresses import Map, Region
from exokernel.prover.obligations import Run, execute
from exokernel.prover.system import System, load_system
from tests.kernel.worlds import World

pytestmark = pytest.mark.slow
CALLS = ("capability_forge", "capability_drop", "capability_accept", "capability_grant", "frame_alloc", "frame_free", "frame_guard",
         "environment_quota", "environment_start", "slice_alloc", "slice_free", "slice_give", "table_alloc", "table_free", "map", "repossess")  # fmt: skip
ROUNDS = 60
LIMITS = {"Frame": 24, "Slot": 4, "EnvironmentId": 4, "Generation": 3, "Slice": 4, "Index": 2, "Rights": 8, "Resource": 3, "int": 4}
Pairs = list[tuple[terms.Term, terms.Term]]  # what is replaced by what


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


def nonzero(world: World, region: Region, offset: int, size: int) -> Iterator[tuple[int, int]]:
    """The cells of a family that hold something, by index."""
    first, end = region.start, region.start + region.size * region.length
    for number in sorted(world.memory.pages):
        base = number * 4096 - (2**64 if number >= 2**51 else 0)
        if first - 4096 < base < end:
            low = max(-(-(base - first - offset) // region.size), 0)
            for index in range(low, min(low + 4096 // region.size + 1, region.length)):
                value = world.memory.load(first + index * region.size + offset, size)
                if value:
                    yield index, value


def tables_of(system: System, where: Map, world: World) -> Pairs:
    """For every unknown table, what the world has at the key asked for."""
    found = []
    for region in where.regions:
        for leaf in region.leaves:
            base = system.state.table(leaf.family).base
            domain, bits = base.domain(0), base.range().size()
            concrete = z3.K(domain, z3.BitVecVal(0, bits))
            for index, value in nonzero(world, region, leaf.offset, leaf.size):
                concrete = z3.Store(concrete, index, z3.BitVecVal(value, bits))
            found.append((base, z3.Select(concrete, z3.Var(0, domain))))
    return found


def predicted(run: Run, tables: Pairs, arguments: Pairs) -> int:
    """The error the terms say, for concrete cells and arguments."""

    def concrete(term: terms.Term) -> terms.Term:
        return terms.simplify(z3.substitute_funs(z3.substitute(term, *arguments), *tables))

    for outcome in run.outcomes:
        if terms.is_true(concrete(terms.both(outcome.conditions))):
            error = terms.literal(concrete(outcome.error))
            assert error is not None
            return error
    raise AssertionError("no path of the call is taken")


def any_value(chance: random.Random, kind: str) -> Any:
    """An argument that is worth trying."""
    if kind == "Capability":
        return chance.choice((ALL, Capability.of(chance.getrandbits(64)), ALL.replace(rights=Rights.READ | Rights.GRANT)))
    if kind == "Entry":
        return Entry(present=chance.random() < 0.8, user=chance.random() < 0.9, frame=Frame(chance.randrange(24)))
    return chance.randrange(LIMITS[kind])


def test_the_terms_say_what_cpython_does(system: System) -> None:
    before = memory.machine
    world, where, chance = World(), Map(system), random.Random(1)
    runs = {name: execute(system, system.calls[name]) for name in CALLS}
    seen = set()
    for _ in range(ROUNDS):
        name = chance.choice(CALLS)
        call = system.calls[name]
        given = [any_value(chance, each.type) for each in call.parameters]
        pairs = [(term, z3.BitVecVal(value, term.size())) for term, value in zip(runs[name].arguments[1:], map(int, given))]
        said = predicted(runs[name], tables_of(system, where, world), pairs)
        assert world.answer(name, *given).error == said, (name, given)
        seen.add((name, said))
    memory.machine = before
    assert len(seen) > len(CALLS) // 2

"""The prover's meaning of a call agrees with CPython's, on states that calls have led to.

Symbolic execution gives conditions, an error, a value, and a term for every cell; put a state
and arguments into these and they must say what CPython does there. Exactly one end's conditions
hold; what is known of the arguments is known exactly of those that the gate admits; nothing is
demanded on the way that is not so. Every call is compared, and `tick` and `die`; loops are gone
through step by step, as the prover says a step goes from any state at their head, with what it
found that steps keep, and with its closed forms for the tables they sweep. What is not compared of
a call's effects, `comparison` says. Nor is it compared here what the solver makes of the terms, nor
the facts about loops that only the proofs use (`universals`, `declared`), each of which is proved.
"""

import random
from collections import Counter
from collections.abc import Iterator
from itertools import product

import pytest

from exokernel.abi.names import FIRST, NOBODY, ROOT_SLOT
from exokernel.abi.tables import Reason
from exokernel.abi.capability import Rights
from exokernel.dialect import memory
from exokernel.prover import terms
from exokernel.prover.system import KERNEL, System, load_system
from exokernel.abi.environment_page import VECTORS
from tests.kernel import try_mutants
from tests.kernel.moves import UNSPECIFIED, Move, arguments_for, call, furnishing
from tests.kernel.try_mutants import Planted, Recorder, Snapshot, record
from tests.kernel.worlds import ENTRY, World
from tests.prover.comparison import Case, Cells, Comparison
from tests.prover.prediction import Predictor

pytestmark = pytest.mark.slow
WALKS = 40
ALIKE = 20  # cases of one call that end alike
OWN = 60  # cases of each step that no walk makes
TYPED = 65
TICKS = 12  # more than a debtor may take
NEVER_REFUSE = {"null", "tick", "die"}  # null does nothing; the other two are no calls, and there is nobody to answer


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    before = memory.machine
    yield World()
    memory.machine = before


# Cases


def stories() -> Iterator[tuple[Move, ...]]:
    """What walks seldom come to: grants, tables given back, frames of the dead taken over, and the ends of the machine."""
    given = [call(name, slice, ROOT_SLOT, *to) for slice in (2, 3) for name, to in (("slice_alloc", ()), ("slice_give", (slice,)))]
    others = (*furnishing(True, 2), *given)
    yield (*furnishing(True, 1, "frames"), call("frame_adopt", 26, ROOT_SLOT), call("frame_adopt", 27, ROOT_SLOT))
    yield (call("table_alloc", 8, 0, 16, 0), call("table_alloc", 16, 3, 17, 0), call("table_free", 16, 3, 0), call("table_free", 8, 0, 0))
    for rights in (Rights.READ, Rights.ALL):
        grants = [call("capability_grant", 0, 1, generation, rights, by=2) for generation in range(3)]
        accepts = [call("capability_accept", 5, 2, generation) for generation in range(3)]
        yield from ((*furnishing(False, 1), each, call("yield_to", 2), *grants) for each in accepts)
    for first, second in product(((ENTRY, ENTRY), (ENTRY, 0), (0, 0)), repeat=2):
        pages = Move("set_page", (1, *first)), Move("set_page", (2, *second))
        yield (*others, *pages, *[Move("tick")] * TICKS)
        yield (*others, call("yield_to", 2), *[Move("tick")] * 2, *pages, *[Move("tick")] * TICKS)


def recorded() -> dict[str, list[try_mutants.Case]]:
    """Cases of walks and of stories."""
    cases = record(WALKS)
    for story in stories():
        recorder = Recorder(cases, {}, {})
        for move in story:
            recorder.do(move)
    return cases


def moves_of_our_own(world: World, chance: random.Random, name: str) -> Iterator[Move]:
    """A step that no walk makes, in the state as it is."""
    caller = world.machine.current
    if name == "die":
        yield Move(name, (chance.choice((Reason.NO_HANDLER, Reason.NO_STACK)), chance.randrange(VECTORS)), caller)
    elif name == "environment_destroy":
        yield call(name, FIRST, chance.randrange(3), by=caller)
    else:
        yield call(name, *arguments_for(world, chance, name), by=caller)


def kind_of_end(case: try_mutants.Case) -> tuple[object, ...]:
    """The error, whether the machine ended, and to whom the processor went."""
    outcome = case.outcome
    error = outcome.answer.error if case.move.method == "call" else 0
    return error, outcome.off, outcome.departure and outcome.departure.environment


def all_cases() -> dict[str, list[Case]]:
    """Cases of every step, of those that end alike not too many."""
    found, world, chance = recorded(), World(), random.Random(1)
    cases: dict[str, list[Case]] = {}
    alike: Counter[tuple[object, ...]] = Counter()
    for name, each in ((name, each) for name in found for each in found[name]):
        ending = kind_of_end(each)
        alike[name, *ending] += 1
        if alike[name, *ending] <= ALIKE:
            cases.setdefault(name, []).append(Case(each.before, each.move))
    states = [each.before for name in sorted(cases) for each in cases[name] if each.move.by != NOBODY]
    for name in ("die", "environment_destroy", *UNSPECIFIED):
        for before in chance.sample(states, OWN):
            world.memory.restore(before)
            cases.setdefault(name, []).extend(Case(before, move, (TYPED,) * chance.randrange(2)) for move in moves_of_our_own(world, chance, name))
    return cases



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
from typing import Any

import pytest

from exokernel.abi.capability import Rights
from exokernel.abi.environment_page import VECTORS
from exokernel.abi.names import FIRST, FRAME_SIZE, NOBODY, ROOT_SLOT
from exokernel.abi.tables import FrameKind, Reason
from exokernel.abi.x86_64 import Entry
from exokernel.compiler.ir import operations as op
from exokernel.dialect import memory
from exokernel.prover import machine
from exokernel.prover.arithmetic import RELATIONS
from exokernel.prover.execute import Executor
from exokernel.prover.paths import Path
from exokernel.prover.system import KERNEL, System, find_calls
from tests.kernel import fake_machine, try_mutants
from tests.kernel.moves import UNSPECIFIED, Move, arguments_for, call, furnishing
from tests.kernel.try_mutants import Planted, Recorder, Snapshot, record
from tests.kernel.worlds import ENTRY, FRAMES, World, data
from tests.prover.comparison import CallComparison, Cells, Situation
from tests.prover.prediction import MARK

pytestmark = pytest.mark.slow
WALKS = 40
ALIKE = 12  # cases of one call that end alike
OWN = 60  # cases of each step that no walk makes
TYPED = 65
STATE = "exokernel.kernel.state"
ENVIRONMENTS = f"{STATE}.environments[]"
LITTER = bytes(range(256)) * (FRAME_SIZE // 256)
TICKS = 12  # more than a debtor may take
# Where no state leads: `turn` has just found who is next, so in `tick` the first step of `successor` finds him again.
NEVER_TAKEN = {"tick": ["round 1 of successor"]}
NEVER_REFUSE = {"null", "tick", "die"}  # null does nothing; the other two are no calls, and there is nobody to answer
NEVER_CHANGE = {"null", "capability_seal", "console_read", "console_write", "machine_halt"}  # a cell of any table


# Cases


def stories() -> Iterator[tuple[Move, ...]]:
    """What walks seldom come to: grants, tables given back, frames of the dead taken over, and the ends of the machine."""
    given = [call(name, slice, ROOT_SLOT, *to) for slice in (2, 3) for name, to in (("slice_alloc", ()), ("slice_give", (slice,)))]
    others = (*furnishing(True, 2), *given)
    yield (*furnishing(True, 1, "frames"), call("frame_adopt", 26, ROOT_SLOT), call("frame_adopt", 27, ROOT_SLOT))
    yield (call("table_alloc", 8, 0, 16, 0), call("table_alloc", 16, 3, 17, 0), call("table_free", 16, 3, 0), call("table_free", 8, 0, 0))
    yield tuple(ranges())
    for rights in (Rights.READ, Rights.ALL):
        grants = [call("capability_grant", 0, 1, generation, rights, by=2) for generation in range(3)]
        accepts = [call("capability_accept", 5, 2, generation) for generation in range(3)]
        yield from ((*furnishing(False, 1), each, call("yield_to", 2), *grants) for each in accepts)
    overstayed, rounds = [Move("tick")] * 6, (Move("tick"), call("yield_to", 3), Move("tick"), Move("tick"), call("yield_to", 1, by=3))
    yield (*others, call("yield_to", 2), *overstayed, call("yield_to", 1, by=2), *rounds * 6)
    for first, second in product(((ENTRY, ENTRY), (ENTRY, 0), (0, 0)), repeat=2):
        pages = Move("set_page", (1, *first)), Move("set_page", (2, *second)), Move("set_page", (3, *second))
        yield (*others, *pages, *[Move("tick")] * TICKS)
        yield (*others, call("yield_to", 2), *[Move("tick")] * 2, *pages, *[Move("tick")] * TICKS)


def ranges() -> Iterator[Move]:
    """Loops of several steps: entries made, asked for in a batch, changed and taken away again, some of them restricted."""
    yield from furnishing(True, 0)
    for frame in range(20, 24):
        yield call("frame_alloc", frame, 0)
    yield call("map_range", 18, 4, 4, data(20, writable=True), 0)
    for number in range(4):
        yield Move("request", (28, number, 18, 9 - number, data(20 + number, key=3)))
    for count in (1, 3, 4):
        yield call("map_batch", 28, 0, count, 0)
    writable, marked = Entry(writable=True), Entry(dirty=True, software=3)
    for index, count, key in ((4, 4, 0), (1, 9, 0), (2, 3, 0), (0, 2, 0)):
        yield call("protect", 18, index, count, Entry(), marked, key)
        yield call("protect", 18, index, count, writable, Entry(), key)
        yield call("protect", 18, index, count, marked, writable, key)
    for index, count in ((4, 2), (5, 4), (0, 12)):
        yield call("map_range", 18, index, count, Entry(), 0)


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


def kind_of_end(cells: Cells, case: try_mutants.Case) -> tuple[object, ...]:
    """The error, whether the machine ended, to whom the processor went, and what has changed."""
    outcome = case.outcome
    error = outcome.answer.error if case.move.method == "call" else 0
    changed = frozenset(family for family, _ in cells.changed(case.before, outcome.after))
    return error, outcome.off, outcome.departure and outcome.departure.environment, changed


def littered(cells: Cells, before: Snapshot) -> Snapshot:
    """The same state, but frames that a library may write, or might have when they were its own, are not empty."""
    free, data = int(FrameKind.FREE), int(FrameKind.DATA)
    written = [frame for frame in range(FRAMES) if cells.read(before, f"{STATE}.frames[]|kind", frame) in (free, data)]
    return {**{fake_machine.FIRST_PAGE + frame: LITTER for frame in written}, **before}


def all_cases(cells: Cells) -> dict[str, list[Situation]]:
    """Cases of every step, of those that end alike not too many."""
    found, world, chance = recorded(), World(), random.Random(1)
    cases: dict[str, list[Situation]] = {}
    alike: Counter[tuple[object, ...]] = Counter()
    for name, each in ((name, each) for name in found for each in found[name]):
        ending = kind_of_end(cells, each)
        alike[name, *ending] += 1
        if alike[name, *ending] <= ALIKE:
            cases.setdefault(name, []).append(Situation(littered(cells, each.before), each.move))
    states = [each.before for name in sorted(cases) for each in cases[name] if each.move.by != NOBODY]
    for name in ("die", "environment_destroy", *UNSPECIFIED):
        for before in chance.sample(states, OWN):
            world.memory.restore(before)
            cases.setdefault(name, []).extend(Situation(before, move, (TYPED,) * chance.randrange(2)) for move in moves_of_our_own(world, chance, name))
    return cases


@pytest.fixture(scope="module")
def cells(system: System) -> Cells:
    return Cells(system)


@pytest.fixture(scope="module")
def cases(cells: Cells) -> Iterator[dict[str, list[Situation]]]:
    before = memory.machine
    yield all_cases(cells)
    memory.machine = before


@pytest.fixture
def comparison(system: System, cells: Cells, name: str) -> CallComparison:
    return CallComparison(system, cells, World(), name)


# Tests


@pytest.mark.parametrize("name", find_calls())
def test_the_terms_say_what_cpython_does(comparison: CallComparison, cases: dict[str, list[Situation]], name: str) -> None:
    said = {str(case.move): found for case in cases[name] if (found := comparison.objections(case))}
    assert said == {}
    tally, places = comparison.tally, comparison.predictor.places
    assert tally.successes > 0 and (tally.refusals > 0) == (name not in NEVER_REFUSE)
    assert (tally.changed > 0) == (name not in NEVER_CHANGE)
    never = [each.what.partition(MARK)[0] for each in places if each.what not in tally.places]
    assert never == NEVER_TAKEN.get(name, [])


GUARDED = "Rights.GRANT, frames[frame].guard)\n    if frames[frame].uses != 0:\n        raise"
WRONG = [  # call, what is complained of, module, function, text before, text after
    ("frame_free", "error: 6, not 5", "frames", "frame_free", f"{GUARDED} InUse", f"{GUARDED} WrongKind"),
    ("map_range", "value: 0x2, not 0x1", "translations", "map_range", "index), progress.done)\n    return progress.done", "index), progress.done)\n    return progress.done + 1"),
    ("frame_adopt", f"cell: {ENVIRONMENTS}|frames at", "frames", "frame_adopt", "    environments[caller].frames += 1\n", ""),
    ("frame_copy", "cell: memory[][] at", "frames", "frame_copy", "machine.copy(frame, source)", "machine.clear(frame)"),
    ("repossess", "cell: forgotten[] at", "translations", "repossess", "Entry())\n    machine.forget(page_at(table, index), 1)\n", "Entry())\n"),
    ("yield_to", "cell: departed.root at", "processor", "run", "state.root, state.page, state.at", "state.page, state.page, state.at"),
    ("tick", f"cell: {ENVIRONMENTS}|excess at", "slices", "turn", "excess -= 1", "excess -= 2"),
    ("die", "error: 0, not 0; off False, not True", "processor", "end", "        machine.power_off(ORDERLY)\n", "        pass\n"),
]  # fmt: skip


def complains(comparison: CallComparison, cases: list[Situation], complaint: str) -> bool:
    """Whether a complaint that begins so is made of any case."""
    return any(each.startswith(complaint) for case in cases for each in comparison.objections(case))


@pytest.mark.parametrize(("name", "complaint", "module", "function", "old", "new"), WRONG, ids=[each[0] for each in WRONG])
def test_another_kernel_than_the_prover_reads_is_noticed(
    comparison: CallComparison, cases: dict[str, list[Situation]], name: str, complaint: str, module: str, function: str, old: str, new: str
) -> None:
    source = (KERNEL / f"{module}.py").read_text()
    assert source.count(old) == 1
    with Planted(f"exokernel.kernel.{module}", function, source.replace(old, new)):
        assert complains(comparison, cases[name], complaint)


def left_out(executor: Executor, path: Path, function: op.Function, arguments: tuple[Any, ...]) -> None:
    """A model of a function of the machine that has forgotten what it does."""


def test_a_wrong_model_of_the_machine_is_noticed(
    system: System, cells: Cells, cases: dict[str, list[Situation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(machine.MODELS, "paging.clear", left_out)
    assert complains(CallComparison(system, cells, World(), "frame_alloc"), cases["frame_alloc"], "cell: memory[][] at")


def test_a_wrong_meaning_of_an_operation_is_noticed(
    system: System, cells: Cells, cases: dict[str, list[Situation]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here, that nothing is at least itself: whoever has used up his quota could go on."""
    monkeypatch.setitem(RELATIONS, op.Relation.GREATER_EQUAL, RELATIONS[op.Relation.GREATER])
    assert complains(CallComparison(system, cells, World(), "frame_alloc"), cases["frame_alloc"], "error: 8, not 0")

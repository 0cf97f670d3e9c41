"""What the prover's execution of a call comes to in one state, loops included.

The prover cuts a loop at its head: a way leads there, and from any state at the head one step
leads back, or out. Here each such way is a Place, and a prediction goes from place to place: what
was unknown at a head is what the place before left there. So a loop is gone through step by step
as the prover says one step goes, with what it says is kept, and its closed forms for tables.
Nothing here knows what CPython does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from exokernel.prover import terms
from exokernel.prover.cells import Anew, Fill, Sweep, Table, Update, Write
from exokernel.prover.execute import Executor, Frame, Journal, Round
from exokernel.prover.loops import assigned_in
from exokernel.prover.obligations import Run, execute
from exokernel.prover.paths import Outcome, Path
from exokernel.prover.system import ADMITTED, GATE, Call, System
from exokernel.prover.terms import Term
from exokernel.prover.values import is_term
from tests.prover.evaluation import Formula

KEY = "the key asked for"
MARK = "~!"  # in the names of what is unknown at the head of a loop
MANY = 2**12  # keys: a larger table is not compared whole


class Disagreement(Exception):
    """The prover says nothing of what happens, or two things."""


class Unknowns(dict[str, Any]):
    """What each unknown is. `find` knows those that are not known from the start."""

    def __init__(self, known: dict[str, Any], find: Callable[[str], Any]) -> None:
        super().__init__(known)
        self.find = find

    def __missing__(self, name: str) -> Any:
        self[name] = self.find(name)
        return self[name]

    def same(self) -> Unknowns:
        return Unknowns(self, self.find)


@dataclass(eq=False)
class Head:
    """The head of a loop: what its unknowns are called, and the rounds that end there."""

    function: str
    mark: str
    names: list[str]  # of the locals that steps set
    rounds: list[Round]
    journal: Journal

    @property
    def here(self) -> str:
        return f"here{self.mark}"


class WatchedExecutor(Executor):
    """The prover's, which remembers whose the rounds are."""

    def __init__(self, system: System) -> None:
        super().__init__(system.program, system.layout, system.executor.models)
        self.declared = system.executor.declared
        self.heads: list[Head] = []

    def pass_loop(self, frame: Frame, head: str, path: Path) -> Iterator[tuple[str, Path]]:
        names = list(assigned_in(frame, frame.graph.loops[head]))
        mark, before = f"{MARK}{self.counter + 1}", len(self.journal.rounds)
        yield from super().pass_loop(frame, head, path)
        inner = {id(each) for known in self.heads for each in known.rounds}
        rounds = [each for each in self.journal.rounds[before:] if id(each) not in inner]
        self.heads.append(Head(frame.function.name.rpartition(".")[2], mark, names, rounds, self.journal))


class Touches:
    """Which keys an update of a table may have set."""

    def __init__(self, table: Table, update: Update) -> None:
        self.guard, self.bits = Formula(update.guard), sum(table.family.widths) or 1
        self.is_everywhere = isinstance(update, Anew)
        match update:
            case Anew():
                first, count = terms.number(0, self.bits), None
            case Sweep():
                first, count = update.first, update.count
            case Write() | Fill():
                first, count = update.index, None
        self.inner = self.bits - first.size()  # bits of the indices below those that a fill names
        self.first, self.count = Formula(first), None if count is None else Formula(count)

    def keys(self, unknowns: Unknowns) -> Iterator[int]:
        if not self.guard(unknowns):
            return
        if self.is_everywhere:
            yield from range(2**self.bits if 2**self.bits <= MANY else 0)
            return
        count = 1 << self.inner if self.count is None else self.count(unknowns)
        first = self.first(unknowns) << self.inner
        yield from (each % 2**self.bits for each in range(first, first + count))


class Content:
    """A table where a way ends."""

    def __init__(self, table: Table) -> None:
        bits = sum(table.family.widths) or 1
        self.formula = Formula(table.look_up(terms.variable(KEY, bits), len(table.updates)))
        self.is_table = bool(table.family.widths)
        self.touches = [Touches(table, each) for each in table.updates]

    def at(self, key: int, unknowns: Unknowns) -> int:
        unknowns[KEY] = key
        return int(self.formula(unknowns))

    def touched(self, unknowns: Unknowns) -> set[int]:
        return {key for each in self.touches for key in each.keys(unknowns)}


@dataclass
class Place:
    """Where a way ends: the call's end, the machine's, or a loop's head."""

    what: str
    outcome: Outcome
    head: Head | None = None
    carried: dict[str, Formula] = field(default_factory=dict)
    contents: dict[str, Content] = field(default_factory=dict)
    is_halt: bool = False

    def __post_init__(self) -> None:
        self.conditions = Formula(terms.both(self.outcome.conditions))
        self.error = Formula(self.outcome.error)

    @cached_property
    def value(self) -> Formula | None:
        return Formula(self.outcome.value) if is_term(self.outcome.value) else None

    def content(self, family: str) -> Content:
        if family not in self.contents:
            self.contents[family] = Content(self.outcome.state.table(family))
        return self.contents[family]

    @cached_property
    def updated(self) -> list[str]:
        return [name for name, table in self.outcome.state.tables.items() if table.updates]


@dataclass
class Prediction:
    """Where a call ends, in what, and what it may have set on the way."""

    place: Place
    unknowns: Unknowns
    touched: dict[str, set[int]]
    visited: list[Place]

    def at(self, family: str, key: int) -> int:
        return self.place.content(family).at(key, self.unknowns)


class Predictor:
    """All that the prover says of one call, ready to be asked about states. From now on the system's executor is a
    watched one."""

    def __init__(self, system: System, call: Call) -> None:
        executor = system.executor = WatchedExecutor(system)
        self.run: Run = execute(system, call)
        journal = self.run.journal
        given: list[Term] = list(self.run.arguments[call.has_caller :])
        self.names, self.widths = [str(each) for each in given], [each.size() for each in given]
        self.known = Formula(terms.both(self.run.known))
        self.demands = Formula(terms.both(each.fact for each in journal.demands))
        self.refused = [Formula(refusal(system, each.type, value)) for each, value in zip(call.parameters, given)]
        self.places = [Place(f"end {number}", each) for number, each in enumerate(self.run.outcomes)]
        self.places += [Place(f"halt {number}", each, is_halt=True) for number, each in enumerate(journal.halts)]
        heads = [each for each in executor.heads if each.journal is journal]
        assert sum(len(each.rounds) for each in heads) == len(journal.rounds)
        self.places += [place_at(head, number, each) for head in heads for number, each in enumerate(head.rounds)]
        self.heads = heads

    def predict(self, given: Unknowns) -> Prediction:
        """What comes of the call. Raises Disagreement."""
        unknowns = Unknowns(given, lambda name: at_no_head(name) if MARK in name else given[name])
        touched: dict[str, set[int]] = {}
        visited: list[Place] = []
        entered: list[Head] = []
        while True:
            unknowns.update({each.here: each in entered for each in self.heads})
            place = self.next_place(entered[-1] if entered else None, unknowns)
            visited.append(place)
            for family in place.updated:
                touched.setdefault(family, set()).update(place.content(family).touched(unknowns))
            if place.head is None:
                return Prediction(place, unknowns, touched, visited)
            unknowns = arrived(place, place.head, unknowns)
            if place.head in entered:  # those within are left
                del entered[entered.index(place.head) :]
            entered.append(place.head)

    def next_place(self, head: Head | None, unknowns: Unknowns) -> Place:
        """The one place to which control comes from the head of a loop, or from where the call began."""
        ahead = [each for each in self.places if head is None or head.here in each.conditions.names]
        found = [each for each in ahead if each.conditions(unknowns)]
        if head is not None:
            elsewhere = unknowns.same()
            elsewhere[head.here] = False
            found = [each for each in found if not each.conditions(elsewhere)]
        if len(found) != 1:
            raise Disagreement(f"control goes {len(found)} ways: {', '.join(each.what for each in found)}")
        if not self.demands(unknowns):
            broken = [each.what for each in self.run.journal.demands if not Formula(each.fact)(unknowns)]
            raise Disagreement(f"the prover demands what is not so: {', '.join(broken)}")
        return found[0]


def place_at(head: Head, number: int, step: Round) -> Place:
    carried = {f"{name}{head.mark}": Formula(value) for name, value in zip(head.names, step.carried) if is_term(value)}
    return Place(f"round {number} of {head.function}{head.mark}", step.outcome, head, carried)


def at_no_head(name: str) -> Any:
    """Anything, for what is unknown at a head to which control has not come."""
    return (lambda key: 0) if "[]" in name else 0


def arrived(place: Place, head: Head, before: Unknowns) -> Unknowns:
    """At the head of a loop, what was unknown there is what it is where the way ended."""

    def find(name: str) -> Any:
        if not name.endswith(head.mark):
            return before[name]
        content = place.content(name.removesuffix(head.mark))
        if not content.is_table:
            return content.at(0, before)
        cells: dict[int, int] = {}

        def cell(key: int) -> int:
            if key not in cells:
                cells[key] = content.at(key, before)
            return cells[key]

        return cell

    known = {name: value for name, value in before.items() if not name.endswith(head.mark)}
    known.update({name: value(before) for name, value in place.carried.items()})
    return Unknowns(known, find)


def refusal(system: System, kind: str, value: Term) -> Term:
    """The error with which the gate refuses an argument of a type; 0 if it does not."""
    gate, error = f"{GATE}.admit_{ADMITTED.get(kind, '')}", terms.number(0)
    if gate in system.program.functions:
        for each in system.executor.run(gate, (value,), system.state):
            error = terms.choose(terms.both(each.conditions), each.error, error)
    return error

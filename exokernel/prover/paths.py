"""Paths through a function, and how paths that meet become one again.

A path is what a function's locals hold, the state, and the conditions under which control
comes this way. Where paths with the same state meet they merge, so guards do not multiply
paths; paths that changed the state differently stay apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.terms import Term
from exokernel.prover.values import ShapeMismatch, Value, merge

Conditions = tuple[Term, ...]


@dataclass
class Path:
    """One way control comes; `start` is the state it began in, at the call or at the head of a loop."""

    locals: dict[str, Value]
    state: State
    start: State
    conditions: Conditions = ()
    trail: tuple[State, ...] = ()  # earlier starts, at which the invariants held too

    def fork(self, condition: Term) -> Path:
        return replace(self, locals=dict(self.locals), conditions=(*self.conditions, condition))

    def assume(self, condition: Term) -> None:
        if not terms.is_true(condition):
            self.conditions = (*self.conditions, condition)

    @property
    def impossible(self) -> bool:
        return any(terms.is_false(each) for each in self.conditions[-2:])


@dataclass
class Outcome:
    """How a function ended: by returning (`error` is 0) or raising."""

    state: State
    start: State
    conditions: Conditions
    value: Value
    error: Term
    trail: tuple[State, ...] = ()
    locals: dict[str, Value] = field(default_factory=dict)


def common_prefix(all_conditions: list[Conditions]) -> int:
    shortest = min(map(len, all_conditions))
    first = all_conditions[0]
    for place in range(shortest):
        if not all(terms.same(each[place], first[place]) for each in all_conditions):
            return place
    return shortest


def union(rests: list[Conditions]) -> Term:
    """That one of several ways was taken; two ways that part only at their last branch are one way."""
    ways = list(rests)
    joined = True
    while joined:
        joined = False
        for way in ways:
            if not way:
                return terms.TRUE
            twin = (*way[:-1], terms.negate(way[-1]))
            for other in ways:
                if len(other) == len(twin) and all(map(terms.same, other, twin)):
                    ways = [each for each in ways if each is not way and each is not other] + [way[:-1]]
                    joined = True
                    break
            if joined:
                break
    return terms.simplify(terms.either(terms.both(way) for way in ways))


def merge_paths(paths: Iterable[Path]) -> list[Path]:
    """The same paths, those with one state merged."""
    merged: list[Path] = []
    for group in grouped(list(paths)):
        try:
            merged.append(merge_group(group))
        except ShapeMismatch:
            merged.extend(group)
    return merged


def grouped(paths: list[Path]) -> list[list[Path]]:
    groups: dict[object, list[Path]] = {}
    for path in paths:
        groups.setdefault((path.state.version(), id(path.start)), []).append(path)
    return list(groups.values())


def merge_group(group: list[Path]) -> Path:
    if len(group) == 1:
        return group[0]
    shared = common_prefix([path.conditions for path in group])
    rests = [path.conditions[shared:] for path in group]
    result = replace(group[-1], locals=dict(group[-1].locals))
    for path, rest in zip(reversed(group[:-1]), reversed(rests[:-1])):
        condition = terms.both(rest)
        names = path.locals.keys() & result.locals.keys()
        result.locals = {name: merge(condition, path.locals[name], result.locals[name]) for name in names}
    result.conditions = group[0].conditions[:shared]
    result.assume(union(rests))
    return result


def merge_outcomes(outcomes: list[Outcome]) -> list[Outcome]:
    """The same outcomes, those with one state merged, whether they return or raise."""
    paths = [
        Path({"value": each.value, "error": each.error}, each.state, each.start, each.conditions, each.trail)
        for each in outcomes
    ]
    return [
        Outcome(path.state, path.start, path.conditions, path.locals.get("value"), path.locals["error"], path.trail)
        for path in merge_paths(paths)
    ]

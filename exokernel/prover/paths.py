"""Paths through a function, and how paths that meet become one again.

A path is what a function's locals hold, the state, and the conditions under which control
comes this way. Where paths with the same state meet they merge, so guards do not multiply
paths; where the states differ too, each update is kept under the condition of its path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from exokernel.prover import terms
from exokernel.prover.cells import State, Table, Update, Write
from exokernel.prover.terms import Term
from exokernel.prover.values import ShapeMismatch, Value, merge

Conditions = tuple[Term, ...]
Item = TypeVar("Item")


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
    """The same paths, as few as can be: those that begin alike merged."""
    merged: list[Path] = []
    for group in grouped(list(paths), lambda path: id(path.start)):
        try:
            merged.append(merge_group(group))
        except ShapeMismatch:
            merged.extend(merge_unchanged(group))
    return merged


def merge_unchanged(paths: list[Path]) -> list[Path]:
    """Merge only paths with the same state; where even that cannot be, none."""
    merged: list[Path] = []
    for group in grouped(paths, lambda path: path.state.version()):
        try:
            merged.append(merge_group(group))
        except ShapeMismatch:
            merged.extend(group)
    return merged


def grouped(items: list[Item], key: Callable[[Item], object]) -> list[list[Item]]:
    groups: dict[object, list[Item]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
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
    result.state = merge_states([path.state for path in group], [terms.both(rest) for rest in rests])
    result.conditions = group[0].conditions[:shared]
    result.assume(union(rests))
    return result


def merge_states(states: list[State], conditions: list[Term]) -> State:
    """One state that is each of these under its condition. Raises ShapeMismatch."""
    merged = states[0]
    for name in {name for state in states for name in state.tables}:
        tables = [state.table(name) for state in states]
        if all(table is tables[0] for table in tables):
            continue
        if not all(terms.same(table.base, tables[0].base) for table in tables):
            raise ShapeMismatch
        merged = merged.with_table(name, merge_tables(tables, conditions))
    return merged


def merge_tables(tables: list[Table], conditions: list[Term]) -> Table:
    shortest = min(len(table.updates) for table in tables)
    shared = 0
    while shared < shortest and all(table.updates[shared] is tables[0].updates[shared] for table in tables):
        shared += 1
    result = Table(tables[0].family, tables[0].base, tables[0].updates[:shared])
    common = common_writes([table.updates[shared:] for table in tables], conditions)
    if common is not None:
        return Table(result.family, result.base, (*result.updates, *common))
    for table, condition in zip(tables, conditions):
        for update in table.updates[shared:]:
            result = result.updated(replace(update, guard=terms.both((condition, update.guard))))
    return result


def common_writes(suffixes: list[tuple[Update, ...]], conditions: list[Term]) -> list[Update] | None:
    """The updates, if all paths wrote the same cells in the same order; only what they wrote differs."""
    if len({len(suffix) for suffix in suffixes}) != 1:
        return None
    merged: list[Update] = []
    for ways in zip(*suffixes):
        writes = [way for way in ways if isinstance(way, Write) and terms.is_true(way.guard)]
        if len(writes) != len(ways) or not all(terms.same(way.index, writes[0].index) for way in writes):
            return None
        value = writes[-1].value
        for write, condition in zip(reversed(writes[:-1]), reversed(conditions[:-1])):
            value = terms.choose(condition, write.value, value)
        merged.append(replace(writes[0], value=value))
    return merged


def merge_outcomes(outcomes: list[Outcome]) -> list[Outcome]:
    """The same outcomes: those that return merged, and those that raise."""
    paths = [
        Path({"value": each.value, "error": each.error}, each.state, each.start, each.conditions, each.trail)
        for each in outcomes
    ]
    returned = [path for path in paths if terms.literal(path.locals["error"]) == 0]
    raised = [path for path in paths if not any(path is each for each in returned)]
    return [
        Outcome(path.state, path.start, path.conditions, path.locals.get("value"), path.locals["error"], path.trail)
        for group in (returned, raised)
        for path in merge_paths(group)
    ]

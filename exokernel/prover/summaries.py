"""What a loop has done to a table so far, said exactly.

A step that writes one cell, whose key is the key of the step before plus one, has after some
steps swept a run of cells; what it put into each follows from its key. The form is guessed
from one step, and `loops` keeps it only if another step preserves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import z3

from exokernel.prover import terms
from exokernel.prover.cells import Sweep, Table, Write
from exokernel.prover.execute import Universal
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term
from exokernel.prover.values import Value


@dataclass(frozen=True)
class Summary:
    """A table as it was on entry, with a sweep of as many cells as the counter has counted."""

    entry: Table
    counter: str
    began: Term
    first: Term  # key
    value: Callable[[Term], Term]
    moved: Callable[[Term, Term], Term]  # a term of a step, as it was in the step that swept a key
    name: str

    def table(self, now: dict[str, Value]) -> Table:
        done = terms.low_bits(now[self.counter] - self.began, self.first.size())
        return self.entry.updated(Sweep(self.first, terms.simplify(done), self.value))


def derive(
    name: str, path: Path, start: Path, back: list[Path], counters: dict[str, Value], mark: str
) -> Summary | None:
    """The summary that one step suggests, if any."""
    updates = [list(each.state.updates_since(start.state, name)) for each in back]
    if len(back) != 1 or len(updates[0]) != 1 or not isinstance(updates[0][0], Write):
        return None
    write, entry = updates[0][0], path.state.table(name)
    counter = next((each for each in counters if mentions(write.index, start.locals[each])), None)
    if counter is None:
        return None
    began: Term = counters[counter]
    unknown = start.state.table(name)

    def at_count(term: Term, now: Term) -> Term:
        """A term of the step, at another count; the table itself as it was on entry."""
        pairs = [(start.locals[each], first + (now - began)) for each, first in counters.items()]
        return terms.simplify(terms.with_table(z3.substitute(term, *pairs), unknown.base, entry.base))

    first = at_count(write.index, began)

    def moved(term: Term, key: Term) -> Term:
        return at_count(term, began + terms.widen(key - first, terms.BITS))

    def value(key: Term) -> Term:
        old = entry.look_up(key, len(entry.updates))
        return terms.choose(moved(write.guard, key), moved(write.value, key), old)

    sample = value(terms.variable("any key", first.size()))
    if mark in sample.sexpr() or mark in first.sexpr():
        return None
    if entry.updates and (reads(write.value, unknown) or reads(write.guard, unknown)):
        return None
    return Summary(entry, counter, began, first, value, moved, name)


def mentions(term: Term, part: Value) -> bool:
    placeholder = z3.Const("placeholder", part.sort())  # type: ignore[union-attr]
    return not z3.substitute(term, (part, placeholder)).eq(term)


def reads(term: Term, table: Table) -> bool:
    placeholder = Table(table.family, terms.table_term("placeholder", sum(table.family.widths), table.family.bits))
    return not terms.with_table(term, table.base, placeholder.base).eq(term)


def sweeps_on(summary: Summary, back: Path) -> Term:
    """That after one more step the table is as the summary says, at any key."""
    name = summary.entry.family.name
    table, foreseen = back.state.table(name), summary.table(back.locals)
    key = terms.variable("any key", summary.first.size())
    return terms.equal(table.look_up(key, len(table.updates)), foreseen.look_up(key, len(foreseen.updates)))


def remembered_changes(name: str, flag: str, path: Path, start: Path) -> Iterator[Universal]:
    """That a cell whose lowest bit was set (a present entry) is unchanged, unless the flag is set."""
    entry, head = path.state.table(name), start.state.table(name)
    if head.family.bits != terms.BITS or len(head.family.widths) != 2:
        return

    def fact(table: Table, told: Value, key: Term) -> Term:
        old = entry.look_up(key, len(entry.updates))
        kept = terms.equal(old, table.look_up(key, len(table.updates)))
        absent = terms.equal(terms.slice_bits(old, 0, 0), terms.number(0, 1))
        return terms.either((told, kept, absent))

    key = terms.variable("any key", sum(head.family.widths))
    told = start.locals[flag]

    def after(back: Path) -> Term:
        return fact(back.state.table(name), back.locals[flag], key)

    premise = terms.both(start.conditions)
    yield Universal(
        name, lambda indices: terms.implies(premise, fact(head, told, head.key(indices))), (fact(head, told, key),), after
    )


def steps_gone_on(summary: Summary, start: Path, back: Path, mark: str) -> Iterator[Universal]:
    """Of every cell swept: what made its step go on to the next."""
    key = terms.variable("any key", summary.first.size())

    def swept(now: dict[str, Value], at: Term) -> Term:
        done = terms.low_bits(now[summary.counter] - summary.began, summary.first.size())
        return terms.below(at - summary.first, done)

    for condition in back.conditions[len(start.conditions) :]:
        if not mentions(condition, start.locals[summary.counter]) or mark in summary.moved(condition, key).sexpr():
            continue

        def fact(now: dict[str, Value], at: Term, condition: Term = condition) -> Term:
            return terms.implies(swept(now, at), summary.moved(condition, at))

        premise, table = terms.both(start.conditions), summary.entry
        yield Universal(
            summary.name,
            lambda indices, fact=fact: terms.implies(premise, fact(start.locals, table.key(indices))),  # type: ignore[misc]
            (fact(start.locals, key),),
            lambda after, fact=fact: fact(after.locals, key),  # type: ignore[misc]
        )

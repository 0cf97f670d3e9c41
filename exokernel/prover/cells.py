"""The kernel's state as a value: what it was, and what has been written since.

Each family of cells is an unknown table and the list of writes made on top of it. A read
looks back through the writes, so no question to the solver ever contains an array, and what
a call changed can be listed. States are never changed: a write gives another state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exokernel.prover import terms
from exokernel.prover.layout import Family, Layout
from exokernel.prover.terms import Term

Indices = tuple[Term, ...]  # 64-bit, outermost first


@dataclass(frozen=True)
class Write:
    """One cell set."""

    index: Term
    indices: Indices
    value: Term
    guard: Term = terms.TRUE  # the update happened only if this is true


@dataclass(frozen=True)
class Fill:
    """Every cell whose outer indices are these: cleared, or copied from where the outer indices are `source`."""

    index: Term
    indices: Indices
    source: Term | None
    guard: Term = terms.TRUE


@dataclass(frozen=True)
class Sweep:
    """The cells at `count` keys from `first` on, each set to what `value` says for its key."""

    first: Term
    count: Term
    value: Callable[[Term], Term]
    guard: Term = terms.TRUE


@dataclass(frozen=True)
class Anew:
    """Every cell, set to what `value` says for its key."""

    value: Callable[[Term], Term]
    guard: Term = terms.TRUE


Update = Write | Fill | Sweep | Anew


class Table:
    """One family of cells in one state."""

    __slots__ = ("family", "base", "updates")

    def __init__(self, family: Family, base: Term, updates: tuple[Update, ...] = ()) -> None:
        self.family, self.base, self.updates = family, base, updates

    def key(self, indices: Indices) -> Term:
        """The index of one cell, the indices of nested arrays side by side."""
        if not self.family.widths:
            return terms.number(0, 1)
        narrow = zip(indices, self.family.widths, strict=True)
        return terms.simplify(terms.joined(terms.low_bits(index, width) for index, width in narrow))

    def outer_key(self, indices: Indices) -> Term:
        narrow = zip(indices, self.family.widths)
        return terms.simplify(terms.joined(terms.low_bits(index, width) for index, width in narrow))

    def read(self, indices: Indices) -> Term:
        return self.look_up(self.key(indices), len(self.updates))

    def look_up(self, key: Term, newest: int) -> Term:
        """The cell at `key` before the update numbered `newest`."""
        if newest == 0:
            return terms.element(self.base, key) if self.family.widths else self.base
        update = self.updates[newest - 1]
        hit, value = self.effect(update, key, newest)
        hit = terms.both((update.guard, hit))
        if terms.is_true(hit):
            return value
        return terms.choose(hit, value, self.look_up(key, newest - 1))

    def effect(self, update: Update, key: Term, newest: int) -> tuple[Term, Term]:
        """Whether an update touched a cell, and what it left there."""
        if isinstance(update, Write):
            return terms.simplify(terms.equal(key, update.index)), update.value
        if isinstance(update, Anew):
            return terms.TRUE, update.value(key)
        if isinstance(update, Sweep):
            return terms.simplify(terms.below(key - update.first, update.count)), update.value(key)
        top, outer = key.size() - 1, update.index.size()
        hit = terms.simplify(terms.equal(terms.slice_bits(key, top, top - outer + 1), update.index))
        if update.source is None:
            return hit, terms.number(0, self.family.bits)
        origin = terms.joined((update.source, terms.slice_bits(key, top - outer, 0)))
        return hit, self.look_up(terms.simplify(origin), newest - 1)

    def updated(self, update: Update) -> Table:
        return Table(self.family, self.base, (*self.updates, update))

    def write(self, indices: Indices, value: Term) -> Table:
        return self.updated(Write(self.key(indices), indices, value))

    def fill(self, outer: Indices, source: Indices | None) -> Table:
        origin = None if source is None else self.outer_key(source)
        return self.updated(Fill(self.outer_key(outer), outer, origin))


class State:
    """All tables, in one moment. `tag` tells the unknowns of one starting state from another's."""

    __slots__ = ("layout", "tag", "tables")

    def __init__(self, layout: Layout, tag: str = "", tables: dict[str, Table] | None = None) -> None:
        self.layout, self.tag = layout, tag
        self.tables = {} if tables is None else tables

    def table(self, name: str) -> Table:
        if name not in self.tables:
            # Filling in what was always there is no change: it is shared by every state with this tag.
            self.tables[name] = self.unknown(name)
        return self.tables[name]

    def unknown(self, name: str, mark: str = "") -> Table:
        family = self.layout.family(name)
        label = f"{name}{self.tag}{mark}"
        if not family.widths:
            return Table(family, terms.variable(label, family.bits))
        return Table(family, terms.table_term(label, sum(family.widths), family.bits))

    def with_table(self, name: str, table: Table) -> State:
        return type(self)(self.layout, self.tag, {**self.tables, name: table})

    def without(self, prefix: str) -> State:
        kept = {name: table for name, table in self.tables.items() if not name.startswith(prefix)}
        return self if len(kept) == len(self.tables) else type(self)(self.layout, self.tag, kept)

    def forgotten(self, names: set[str], mark: str) -> State:
        """This state with these tables unknown again."""
        fresh = {name: self.unknown(name, mark) for name in names}
        return type(self)(self.layout, self.tag, {**self.tables, **fresh})

    def overlaid(self, names: set[str], mark: str) -> State:
        """This state with anything in these tables; unlike in one where they are forgotten, their bases stay."""
        state = self
        for name in sorted(names):
            anything = self.unknown(name, mark)
            table = state.table(name).updated(Anew(lambda key, anything=anything: anything.look_up(key, 0)))  # type: ignore[misc]
            state = state.with_table(name, table)
        return state

    def version(self) -> tuple[tuple[str, int, tuple[int, ...]], ...]:
        """What tells this state from others that began alike: the updates, by identity."""
        return tuple(
            (name, terms.identity(table.base), tuple(map(id, table.updates)))
            for name, table in sorted(self.tables.items())
            if table.updates or not self.is_untouched(name, table)
        )

    def is_untouched(self, name: str, table: Table) -> bool:
        return not table.updates and terms.same(table.base, self.unknown(name).base)

    def changed(self, since: State) -> list[str]:
        """The families written since an earlier state."""
        return [
            name
            for name, table in self.tables.items()
            if table.updates != since.table(name).updates or not terms.same(table.base, since.table(name).base)
        ]

    def updates_since(self, since: State, name: str) -> Iterator[Update]:
        yield from self.table(name).updates[len(since.table(name).updates) :]

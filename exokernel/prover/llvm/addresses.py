"""Addresses in optimised code: which cells of the kernel's tables a load or store touches.

LLVM computes addresses as numbers. They are kept here as sums of multiples, so that the index
of a record and the offset in it come apart again, and a cell has the key it has in the source.
What lies at no table's address belongs to the machine: it is read as anything, and writes to
it are no business of this comparison.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.names import FRAMES
from exokernel.compiler.ir.types import Cell, Embedded, Run, Storage, Truth, WordCell
from exokernel.prover import terms
from exokernel.prover.cells import State, Table, Write
from exokernel.prover.machine import WORDS
from exokernel.prover.system import System
from exokernel.prover.terms import Term, number


class Elsewhere(Exception):
    """An address that is in none of the kernel's tables."""


@dataclass(frozen=True)
class Sum:
    """constant + the address of a symbol + the sum of coefficient * term."""

    constant: int = 0
    parts: tuple[tuple[int, Term], ...] = ()
    symbol: str = ""

    def plus(self, other: Sum) -> Sum:
        parts = dict[int, tuple[int, Term]]()
        for coefficient, term in (*self.parts, *other.parts):
            kept = parts.get(terms.identity(term), (0, term))
            parts[terms.identity(term)] = (kept[0] + coefficient, term)
        left = tuple((coefficient, term) for coefficient, term in parts.values() if coefficient)
        return Sum(self.constant + other.constant, left, self.symbol or other.symbol)

    def times(self, factor: int) -> Sum:
        return Sum(self.constant * factor, tuple((each * factor, term) for each, term in self.parts), self.symbol)

    @property
    def term(self) -> Term:
        found = terms.variable(f"address of {self.symbol}") if self.symbol else number(0)
        for coefficient, part in self.parts:
            found = found + part * number(coefficient)
        return terms.simplify(found + number(self.constant))


@dataclass(frozen=True)
class Leaf:
    """One scalar of a record: its family, and where it lies."""

    family: str
    offset: int
    size: int


@dataclass
class Region:
    """One of the kernel's tables: elements of `size` bytes from an address on."""

    start: int
    size: int
    length: int
    leaves: list[Leaf] = field(default_factory=list)


class Map:
    """Where the tables are."""

    def __init__(self, system: System) -> None:
        self.layout, self.program = system.layout, system.program
        self.regions = [Region(DIRECT_MAP, 8, FRAMES * 512, [Leaf(f"{WORDS}[]", 0, 8)])]
        self.symbols: dict[str, Region] = {}
        for name, static in system.program.statics.items():
            if name != system.layout.static(name):
                continue
            if isinstance(static.address, int) and isinstance(static.storage, Run):
                leaves = list(self.leaves(f"{name}[]", static.storage.element, 0))
                size = self.size_of(static.storage.element)
                self.regions.append(Region(static.address, size, static.storage.length, leaves))
            elif static.address is None and isinstance(static.storage, Embedded):
                leaves = list(self.leaves(name, static.storage, 0))
                self.symbols[name] = Region(0, self.size_of(static.storage), 1, leaves)

    def leaves(self, path: str, storage: Storage, offset: int) -> list[Leaf]:
        match storage:
            case Embedded():
                found = self.program.records[storage.record].fields.values()
                return [leaf for part in found for leaf in self.leaves(f"{path}|{part.name}", part.storage, offset + part.offset)]
            case Run():
                return []
            case _:
                return [Leaf(path, offset, self.size_of(storage))]

    def size_of(self, storage: Storage) -> int:
        match storage:
            case Cell():
                return storage.bits // 8
            case WordCell():
                return storage.word.width // 8
            case Truth():
                return 1
            case Embedded():
                return self.program.records[storage.record].size
            case Run():
                return self.size_of(storage.element) * storage.length

    def locate(self, address: Sum) -> tuple[Region, Term, int]:
        """The region, the index in it, and the offset in the element. Raises Elsewhere."""
        region = self.symbols.get(address.symbol) if address.symbol else self.region_at(address.constant)
        if region is None:
            raise Elsewhere
        index, distance = number(0), address.constant - region.start
        for coefficient, term in address.parts:
            if coefficient % region.size:
                raise Elsewhere
            index = index + term * number(coefficient // region.size)
        return region, terms.simplify(index + number(distance // region.size)), distance % region.size

    def region_at(self, constant: int) -> Region | None:
        for region in self.regions:
            if region.start <= constant < region.start + region.size * region.length:
                return region
        return None


def raw(table: Table, key: Term) -> Term:
    """A cell as bytes."""
    value = table.look_up(key, len(table.updates))
    return value if value.size() % 8 == 0 else terms.widen(value, 8)


def key_in(table: Table, index: Term) -> Term:
    width = sum(table.family.widths) or 1
    return terms.simplify(terms.low_bits(index, width))


def is_within(where: Map, address: Sum) -> Term:
    """That an address lies in the table it is taken for. Raises Elsewhere."""
    region, index, _ = where.locate(address)
    return terms.within(index, region.length)


def load(where: Map, state: State, address: Sum, size: int) -> Term:
    """`size` bytes, least significant first. Raises Elsewhere."""
    region, index, offset = where.locate(address)
    octets = []
    for place in range(offset, offset + size):
        leaf = leaf_at(region, place)
        table = state.table(leaf.family)
        value = raw(table, key_in(table, index))
        if leaf.offset == offset and leaf.size == size:
            return terms.simplify(value)
        octets.append(terms.slice_bits(value, 8 * (place - leaf.offset) + 7, 8 * (place - leaf.offset)))
    return terms.simplify(terms.joined(reversed(octets)))


def store(where: Map, state: State, address: Sum, size: int, value: Term) -> State:
    """The state with `size` bytes written. Raises Elsewhere."""
    region, index, offset = where.locate(address)
    for leaf in region.leaves:
        first, end = max(leaf.offset, offset), min(leaf.offset + leaf.size, offset + size)
        if first >= end:
            continue
        table = state.table(leaf.family)
        key = key_in(table, index)
        part = terms.slice_bits(value, 8 * (end - offset) - 1, 8 * (first - offset))
        if end - first < leaf.size:
            part = patched(raw(table, key), part, 8 * (first - leaf.offset))
        narrow = terms.simplify(terms.low_bits(part, table.family.bits))
        state = state.with_table(leaf.family, table.updated(Write(key, (), narrow)))
    return state


def patched(old: Term, part: Term, low: int) -> Term:
    high, pieces = low + part.size(), []
    if high < old.size():
        pieces.append(terms.slice_bits(old, old.size() - 1, high))
    pieces.append(part)
    if low:
        pieces.append(terms.slice_bits(old, low - 1, 0))
    return terms.joined(pieces)


def leaf_at(region: Region, offset: int) -> Leaf:
    for leaf in region.leaves:
        if leaf.offset <= offset < leaf.offset + leaf.size:
            return leaf
    raise Elsewhere

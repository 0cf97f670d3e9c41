"""Addresses in optimised code: which cells of the kernel's tables a load or store touches.

LLVM computes addresses as numbers. They are kept here as sums of multiples, so that the index
of a record and the offset in it come apart again, and a cell has the key it has in the source.
What lies at no table's address belongs to the machine: it is read as anything, and writes to
it are no business of this comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import z3

from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.names import FRAME_SIZE, FRAMES
from exokernel.compiler.ir.operations import Program
from exokernel.compiler.ir.types import Cell, Embedded, Run, Storage, Truth, WordCell
from exokernel.prover import terms
from exokernel.prover.cells import State, Table, Write
from exokernel.prover.execute import Unsupported
from exokernel.prover.machine import WORDS
from exokernel.prover.system import System
from exokernel.prover.terms import Term, number


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


def leaves_of(program: Program, path: str, storage: Storage, offset: int) -> Iterator[Leaf]:
    """The scalars below a path, arrays within left out."""
    match storage:
        case Embedded():
            for part in program.records[storage.record].fields.values():
                yield from leaves_of(program, f"{path}|{part.name}", part.storage, offset + part.offset)
        case Run():
            return
        case _:
            yield Leaf(path, offset, size_of(program, storage))


def size_of(program: Program, storage: Storage) -> int:
    match storage:
        case Cell():
            return storage.bits // 8
        case WordCell():
            return storage.word.width // 8
        case Truth():
            return 1
        case Embedded():
            return program.records[storage.record].size
        case Run():
            return size_of(program, storage.element) * storage.length


class Map:
    """Where the tables are."""

    def __init__(self, system: System) -> None:
        self.layout, self.program = system.layout, system.program
        self.regions = [Region(DIRECT_MAP, 8, FRAMES * 512, [Leaf(f"{WORDS}[]", 0, 8)])]
        self.symbols: dict[str, Region | None] = {}
        self.names: dict[str, str] = {}  # of symbols that stand for statics called otherwise
        for name, static in system.program.statics.items():
            if isinstance(static.address, int) and name == system.layout.static(name):
                self.regions.append(self.region(name, static.storage, static.address))
            elif isinstance(static.address, str):
                self.names[static.address] = name

    def region(self, name: str, storage: Storage, start: int = 0) -> Region:
        """The region of a root of the layout."""
        length = storage.length if isinstance(storage, Run) else 1
        path, element = (f"{name}[]", storage.element) if isinstance(storage, Run) else (name, storage)
        leaves = list(leaves_of(self.program, path, element, 0))
        return Region(start, size_of(self.program, element), length, leaves)

    def symbol(self, symbol: str) -> Region | None:
        """The region at a symbol. LLVM gives the parts of a record it has taken apart numbers, in their order."""
        if symbol not in self.symbols:
            whole, _, part = symbol.rpartition(".")
            name = self.names.get(symbol, symbol)
            if name in self.layout.roots:
                self.symbols[symbol] = self.region(name, self.layout.roots[name])
            elif whole in self.layout.roots and part.isdigit():
                leaf = self.region(whole, self.layout.roots[whole]).leaves[int(part)]
                self.symbols[symbol] = Region(0, leaf.size, 1, [replace(leaf, offset=0)])
            else:
                return None
        return self.symbols[symbol]

    def locate(self, address: Sum) -> tuple[Region, Term, int]:
        """The region, the index in it, and the offset in the element. Raises Unsupported."""
        region = self.symbol(address.symbol) if address.symbol else self.region_at(address.constant)
        if region is None:
            raise Unsupported(f"{address} is in no table")
        index, distance = number(0), address.constant - region.start
        for coefficient, term in address.parts:
            if coefficient % region.size:
                raise Unsupported(f"{address} is in no table")
            index = index + term * number(coefficient // region.size)
        return region, terms.simplify(index + number(distance // region.size)), distance % region.size

    def is_fine(self, address: Sum) -> bool:
        """Whether an address is one of memory that need not be a word's."""
        in_memory = not address.symbol and self.region_at(address.constant) is self.regions[0]
        return in_memory and any(coefficient % 8 for coefficient, _ in address.parts)

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


def is_within(where: Map, address: Sum, size: int) -> Term:
    """That so many bytes at an address lie in the table, or the word, it is taken for. Raises Unsupported."""
    if where.is_fine(address):
        loose = [term & 7 == 0 for coefficient, term in address.parts if coefficient % 8 and size > 1]
        return terms.both((is_in_memory(address), *loose))
    region, index, _ = where.locate(address)
    return terms.within(index, region.length)


def is_in_memory(address: Sum) -> Term:
    return terms.within(distance(address, DIRECT_MAP), FRAMES * FRAME_SIZE)


def distance(address: Sum, start: int) -> Term:
    return terms.simplify(Sum(address.constant - start, address.parts).term)


def load(where: Map, state: State, address: Sum, size: int) -> Term:
    """`size` bytes, least significant first. Raises Unsupported."""
    if where.is_fine(address) and size == 1:
        return byte_in(state.table(f"{WORDS}[]"), distance(address, DIRECT_MAP))
    if where.is_fine(address):
        address = aligned(address)
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


def keeps_all(where: Map, address: Sum, value: Term) -> Term:
    """That a value's bytes mean no more than the fields they are written to can hold. Raises Unsupported."""
    region, _, offset = where.locate(address)
    claims = []
    for leaf in written_by(region, offset, value):
        held, first = where.layout.family(leaf.family).bits, 8 * (leaf.offset - offset)
        if held < 8 * leaf.size:
            if not 0 <= first <= value.size() - 8 * leaf.size:
                raise Unsupported(f"a store to a part of {leaf.family}")
            rest = terms.slice_bits(value, first + 8 * leaf.size - 1, first + held)
            claims.append(terms.equal(rest, number(0, rest.size())))
    return terms.both(claims)


def written_by(region: Region, offset: int, value: Term) -> list[Leaf]:
    """The fields that a value's bytes are written to, at an offset of a record. Raises Unsupported."""
    return list(dict.fromkeys(leaf_at(region, place) for place in range(offset, offset + value.size() // 8)))


def store(where: Map, state: State, address: Sum, value: Term) -> State:
    """The state with a value's bytes written, all of them to fields of one record. Raises Unsupported."""
    region, index, offset = where.locate(address)
    size = value.size() // 8
    for leaf in written_by(region, offset, value):
        first, end = max(leaf.offset, offset), min(leaf.offset + leaf.size, offset + size)
        table = state.table(leaf.family)
        key = key_in(table, index)
        part = terms.slice_bits(value, 8 * (end - offset) - 1, 8 * (first - offset))
        if end - first < leaf.size:
            part = patched(raw(table, key), part, 8 * (first - leaf.offset))
        narrow = terms.simplify(terms.low_bits(part, table.family.bits))
        state = state.with_table(leaf.family, table.updated(Write(key, (), narrow)))
    return state


def byte_in(memory: Table, place: Term) -> Term:
    """One byte of memory."""
    word = memory.look_up(terms.simplify(terms.slice_bits(place, 31, 3)), len(memory.updates))
    return terms.simplify(terms.low_bits(z3.LShR(word, (place & 7) << 3), 8))


def aligned(address: Sum) -> Sum:
    """The same address, whose parts are multiples of eight, which `is_within` asks."""
    parts = [(each, term) if each % 8 == 0 else (8 * each, term >> 3) for each, term in address.parts]
    return Sum(address.constant, tuple(parts), address.symbol)


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
    raise Unsupported(f"no field is at {offset} of a record")


def as_sum(value: Any) -> Sum:
    if isinstance(value, Sum):
        return value
    constant = terms.literal(value)
    return decomposed(value) if constant is None else Sum(constant)


def decomposed(term: Term) -> Sum:
    """A number as a sum of multiples, as far as its form shows that."""
    if z3.is_bv_value(term):
        return Sum(term.as_signed_long())
    if z3.is_app_of(term, z3.Z3_OP_BADD):
        found = Sum()
        for each in term.children():
            found = found.plus(decomposed(each))
        return found
    if z3.is_app_of(term, z3.Z3_OP_BMUL) and term.num_args() == 2 and z3.is_bv_value(term.arg(0)):
        return decomposed(term.arg(1)).times(term.arg(0).as_signed_long())
    if z3.is_app_of(term, z3.Z3_OP_CONCAT) and terms.literal(term.children()[-1]) == 0:
        zeros = term.children()[-1].size()
        return Sum(0, ((1 << zeros, terms.simplify(z3.LShR(term, zeros))),))
    return Sum(0, ((1, term),))


def chosen(items: Sequence[int], places: Sequence[Term], width: int) -> Term:
    """A number of a constant table, which lies at one of these places."""
    value = number(items[-1], width)
    for item, here in zip(items[:-1], places):
        value = terms.choose(here, number(item, width), value)
    return value

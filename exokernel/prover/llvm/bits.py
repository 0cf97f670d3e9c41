"""Words taken apart into bits: whether two are the same, however exclusive ors, rotations and sums are spelt.

z3 does not find out that two spellings of a hash are equal. Here a bit is the exclusive or of
atoms: of one, of bits of unknowns, and of bits of sums, each named by all that its summands have
up to it. Words that come to the same bits are equal; those that do not may be equal all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import reduce
from operator import xor
from random import Random

import z3

from exokernel.prover import terms
from exokernel.prover.terms import Term

Bit = frozenset[int]  # the atoms of which it is the exclusive or
Word = tuple[Bit, ...]  # the least significant first
ZERO: Bit = frozenset()
ONE: Bit = frozenset({0})


def is_plain(claim: Term) -> bool:
    """Whether a claim says that two words are equal, and both come to the same bits."""
    spelling = Spelling()
    words = [spelling.word(each) for each in sides_of(claim)]
    return len(words) == 2 and words[0] == words[1]


def some_values(claim: Term) -> list[Term]:
    """Values for all unknowns of such a claim; none if one of them is a function, or no word."""
    chance, pending, seen, found = Random(0), sides_of(claim), set[int](), list[Term]()
    while pending:
        each = pending.pop()
        if terms.identity(each) not in seen:
            seen.add(terms.identity(each))
            pending += each.children()
            if each.decl().kind() == z3.Z3_OP_UNINTERPRETED:
                found.append(each)
    if any(each.children() or not z3.is_bv(each) for each in found):
        return []
    return [terms.equal(each, terms.number(chance.getrandbits(each.size()), each.size())) for each in found]


def sides_of(claim: Term) -> list[Term]:
    is_of_words = z3.is_eq(claim) and z3.is_bv(claim.arg(0))
    return [terms.simplify(each) for each in claim.children()] if is_of_words else []


class Spelling:
    """Takes words apart, and gives the same name to the same atom."""

    def __init__(self) -> None:
        self.names: dict[Hashable, int] = {}
        self.words: dict[int, Word] = {}  # by the identities of terms
        self.kept: list[Term] = []  # so that these identities stay theirs

    def word(self, term: Term) -> Word:
        """The bits of a term, and before them those of all it is made of."""
        pending = [term]
        while pending:
            one, parts = pending[-1], parts_of(pending[-1])
            missing = [each for each in parts if terms.identity(each) not in self.words]
            pending += missing
            if not missing:
                pending.pop()
                if terms.identity(one) not in self.words:
                    self.kept.append(one)
                    self.words[terms.identity(one)] = self.spelt(one, [self.words[terms.identity(each)] for each in parts])
        return self.words[terms.identity(term)]

    def spelt(self, term: Term, parts: Sequence[Word]) -> Word:
        kind = term.decl().kind()
        if kind in MEANINGS:
            return MEANINGS[kind](term, parts)
        if kind == z3.Z3_OP_BADD:
            return self.sum(parts)
        return tuple(self.atom("unknown", terms.identity(term), place) for place in range(term.size()))

    def sum(self, parts: Sequence[Word]) -> Word:
        """Which bits carry into one is not told but by the name of all that are as low."""
        below, found = [-1] * len(parts), list[Bit]()
        for bits in zip(*parts, strict=True):
            below = [self.name("up to", lower, bit) for lower, bit in zip(below, bits, strict=True)]
            found.append(self.atom("sum", *sorted(below)) if found else reduce(xor, bits))
        return tuple(found)

    def atom(self, *what: Hashable) -> Bit:
        return frozenset({self.name(*what)})

    def name(self, *what: Hashable) -> int:
        return self.names.setdefault(what, len(self.names) + 1)


def parts_of(term: Term) -> list[Term]:
    """The words that its bits are made of; the summands of a sum of sums are all its own."""
    kind = term.decl().kind()
    if kind == z3.Z3_OP_BADD:
        found = [parts_of(each) if each.decl().kind() == kind else [each] for each in term.children()]
        return [each for some in found for each in some]
    return list(term.children()) if kind in MEANINGS else []


def constant(term: Term, parts: Sequence[Word]) -> Word:
    return tuple(ONE if term.as_long() >> place & 1 else ZERO for place in range(term.size()))


def exclusive_or(term: Term, parts: Sequence[Word]) -> Word:
    return tuple(reduce(xor, bits) for bits in zip(*parts, strict=True))


def complement(term: Term, parts: Sequence[Word]) -> Word:
    return tuple(bit ^ ONE for bit in parts[0])


def joined(term: Term, parts: Sequence[Word]) -> Word:
    return tuple(bit for part in reversed(parts) for bit in part)


def extracted(term: Term, parts: Sequence[Word]) -> Word:
    high, low = term.params()
    return parts[0][low : high + 1]


MEANINGS: dict[int, Callable[[Term, Sequence[Word]], Word]] = {
    z3.Z3_OP_BNUM: constant,
    z3.Z3_OP_BXOR: exclusive_or,
    z3.Z3_OP_BNOT: complement,
    z3.Z3_OP_CONCAT: joined,
    z3.Z3_OP_EXTRACT: extracted,
}

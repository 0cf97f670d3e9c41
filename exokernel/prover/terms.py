"""Terms of the solver: the few constructors the prover uses, and the conventions behind them.

An INT is a vector of 64 bits read as signed, a word one of its width, a BOOL a Boolean. This
is the only module that knows how a term is spelt; it simplifies where that is free and proves
nothing. z3 has no type stubs, so `Term` says what its expressions are to us.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import z3

Term = Any  # a z3 expression, BitVecRef or BoolRef; of a table, FuncDeclRef

BITS = 64
TRUE: Term = z3.BoolVal(True)
FALSE: Term = z3.BoolVal(False)


def number(value: int, width: int = BITS) -> Term:
    return z3.BitVecVal(value, width)


def truth(value: bool) -> Term:
    return TRUE if value else FALSE


def variable(name: str, width: int = BITS) -> Term:
    return z3.BitVec(name, width)


def proposition(name: str) -> Term:
    return z3.Bool(name)


def simplify(term: Term) -> Term:
    return z3.simplify(term)


def is_true(term: Term) -> bool:
    return bool(z3.is_true(term))


def is_false(term: Term) -> bool:
    return bool(z3.is_false(term))


def is_truth(term: Term) -> bool:
    """Whether a term is a truth, not a vector of bits."""
    return bool(z3.is_bool(term))


def is_both(term: Term) -> bool:
    return bool(z3.is_and(term))


def is_either(term: Term) -> bool:
    return bool(z3.is_or(term))


def same(left: Term, right: Term) -> bool:
    """Whether two terms are one and the same expression (not: equal)."""
    return left is right or bool(left.eq(right))


def literal(term: Term) -> int | None:
    """The signed value of a constant vector, or None."""
    return int(term.as_signed_long()) if z3.is_bv_value(term) else None


def both(terms: Iterable[Term]) -> Term:
    kept = [term for term in terms if not is_true(term)]
    if any(is_false(term) for term in kept):
        return FALSE
    return TRUE if not kept else kept[0] if len(kept) == 1 else z3.And(*kept)


def either(terms: Iterable[Term]) -> Term:
    kept = [term for term in terms if not is_false(term)]
    if any(is_true(term) for term in kept):
        return TRUE
    return FALSE if not kept else kept[0] if len(kept) == 1 else z3.Or(*kept)


def negate(term: Term) -> Term:
    if is_true(term) or is_false(term):
        return truth(is_false(term))
    return term.arg(0) if z3.is_not(term) else z3.Not(term)


def implies(premise: Term, conclusion: Term) -> Term:
    return either((negate(premise), conclusion))


def choose(condition: Term, then: Term, otherwise: Term) -> Term:
    if is_true(condition) or same(then, otherwise):
        return then
    return otherwise if is_false(condition) else z3.If(condition, then, otherwise)


def chosen(term: Term) -> list[Term]:
    """The terms that one chosen by conditions may be, each once."""
    if not z3.is_app_of(term, z3.Z3_OP_ITE):
        return [term]
    found = [*chosen(term.arg(1)), *chosen(term.arg(2))]
    return [each for place, each in enumerate(found) if not any(same(each, other) for other in found[:place])]


def equal(left: Term, right: Term) -> Term:
    if same(left, right):
        return TRUE
    if z3.is_bv_value(left) and z3.is_bv_value(right):
        return truth(literal(left) == literal(right))
    if is_true(right) or is_true(left):
        return left if is_true(right) else right
    return left == right


def low_bits(term: Term, width: int) -> Term:
    size = term.size()
    return term if size == width else z3.Extract(width - 1, 0, term)


def widen(term: Term, width: int, signed: bool = False) -> Term:
    missing = width - term.size()
    if missing == 0:
        return term
    return z3.SignExt(missing, term) if signed else z3.ZeroExt(missing, term)


def slice_bits(term: Term, high: int, low: int) -> Term:
    return z3.Extract(high, low, term)


def below(left: Term, right: Term) -> Term:
    """left < right, unsigned."""
    return z3.ULT(left, right)


def joined(parts: Iterable[Term]) -> Term:
    listed = list(parts)
    return listed[0] if len(listed) == 1 else z3.Concat(*listed)


def within(index: Term, length: Term | int) -> Term:
    """0 <= index < length, for signed 64-bit terms; a negative index is a huge unsigned one."""
    return z3.ULT(index, number(length) if isinstance(length, int) else length)


def identity(term: Term) -> int:
    """A number two terms share exactly when they are the same expression."""
    return int(term.get_id())


def table_term(name: str, index_bits: int, sort_bits: int) -> Term:
    """An unknown table: a function of the index, which z3 takes apart more readily than an array."""
    return z3.Function(name, z3.BitVecSort(index_bits), z3.BitVecSort(sort_bits))


def element(table: Term, index: Term) -> Term:
    return table(index)


def applied(name: str, arguments: Sequence[Term], sort: z3.SortRef) -> Term:
    """What an unknown function gives."""
    return z3.Function(name, *(each.sort() for each in arguments), sort)(*arguments)


def with_table(term: Term, table: Term, other: Term) -> Term:
    """A term that reads another table wherever it read this one; a table of one cell is a term itself."""
    if not z3.is_func_decl(table):
        return z3.substitute(term, (table, other))
    return z3.substitute_funs(term, (table, other(z3.Var(0, table.domain(0)))))

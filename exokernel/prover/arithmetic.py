"""Arithmetic of the dialect on terms: the result, and the condition under which it does not fault.

CPython's integers never overflow and the machine's do; showing every such condition is what
makes the two agree. Nothing here decides what to do about a condition: see `steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import z3

from exokernel.compiler.ir.operations import BinaryOperator, Fault, Relation
from exokernel.prover import terms
from exokernel.prover.terms import BITS, Term, literal, number


class Result(NamedTuple):
    value: Term
    safe: Term  # that it does not fault
    fault: Fault = Fault.OVERFLOW


def add(left: Term, right: Term) -> Result:
    no_wrap = z3.And(z3.BVAddNoOverflow(left, right, True), z3.BVAddNoUnderflow(left, right))
    return Result(left + right, no_wrap)


def subtract(left: Term, right: Term) -> Result:
    no_wrap = z3.And(z3.BVSubNoOverflow(left, right), z3.BVSubNoUnderflow(left, right, True))
    return Result(left - right, no_wrap)


def multiply(left: Term, right: Term) -> Result:
    factor = literal(right)
    if factor is not None and factor > 0 and factor & (factor - 1) == 0:
        return shift_left(left, number(factor.bit_length() - 1))
    factor = literal(left)
    if factor is not None and factor > 0 and factor & (factor - 1) == 0:
        return shift_left(right, number(factor.bit_length() - 1))
    no_wrap = z3.And(z3.BVMulNoOverflow(left, right, True), z3.BVMulNoUnderflow(left, right))
    return Result(left * right, no_wrap)


def shift_left(left: Term, right: Term) -> Result:
    shifted = left << right
    return Result(shifted, z3.And(z3.ULT(right, BITS), (shifted >> right) == left))


def shift_right(left: Term, right: Term) -> Result:
    return Result(left >> right, right >= 0, Fault.VALUE)


def floor_divide(left: Term, right: Term) -> Result:
    divisor = literal(right)
    if divisor is not None and divisor > 0 and divisor & (divisor - 1) == 0:
        return Result(left >> number(divisor.bit_length() - 1), terms.TRUE)
    quotient, remainder = left / right, z3.SRem(left, right)
    inexact = z3.And(remainder != 0, (remainder < 0) != (right < 0))
    safe = z3.And(right != 0, z3.Not(z3.And(right == -1, left == number(-(2**63)))))
    return Result(z3.If(inexact, quotient - 1, quotient), safe, Fault.DIVISION)


def modulo(left: Term, right: Term) -> Result:
    divisor = literal(right)
    if divisor is not None and divisor > 0 and divisor & (divisor - 1) == 0:
        return Result(left & number(divisor - 1), terms.TRUE)
    return Result(left % right, right != 0, Fault.DIVISION)


def plain(function: Callable[[Term, Term], Term]) -> Callable[[Term, Term], Result]:
    return lambda left, right: Result(function(left, right), terms.TRUE)


def logical(on_words: Callable[[Term, Term], Term], on_truths: Callable[[Term, Term], Term]) -> Callable[[Term, Term], Result]:
    return lambda left, right: Result(on_truths(left, right) if z3.is_bool(left) else on_words(left, right), terms.TRUE)


BINARY: dict[BinaryOperator, Callable[[Term, Term], Result]] = {
    BinaryOperator.ADD: add,
    BinaryOperator.SUBTRACT: subtract,
    BinaryOperator.MULTIPLY: multiply,
    BinaryOperator.FLOOR_DIVIDE: floor_divide,
    BinaryOperator.MODULO: modulo,
    BinaryOperator.SHIFT_LEFT: shift_left,
    BinaryOperator.SHIFT_RIGHT: shift_right,
    BinaryOperator.AND: logical(lambda left, right: left & right, z3.And),
    BinaryOperator.OR: logical(lambda left, right: left | right, z3.Or),
    BinaryOperator.XOR: logical(lambda left, right: left ^ right, z3.Xor),
    BinaryOperator.WRAPPING_ADD: plain(lambda left, right: left + right),
    BinaryOperator.WRAPPING_SUBTRACT: plain(lambda left, right: left - right),
    BinaryOperator.WRAPPING_MULTIPLY: plain(lambda left, right: left * right),
    BinaryOperator.ROTATE_LEFT: plain(z3.RotateLeft),
    BinaryOperator.UNSIGNED_SHIFT_RIGHT: plain(z3.LShR),
}

RELATIONS: dict[Relation, Callable[[Term, Term], Term]] = {
    Relation.EQUAL: terms.equal,
    Relation.NOT_EQUAL: lambda left, right: terms.negate(terms.equal(left, right)),
    Relation.LESS: lambda left, right: left < right,
    Relation.LESS_EQUAL: lambda left, right: left <= right,
    Relation.GREATER: lambda left, right: left > right,
    Relation.GREATER_EQUAL: lambda left, right: left >= right,
    Relation.UNSIGNED_LESS: z3.ULT,
}


def fits(value: Term, bits: int, signed: bool) -> Term:
    """Whether an INT fits a cell of so many bits."""
    if bits == BITS:
        return terms.TRUE if signed else value >= 0
    if signed:
        return z3.And(value >= -(1 << bits - 1), value < 1 << bits - 1)
    return z3.ULE(value, number((1 << bits) - 1))

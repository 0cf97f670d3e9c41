"""What LLVM takes for granted of an instruction's operands; where it is not so, the result is anything, or the processor stops.

What an instruction promises is asked; of one that may break its promise, as LLVM allows where
nobody uses the result, the result is then another unknown. What the processor demands has to be
so wherever control comes. What an instruction means is the business of `instructions`. Not
asked: `inbounds` of addresses, of which each has to lie in its table when it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import z3

from exokernel.prover import terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.terms import Term, number

FLAGS = re.compile(r"((?:(?:nuw|nsw|exact|disjoint|samesign|nneg) )*)")
SHIFTS, DIVISIONS, SIGNED = ("shl", "lshr", "ashr"), ("udiv", "urem", "sdiv", "srem"), ("sdiv", "srem")

PROMISES: dict[tuple[str, str], Callable[[Term, Term], Term]] = {
    ("add", "nuw"): lambda a, b: z3.BVAddNoOverflow(a, b, False),
    ("add", "nsw"): lambda a, b: z3.And(z3.BVAddNoOverflow(a, b, True), z3.BVAddNoUnderflow(a, b)),
    ("sub", "nuw"): lambda a, b: z3.BVSubNoUnderflow(a, b, False),
    ("sub", "nsw"): lambda a, b: z3.And(z3.BVSubNoOverflow(a, b), z3.BVSubNoUnderflow(a, b, True)),
    ("mul", "nuw"): lambda a, b: z3.BVMulNoOverflow(a, b, False),
    ("mul", "nsw"): lambda a, b: z3.And(z3.BVMulNoOverflow(a, b, True), z3.BVMulNoUnderflow(a, b)),
    ("shl", "nuw"): lambda a, b: z3.LShR(a << b, b) == a,
    ("shl", "nsw"): lambda a, b: (a << b) >> b == a,
    ("lshr", "exact"): lambda a, b: z3.LShR(a, b) << b == a,
    ("ashr", "exact"): lambda a, b: (a >> b) << b == a,
    ("udiv", "exact"): lambda a, b: z3.URem(a, b) == number(0, a.size()),
    ("sdiv", "exact"): lambda a, b: z3.SRem(a, b) == number(0, a.size()),
    ("or", "disjoint"): lambda a, b: a & b == number(0, a.size()),
    ("icmp", "samesign"): lambda a, b: (a ^ b) >= number(0, a.size()),
}


def flags_of(rest: str) -> list[str]:
    """The flags before an instruction's operands."""
    found = FLAGS.match(rest)
    return found.group(1).split() if found else []


def demanded(operation: str, first: Term, second: Term) -> Iterator[Term]:
    """What must be true of two operands, or the processor stops."""
    size = first.size()
    if operation in DIVISIONS:
        yield terms.negate(terms.equal(second, number(0, size)))
    if operation in SIGNED:
        yield terms.negate(terms.both((terms.equal(first, number(1 << size - 1, size)), terms.equal(second, number(-1, size)))))


def promised(operation: str, flags: Iterable[str], first: Term, second: Term) -> Iterator[Term]:
    """What is true of two operands, or the result is anything. Raises Unsupported."""
    if operation in SHIFTS:
        yield terms.below(second, number(first.size(), first.size()))
    for flag in flags:
        if (operation, flag) not in PROMISES:
            raise Unsupported(f"{operation} {flag}")
        yield PROMISES[operation, flag](first, second)


def promised_to_convert(operation: str, flags: Iterable[str], value: Term, width: int) -> Iterator[Term]:
    """What is true of a value that gets another width, or the result is anything. Raises Unsupported."""
    for flag in flags:
        if (operation, flag) == ("zext", "nneg"):
            yield value >= number(0, value.size())
        elif operation == "trunc" and flag in ("nuw", "nsw"):
            yield terms.equal(terms.widen(terms.low_bits(value, width), value.size(), flag == "nsw"), value)
        else:
            raise Unsupported(f"{operation} {flag}")


def within_range(limits: tuple[int, int] | None, value: Term) -> Term:
    """That a number is at least the first and below the second, going round where that is less."""
    if limits is None:
        return terms.TRUE
    least, above = (number(each, value.size()) for each in limits)
    return terms.below(value - least, above - least)

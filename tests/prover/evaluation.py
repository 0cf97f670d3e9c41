"""What a term comes to when all that is unknown in it is known.

A term becomes a list of operations once, each after its operands, and is then worked out for as
many states as one likes. A vector of bits is a number that is not negative, a truth a bool. What
the unknowns are is not known here, and z3 is not asked to work anything out.
"""

from collections.abc import Callable, Mapping
from functools import reduce
from math import prod
from typing import Any

import z3

from exokernel.prover.terms import Term

Meaning = Callable[..., Any]  # of an operation: what it makes of its operands
Values = Mapping[str, Any]  # a number or a truth; of a table or another function, a function


class Formula:
    """A term that can be worked out."""

    def __init__(self, term: Term) -> None:
        self.term = term  # kept, so that the identities of its parts stay theirs
        self.steps: list[tuple[Meaning | str, tuple[int, ...]]] = []
        self.names: set[str] = set()
        places: dict[int, int] = {}
        pending: list[tuple[Term, tuple[int, ...] | None]] = [(term, None)]  # with its operands, once they are in line
        while pending:
            part, operands = pending.pop()
            identity = part.get_id()
            if identity in places:
                continue
            if operands is not None:
                places[identity] = len(self.steps)
                self.steps.append((self.meaning(part), tuple(places[each] for each in operands)))
            else:
                children = part.children()
                pending.append((part, tuple(each.get_id() for each in children)))
                pending += [(each, None) for each in children]

    def meaning(self, part: Term) -> Meaning | str:
        """What a part makes of its operands, or the name of the unknown it asks."""
        declaration = part.decl()
        if declaration.kind() != z3.Z3_OP_UNINTERPRETED:
            return meaning_of(part, declaration.kind())
        name = str(declaration.name())
        self.names.add(name)
        return name

    def __call__(self, unknowns: Values) -> Any:
        values: list[Any] = []
        for meaning, operands in self.steps:
            given = [values[each] for each in operands]
            if not isinstance(meaning, str):
                values.append(meaning(*given))
            elif given:
                values.append(unknowns[meaning](*given))
            else:
                values.append(unknowns[meaning])
        return values[-1]


def meaning_of(part: Term, kind: int) -> Meaning:
    """What the last operation of a term does. Raises KeyError for one that has no meaning here."""
    if kind == z3.Z3_OP_BNUM:
        value = part.as_long()
        return lambda: value
    if kind in PLAIN:
        return PLAIN[kind]
    widths = [each.size() for each in part.children()]
    if kind in SIGNED:
        compared, sign = SIGNED[kind], 1 << (widths[0] - 1)
        return lambda left, right: compared(left ^ sign, right ^ sign)
    if kind in PRODUCTS:
        return product_fits(widths[0], PRODUCTS[kind])
    if kind in WRAPPING:
        result, mask = WRAPPING[kind], (1 << part.size()) - 1
        return lambda *given: result(given) & mask
    return SHAPED[kind](part, widths)


def product_fits(width: int, is_within: Callable[[int, int], bool]) -> Meaning:
    """Whether a product of signed numbers is not too large, or not too small."""
    return lambda left, right: is_within(signed(left, width) * signed(right, width), 1 << (width - 1))


def signed(value: int, width: int) -> int:
    return value - (1 << width) if value >> (width - 1) else value


def concatenation(part: Term, widths: list[int]) -> Meaning:
    def joined(*given: int) -> int:
        result = 0
        for value, width in zip(given, widths):
            result = result << width | value
        return result

    return joined


def extraction(part: Term, widths: list[int]) -> Meaning:
    high, low = part.params()
    mask = (1 << (high - low + 1)) - 1
    return lambda value: value >> low & mask


def extension(part: Term, widths: list[int]) -> Meaning:
    mask = (1 << part.size()) - 1
    return lambda value: signed(value, widths[0]) & mask


def shift_right(part: Term, widths: list[int]) -> Meaning:
    width, mask = widths[0], (1 << widths[0]) - 1
    return lambda value, distance: signed(value, width) >> min(distance, width) & mask


PLAIN: dict[int, Meaning] = {
    z3.Z3_OP_TRUE: lambda: True,
    z3.Z3_OP_FALSE: lambda: False,
    z3.Z3_OP_NOT: lambda value: not value,
    z3.Z3_OP_AND: lambda *given: all(given),
    z3.Z3_OP_OR: lambda *given: any(given),
    z3.Z3_OP_IMPLIES: lambda left, right: not left or right,
    z3.Z3_OP_EQ: lambda left, right: left == right,
    z3.Z3_OP_DISTINCT: lambda *given: len(set(given)) == len(given),
    z3.Z3_OP_ITE: lambda condition, then, otherwise: then if condition else otherwise,
    z3.Z3_OP_ULEQ: lambda left, right: left <= right,
    z3.Z3_OP_ULT: lambda left, right: left < right,
    z3.Z3_OP_UGEQ: lambda left, right: left >= right,
    z3.Z3_OP_UGT: lambda left, right: left > right,
    z3.Z3_OP_ZERO_EXT: lambda value: value,
    z3.Z3_OP_BLSHR: lambda value, distance: value >> min(distance, 64),
}
SIGNED: dict[int, Meaning] = {
    z3.Z3_OP_SLEQ: lambda left, right: left <= right,
    z3.Z3_OP_SLT: lambda left, right: left < right,
    z3.Z3_OP_SGEQ: lambda left, right: left >= right,
    z3.Z3_OP_SGT: lambda left, right: left > right,
}
PRODUCTS: dict[int, Callable[[int, int], bool]] = {
    z3.Z3_OP_BSMUL_NO_OVFL: lambda product, limit: product < limit,
    z3.Z3_OP_BSMUL_NO_UDFL: lambda product, limit: product >= -limit,
}
WRAPPING: dict[int, Meaning] = {
    z3.Z3_OP_BADD: sum,
    z3.Z3_OP_BMUL: prod,
    z3.Z3_OP_BSUB: lambda given: reduce(lambda left, right: left - right, given),
    z3.Z3_OP_BNEG: lambda given: -given[0],
    z3.Z3_OP_BNOT: lambda given: ~given[0],
    z3.Z3_OP_BAND: lambda given: reduce(lambda left, right: left & right, given),
    z3.Z3_OP_BOR: lambda given: reduce(lambda left, right: left | right, given),
    z3.Z3_OP_BXOR: lambda given: reduce(lambda left, right: left ^ right, given),
    z3.Z3_OP_BSHL: lambda given: given[0] << min(given[1], 64),
}
SHAPED: dict[int, Callable[[Term, list[int]], Meaning]] = {
    z3.Z3_OP_CONCAT: concatenation,
    z3.Z3_OP_EXTRACT: extraction,
    z3.Z3_OP_SIGN_EXT: extension,
    z3.Z3_OP_BASHR: shift_right,
}

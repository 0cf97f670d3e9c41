"""Integers and words: Python's meaning, made of what the machine has.

`+ - *` leave 64 bits only by a fault. Division floors, as Python's does and the machine's does
not. Shifts by 64 or more have a meaning. No instruction emitted here is ever undefined.
"""

from __future__ import annotations

from collections.abc import Callable

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.operations import BinaryOperator as B
from exokernel.compiler.ir.operations import Fault, Relation
from exokernel.compiler.ir.types import BOOL, INT, Bytes, Text
from exokernel.compiler.lower.emitter import Emitter
from exokernel.compiler.lower.scalars import scalars

LEAST = -(1 << 63)
OVERFLOWING = {B.ADD: "sadd", B.SUBTRACT: "ssub", B.MULTIPLY: "smul"}
PLAIN = {
    B.ADD: "add",
    B.SUBTRACT: "sub",
    B.MULTIPLY: "mul",
    B.AND: "and",
    B.OR: "or",
    B.XOR: "xor",
    B.WRAPPING_ADD: "add",
    B.WRAPPING_SUBTRACT: "sub",
    B.WRAPPING_MULTIPLY: "mul",
}
CONDITIONS = {
    Relation.EQUAL: "eq",
    Relation.NOT_EQUAL: "ne",
    Relation.LESS: "slt",
    Relation.LESS_EQUAL: "sle",
    Relation.GREATER: "sgt",
    Relation.GREATER_EQUAL: "sge",
    Relation.UNSIGNED_LESS: "ult",
}


def constant_of(operand: op.Operand) -> int | None:
    """The value of an operand that is a constant integer."""
    return operand.value if isinstance(operand, op.Constant) and isinstance(operand.value, int) else None


def binary(emitter: Emitter, item: op.Binary) -> None:
    special = SPECIAL.get(item.operator)
    if special is not None:
        emitter.assign(item.target, special(emitter, item))
        return
    kind = "i1" if item.left.type == BOOL else "i64"
    left, right = emitter.scalar(item.left), emitter.scalar(item.right)
    if item.operator in OVERFLOWING and not item.proved:
        result = overflowing(emitter, OVERFLOWING[item.operator], left, right)
    else:
        result = emitter.define(f"{PLAIN[item.operator]} {kind} {left}, {right}")
    emitter.assign(item.target, result)


def overflowing(emitter: Emitter, name: str, left: str, right: str) -> str:
    pair = emitter.define(f"call {{i64, i1}} @llvm.{name}.with.overflow.i64(i64 {left}, i64 {right})")
    failed = emitter.define(f"extractvalue {{i64, i1}} {pair}, 1")
    result = emitter.define(f"extractvalue {{i64, i1}} {pair}, 0")
    emitter.check(negated(emitter, failed), Fault.OVERFLOW)
    return result


def negated(emitter: Emitter, truth: str) -> str:
    return emitter.define(f"xor i1 {truth}, true")


def check_divisor(emitter: Emitter, item: op.Binary, left: str, right: str) -> None:
    divisor = constant_of(item.right)
    if item.proved:
        return
    if divisor is None or divisor == 0:
        emitter.check(emitter.define(f"icmp ne i64 {right}, 0"), Fault.DIVISION)
    if item.operator is B.FLOOR_DIVIDE and (divisor is None or divisor == -1):
        least = emitter.define(f"icmp ne i64 {left}, {LEAST}")
        other = emitter.define(f"icmp ne i64 {right}, -1")
        emitter.check(emitter.define(f"or i1 {least}, {other}"), Fault.OVERFLOW)


def floor_divide(emitter: Emitter, item: op.Binary) -> str:
    left, right = emitter.scalar(item.left), emitter.scalar(item.right)
    divisor = constant_of(item.right)
    if divisor is not None and divisor > 0 and divisor & (divisor - 1) == 0:
        return emitter.define(f"ashr i64 {left}, {divisor.bit_length() - 1}")
    check_divisor(emitter, item, left, right)
    quotient = emitter.define(f"sdiv i64 {left}, {right}")
    rest = emitter.define(f"srem i64 {left}, {right}")
    lower = emitter.define(f"sext i1 {away_from_floor(emitter, rest, right)} to i64")
    return emitter.define(f"add i64 {quotient}, {lower}")


def modulo(emitter: Emitter, item: op.Binary) -> str:
    left, right = emitter.scalar(item.left), emitter.scalar(item.right)
    divisor = constant_of(item.right)
    if divisor is not None and divisor > 0 and divisor & (divisor - 1) == 0:
        return emitter.define(f"and i64 {left}, {divisor - 1}")
    check_divisor(emitter, item, left, right)
    # The least integer modulo -1 is 0, but the machine's division would overflow.
    safe = right
    if divisor is None or divisor == -1:
        minus_one = emitter.define(f"icmp eq i64 {right}, -1")
        safe = emitter.define(f"select i1 {minus_one}, i64 1, i64 {right}")
    rest = emitter.define(f"srem i64 {left}, {safe}")
    lift = emitter.define(f"select i1 {away_from_floor(emitter, rest, right)}, i64 {right}, i64 0")
    return emitter.define(f"add i64 {rest}, {lift}")


def away_from_floor(emitter: Emitter, rest: str, divisor: str) -> str:
    """Whether truncation rounded up: the remainder is not 0 and its sign is not the divisor's."""
    inexact = emitter.define(f"icmp ne i64 {rest}, 0")
    signs = emitter.define(f"xor i64 {rest}, {divisor}")
    differ = emitter.define(f"icmp slt i64 {signs}, 0")
    return emitter.define(f"and i1 {inexact}, {differ}")


def check_count(emitter: Emitter, item: op.Binary, count: str) -> None:
    known = constant_of(item.right)
    if not item.proved and (known is None or known < 0):
        emitter.check(emitter.define(f"icmp sge i64 {count}, 0"), Fault.VALUE)


def limited(emitter: Emitter, item: op.Binary, count: str) -> str:
    """The count, at most 63."""
    known = constant_of(item.right)
    if known is not None:
        return str(min(max(known, 0), 63))
    return emitter.define(f"call i64 @llvm.umin.i64(i64 {count}, i64 63)")


def shift_left(emitter: Emitter, item: op.Binary) -> str:
    left, count = emitter.scalar(item.left), emitter.scalar(item.right)
    check_count(emitter, item, count)
    distance = limited(emitter, item, count)
    result = emitter.define(f"shl i64 {left}, {distance}")
    if item.proved:
        return result
    back = emitter.define(f"ashr i64 {result}, {distance}")
    fits = emitter.define(f"icmp eq i64 {back}, {left}")
    known = constant_of(item.right)
    if known is None or known > 63:
        near = emitter.define(f"icmp ult i64 {count}, 64")
        zero = emitter.define(f"icmp eq i64 {left}, 0")
        allowed = emitter.define(f"or i1 {near}, {zero}")
        fits = emitter.define(f"and i1 {fits}, {allowed}")
    emitter.check(fits, Fault.OVERFLOW)
    return result


def shift_right(emitter: Emitter, item: op.Binary) -> str:
    left, count = emitter.scalar(item.left), emitter.scalar(item.right)
    check_count(emitter, item, count)
    return emitter.define(f"ashr i64 {left}, {limited(emitter, item, count)}")


def unsigned_shift_right(emitter: Emitter, item: op.Binary) -> str:
    left, count = emitter.scalar(item.left), emitter.scalar(item.right)
    check_count(emitter, item, count)
    shifted = emitter.define(f"lshr i64 {left}, {limited(emitter, item, count)}")
    near = emitter.define(f"icmp ult i64 {count}, 64")
    return emitter.define(f"select i1 {near}, i64 {shifted}, i64 0")


def rotate_left(emitter: Emitter, item: op.Binary) -> str:
    left, count = emitter.scalar(item.left), emitter.scalar(item.right)
    return emitter.define(f"call i64 @llvm.fshl.i64(i64 {left}, i64 {left}, i64 {count})")


SPECIAL: dict[B, Callable[[Emitter, op.Binary], str]] = {
    B.FLOOR_DIVIDE: floor_divide,
    B.MODULO: modulo,
    B.SHIFT_LEFT: shift_left,
    B.SHIFT_RIGHT: shift_right,
    B.UNSIGNED_SHIFT_RIGHT: unsigned_shift_right,
    B.ROTATE_LEFT: rotate_left,
}


def unary(emitter: Emitter, item: op.Unary) -> None:
    value = emitter.scalar(item.operand)
    if item.operator is op.UnaryOperator.NEGATE:
        result = overflowing(emitter, "ssub", "0", value)
    elif item.operator is op.UnaryOperator.INVERT:
        result = emitter.define(f"xor i64 {value}, -1")
    else:
        result = negated(emitter, value)
    emitter.assign(item.target, result)


def compare(emitter: Emitter, item: op.Compare) -> None:
    if isinstance(item.left.type, (Text, Bytes)):
        compare_runs(emitter, item)
        return
    (kind,) = scalars(item.left.type)
    left, right = emitter.scalar(item.left), emitter.scalar(item.right)
    condition = CONDITIONS[item.relation]
    if item.left.type == BOOL:  # False < True, but as signed bits 1 is less than 0
        condition = condition.replace("s", "u")
    emitter.assign(item.target, emitter.define(f"icmp {condition} {kind} {left}, {right}"))


def compare_runs(emitter: Emitter, item: op.Compare) -> None:
    left, right = emitter.view(item.left), emitter.view(item.right)
    arguments = f"ptr {left[0]}, i64 {left[1]}, ptr {right[0]}, i64 {right[1]}"
    if item.relation in (Relation.EQUAL, Relation.NOT_EQUAL):
        result = emitter.define(f"call i1 @same_bytes({arguments})")
        if item.relation is Relation.NOT_EQUAL:
            result = negated(emitter, result)
    else:
        order = emitter.define(f"call i64 @order_of_bytes({arguments})")
        result = emitter.define(f"icmp {CONDITIONS[item.relation]} i64 {order}, 0")
    emitter.assign(item.target, result)


# Words


def resized(emitter: Emitter, value: str, given: str, wanted: str) -> str:
    """The low bits of a scalar as one of another width."""
    before, after = int(given[1:]), int(wanted[1:])
    if before == after:
        return value
    return emitter.define(f"{'trunc' if before > after else 'zext'} {given} {value} to {wanted}")


def convert(emitter: Emitter, item: op.WordOf | op.IntegerOf) -> None:
    """Between integers, truths and words: the bits stay, the width changes."""
    (given,), (wanted,) = scalars(item.value.type), scalars(item.target.type)
    emitter.assign(item.target, resized(emitter, emitter.scalar(item.value), given, wanted))


def extract(emitter: Emitter, item: op.Extract) -> None:
    (kind,), (wanted,) = scalars(item.word.type), scalars(item.target.type)
    value = emitter.scalar(item.word)
    if item.low:
        value = emitter.define(f"lshr {kind} {value}, {item.low}")
    if item.low + item.size < int(kind[1:]) and wanted != "i1":
        value = emitter.define(f"and {kind} {value}, {(1 << item.size) - 1}")
    emitter.assign(item.target, resized(emitter, value, kind, wanted))


def insert(emitter: Emitter, item: op.Insert) -> None:
    (kind,), (given,) = scalars(item.word.type), scalars(item.value.type)
    word, value = emitter.scalar(item.word), emitter.scalar(item.value)
    known = constant_of(item.value)
    fits = known is not None and 0 <= known < 1 << item.size
    if item.value.type == INT and not (item.proved or fits) and item.size < 64:
        emitter.check(emitter.define(f"icmp ult i64 {value}, {1 << item.size}"), Fault.OVERFLOW)
    elif item.value.type == INT and not (item.proved or fits):
        emitter.check(emitter.define(f"icmp sge i64 {value}, 0"), Fault.OVERFLOW)
    value = resized(emitter, value, given, kind)
    width = int(kind[1:])
    mask = ((1 << width) - 1) & ~(((1 << item.size) - 1) << item.low)
    if item.low:
        value = emitter.define(f"shl {kind} {value}, {item.low}")
    rest = emitter.define(f"and {kind} {word}, {mask}")
    emitter.assign(item.target, emitter.define(f"or {kind} {rest}, {value}"))

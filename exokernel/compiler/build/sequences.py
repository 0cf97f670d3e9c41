"""What a counted loop goes through: ranges, arrays, bytes, lists, and pairs of them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from typing import Union

from exokernel.compiler.build import places, tuples
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import types
from exokernel.compiler.check.declarations import Intrinsic
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

Element = Union[Result, tuple["Element", ...]]


@dataclass(frozen=True)
class Sequence:
    """Something with a known first count, a limit, a step, and an element for each count."""

    first: op.Operand
    limit: Callable[[FunctionBuilder], op.Operand]
    step: int
    element: Callable[[FunctionBuilder, op.Local], Element]
    capacity: int | None = None  # at most so many elements, if that is known


ZERO = op.Constant(0, ir.INT)


def of(builder: FunctionBuilder, node: ast.expr) -> Sequence | list[Value] | None:
    """The sequence an expression is, or the items of a tuple; None when it is neither."""
    if isinstance(node, ast.Call):
        match meaning(builder, node.func):
            case Intrinsic("builtins.range"):
                return _range(builder, node)
            case Intrinsic("builtins.zip"):
                return _zipped(builder, node)
            case Intrinsic("builtins.reversed"):
                return _reversed(builder, node)
    table = tuples.table(builder, node)
    return of_result(builder, table if table is not None else builder.expression(node), node)


def of_result(builder: FunctionBuilder, result: Result, node: ast.expr) -> Sequence | list[Value] | None:
    """The elements of a value."""
    match result.type:
        case types.Array(kind):
            return _array(builder, result, kind)
        case types.Octets():
            return _octets(builder, builder.copy(builder.materialise(result)))
        case types.List():
            from exokernel.compiler.build import lists

            return lists.sequence(builder, node)
        case types.Tuple(items):
            value = builder.copy(builder.materialise(result))
            return [tuples.item(builder, value, position) for position in range(len(items))]
        case _:
            return None


def _array(builder: FunctionBuilder, result: Result, kind: types.Type) -> Sequence:
    if isinstance(result, Value) or isinstance(result.place.base, op.Local) or places.checks(result.place):
        result = builder.copy(builder.materialise(result))
    length = places.length(builder, result)
    base, path = places.base_of(builder, result)
    storage = types.storage(kind)

    def element(inner: FunctionBuilder, counter: op.Local) -> Element:
        return places.read(inner, op.Place(base, (*path, op.IndexStep(counter, proved=True)), storage), kind)

    capacity = length.value if isinstance(length, op.Constant) else None
    return Sequence(ZERO, lambda _: length, 1, element, capacity if isinstance(capacity, int) else None)


def _octets(builder: FunctionBuilder, value: Value) -> Sequence:
    length = places.length(builder, value)

    def element(inner: FunctionBuilder, counter: op.Local) -> Element:
        target = inner.temporary(types.INT)
        inner.emit(op.Octet(target, value.operand, counter, proved=True))
        return Value(types.INT, target)

    known = value.operand.value if isinstance(value.operand, op.Constant) else None
    capacity = len(known) if isinstance(known, bytes) else None
    return Sequence(ZERO, lambda _: length, 1, element, capacity)


def _range(builder: FunctionBuilder, node: ast.Call) -> Sequence:
    if not 1 <= len(node.args) <= 3 or node.keywords:
        hint = "write `range(stop)`, `range(start, stop)` or `range(start, stop, step)`"
        raise builder.error("`range` takes one to three numbers", node, hint)
    values = [builder.copy(builder.value(each)) for each in node.args]
    for value, each in zip(values, node.args):
        if not types.is_number(value.type):
            raise builder.mismatch(value.type, types.INT, each)
    step = 1
    if len(values) == 3:
        operand = values[2].operand
        if not isinstance(operand, op.Constant) or not isinstance(operand.value, int) or operand.value == 0:
            raise builder.error("the step of a range is a constant that is not 0", node.args[2], "use `while` for a step that varies")
        step = operand.value
    first = values[0].operand if len(values) > 1 else ZERO
    last = values[1].operand if len(values) > 1 else values[0].operand
    capacity = None
    if isinstance(first, op.Constant) and isinstance(last, op.Constant):
        capacity = len(range(int(first.value or 0), int(last.value or 0), step))
    return Sequence(first, lambda _: last, step, lambda _, counter: Value(types.INT, counter), capacity)


def _parts(builder: FunctionBuilder, node: ast.Call) -> list[Sequence]:
    parts = []
    for each in node.args:
        part = of(builder, each)
        if not isinstance(part, Sequence) or part.step != 1 or part.first != ZERO:
            raise builder.error("this takes arrays, bytes, lists and plain ranges", each, "loop over it alone, and count beside it")
        parts.append(part)
    return parts


def _zipped(builder: FunctionBuilder, node: ast.Call) -> Sequence:
    """Several sequences side by side, as long as the shortest."""
    strict = any(each.arg == "strict" for each in node.keywords)
    if strict or not node.args:
        raise builder.error("`zip` takes sequences and stops with the shortest", node, "loop over indices: `for i in range(len(a))`")
    parts = _parts(builder, node)
    limit = parts[0].limit(builder)
    for part in parts[1:]:
        limit = smaller(builder, limit, part.limit(builder))
    capacities = [part.capacity for part in parts if part.capacity is not None]

    def element(inner: FunctionBuilder, counter: op.Local) -> Element:
        return tuple(part.element(inner, counter) for part in parts)

    return Sequence(ZERO, lambda _: limit, 1, element, min(capacities, default=None))


def smaller(builder: FunctionBuilder, left: op.Operand, right: op.Operand) -> op.Operand:
    """The smaller of two numbers."""
    if isinstance(left, op.Constant) and isinstance(right, op.Constant):
        return op.Constant(min(int(left.value or 0), int(right.value or 0)), ir.INT)
    target, less = builder.temporary(types.INT), builder.temporary(types.BOOL)
    keep, after = builder.new_block("larger"), builder.new_block("smaller")
    builder.emit(op.Assign(target, left))
    builder.emit(op.Compare(less, op.Relation.LESS, left, right))
    builder.branch(less, after, keep)
    builder.start(keep)
    builder.emit(op.Assign(target, right))
    builder.start(after)
    return target


def _reversed(builder: FunctionBuilder, node: ast.Call) -> Sequence:
    """A sequence from its last element to its first."""
    call = node.args[0]
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "range":
        part = _range(builder, call)
        if part.step == 1:
            limit = part.limit(builder)
            last = builder.temporary(types.INT)
            builder.emit(op.Binary(last, op.BinaryOperator.SUBTRACT, limit, op.Constant(1, ir.INT)))
            stop = builder.temporary(types.INT)
            builder.emit(op.Binary(stop, op.BinaryOperator.SUBTRACT, part.first, op.Constant(1, ir.INT)))
            return Sequence(last, lambda _: stop, -1, part.element, part.capacity)
    (part,) = _parts(builder, node)
    last = builder.temporary(types.INT)
    builder.emit(op.Binary(last, op.BinaryOperator.SUBTRACT, part.limit(builder), op.Constant(1, ir.INT)))
    return Sequence(last, lambda _: op.Constant(-1, ir.INT), -1, part.element, part.capacity)


def as_value(builder: FunctionBuilder, node: ast.AST, element: Element) -> Value:
    """An element as one value: several become a tuple."""
    if not isinstance(element, tuple):
        return builder.materialise(element)
    values = [as_value(builder, node, each) for each in element]
    return tuples.of_values(builder, node, values, types.Tuple(tuple(each.type for each in values)))

"""Calls of built-in and dialect functions."""

from __future__ import annotations

import ast
from collections.abc import Callable

from exokernel.compiler.build import iteration, lists, places, sequences, words
from exokernel.compiler.build.comprehension import generated
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import context, meaning
from exokernel.compiler.build.registry import intrinsic
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import annotation, classes, layout, types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


def arguments(builder: FunctionBuilder, node: ast.Call, least: int, most: int | None = None) -> list[ast.expr]:
    """The arguments of an intrinsic that takes them by position."""
    most = least if most is None else most
    if node.keywords or not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        name = ast.unparse(node.func)
        raise builder.error(f"`{name}` takes {wanted} arguments by position", node, f"write `{name}({', '.join(['...'] * least)})`")
    return node.args


def numbers(builder: FunctionBuilder, nodes: list[ast.expr]) -> list[Value]:
    """Arguments that are numbers, computed in order."""
    found = []
    for each in nodes:
        value = builder.copy(builder.value(each))
        if not types.is_number(value.type):
            raise builder.mismatch(value.type, types.INT, each)
        found.append(value)
    return found


@intrinsic("builtins.len")
def len_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    (given,) = arguments(builder, node, 1)
    result = builder.expression(given)
    builder.at(node)
    if isinstance(result.type, types.List):
        return Value(types.INT, lists.length(builder, given))
    if isinstance(result.type, types.Tuple):
        return Value(types.INT, op.Constant(len(result.type.items), ir.INT))
    if isinstance(result.type, (types.Array, types.Octets)):
        return Value(types.INT, places.length(builder, result))
    text = isinstance(result.type, types.Text)
    hint = "characters are not bytes: take `.encode()` first" if text else "arrays, bytes, lists and tuples have one"
    raise builder.error(f"`{result.type}` has no length", node, hint)


@intrinsic("builtins.int")
def int_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    (given,) = arguments(builder, node, 1)
    value = builder.value(given)
    builder.at(node)
    match value.type:
        case types.Int() | types.Enum():
            return Value(types.INT, value.operand)
        case types.Word() | types.Bool():
            return Value(types.INT, words.integer(builder, value))
        case _:
            raise builder.error(f"`{value.type}` is not made a number", node, "parse it with a function of a library")


@intrinsic("builtins.bool")
def bool_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    (given,) = arguments(builder, node, 1)
    value = builder.value(given)
    if value.type == types.BOOL:
        return value
    if not types.is_number(value.type):
        raise builder.mismatch(value.type, types.INT, given)
    target = builder.temporary(types.BOOL)
    builder.emit(op.Compare(target, op.Relation.NOT_EQUAL, value.operand, op.Constant(0, ir.INT)))
    return Value(types.BOOL, target)


@intrinsic("builtins.min", "builtins.max")
def extreme(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    smallest = ast.unparse(node.func) == "min"
    if len(node.args) == 1:
        return _extreme_of(builder, node, arguments(builder, node, 1)[0], smallest)
    given = numbers(builder, arguments(builder, node, 2, 16))
    kind = given[0].type if all(each.type == given[0].type for each in given) else types.INT
    builder.at(node)
    best = given[0].operand
    for each in given[1:]:
        best = _better(builder, smallest, best, each.operand)
    return Value(kind, best)


def _extreme_of(builder: FunctionBuilder, node: ast.Call, given: ast.expr, smallest: bool) -> Value:
    """`max(... for ...)`; of nothing, a fault."""
    best, some, better = builder.temporary(types.INT), builder.temporary(types.BOOL), builder.temporary(types.BOOL)
    builder.emit(op.Assign(best, op.Constant(0, ir.INT)))
    builder.emit(op.Assign(some, op.Constant(False, ir.BOOL)))
    after, kinds = builder.new_block("consumed"), list[Type]()

    def take(value: Value) -> None:
        if not types.is_number(value.type):
            raise builder.mismatch(value.type, types.INT, given)
        kinds.append(value.type)
        compared, replaced, kept = (builder.new_block(each) for each in ("compared", "better", "kept"))
        builder.branch(some, compared, replaced)
        builder.start(compared)
        builder.emit(op.Compare(better, op.Relation.LESS if smallest else op.Relation.GREATER, value.operand, best))
        builder.branch(better, replaced, kept)
        builder.start(replaced)
        builder.emit(op.Assign(best, value.operand))
        builder.emit(op.Assign(some, op.Constant(True, ir.BOOL)))
        builder.start(kept)

    _consume(builder, given, take, after)
    builder.at(node)
    builder.emit(op.Assume(some, op.Fault.VALUE))
    return Value(kinds[0] if len(set(kinds)) == 1 else types.INT, best)


def _better(builder: FunctionBuilder, smallest: bool, left: op.Operand, right: op.Operand) -> op.Operand:
    """The first of two numbers unless the second is strictly better, as in Python."""
    if isinstance(left, op.Constant) and isinstance(right, op.Constant):
        pair = (int(left.value or 0), int(right.value or 0))
        return op.Constant(min(pair) if smallest else max(pair), ir.INT)
    target, better = builder.temporary(types.INT), builder.temporary(types.BOOL)
    replace, after = builder.new_block("better"), builder.new_block("chosen")
    builder.emit(op.Assign(target, left))
    builder.emit(op.Compare(better, op.Relation.LESS if smallest else op.Relation.GREATER, right, left))
    builder.branch(better, replace, after)
    builder.start(replace)
    builder.emit(op.Assign(target, right))
    builder.start(after)
    return target


@intrinsic("builtins.abs")
def abs_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    (value,) = numbers(builder, arguments(builder, node, 1))
    target, negative = builder.temporary(types.INT), builder.temporary(types.BOOL)
    turn, after = builder.new_block("negative"), builder.new_block("absolute")
    builder.emit(op.Assign(target, value.operand))
    builder.emit(op.Compare(negative, op.Relation.LESS, value.operand, op.Constant(0, ir.INT)))
    builder.branch(negative, turn, after)
    builder.start(turn)
    builder.emit(op.Unary(target, op.UnaryOperator.NEGATE, value.operand))
    builder.start(after)
    return Value(types.INT, target)


WRAPPING = {
    "wrapping_add": op.BinaryOperator.WRAPPING_ADD,
    "wrapping_sub": op.BinaryOperator.WRAPPING_SUBTRACT,
    "wrapping_multiply": op.BinaryOperator.WRAPPING_MULTIPLY,
    "rotate_left": op.BinaryOperator.ROTATE_LEFT,
    "unsigned_shift_right": op.BinaryOperator.UNSIGNED_SHIFT_RIGHT,
}


@intrinsic(*(f"dialect.{name}" for name in WRAPPING))
def wrapping(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    left, right = numbers(builder, arguments(builder, node, 2))
    name = getattr(meaning(builder, node.func), "name").rpartition(".")[2]
    target = builder.temporary(types.INT)
    builder.at(node)
    builder.emit(op.Binary(target, WRAPPING[name], left.operand, right.operand))
    return Value(types.INT, target)


@intrinsic("dialect.unsigned_less")
def unsigned_less(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    left, right = numbers(builder, arguments(builder, node, 2))
    target = builder.temporary(types.BOOL)
    builder.at(node)
    builder.emit(op.Compare(target, op.Relation.UNSIGNED_LESS, left.operand, right.operand))
    return Value(types.BOOL, target)


@intrinsic("dialect.size_of")
def size_of(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    (given,) = arguments(builder, node, 1)
    kind = annotation.resolve(context(builder), given)
    return Value(types.INT, op.Constant(layout.size_of(kind)[0], ir.INT))


@intrinsic("dialect.offset_of")
def offset_of(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    given, name = arguments(builder, node, 2)
    kind = annotation.resolve(context(builder), given)
    if not isinstance(kind, types.Record) or not isinstance(name, ast.Constant):
        hint = "write `offset_of(Thing, \"field\")`"
        raise builder.error("`offset_of` takes a record class and the name of a field", node, hint)
    fields = classes.layout(kind.declaration).fields
    if name.value not in fields:
        raise builder.error(f"`{kind}` has no field {name.value!r}", name, "it has " + ", ".join(fields))
    return Value(types.INT, op.Constant(fields[str(name.value)].offset, ir.INT))


# Consumers of everything iterable


@intrinsic("builtins.any", "builtins.all", "builtins.sum")
def consumed(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    """`any(... for ...)`, `all(...)`, `sum(...)`."""
    (given,) = arguments(builder, node, 1)
    name = ast.unparse(node.func)
    kind: Type = types.INT if name == "sum" else types.BOOL
    target = builder.temporary(kind)
    builder.emit(op.Assign(target, op.Constant(name == "all" if name != "sum" else 0, types.lowered(kind))))
    after, outside = builder.new_block("consumed"), len(builder.controls)

    def take(value: Value) -> None:
        if not types.accepts(kind, value.type):
            raise builder.mismatch(value.type, kind, given)
        if name == "sum":
            builder.emit(op.Binary(target, op.BinaryOperator.ADD, target, value.operand))
            return
        decided, following = builder.new_block("decided"), builder.new_block("undecided")
        builder.branch(value.operand, *((decided, following) if name == "any" else (following, decided)))
        builder.start(decided)
        builder.emit(op.Assign(target, op.Constant(name == "any", ir.BOOL)))
        builder.leave_to(outside)
        builder.jump(after)
        builder.start(following)

    _consume(builder, given, take, after)
    return Value(kind, target)


def _consume(builder: FunctionBuilder, node: ast.expr, take: Callable[[Value], None], after: op.Block) -> None:
    """Build what takes each element of something iterable, until it goes to `after`."""
    if isinstance(node, ast.GeneratorExp):
        generated(builder, node.generators, lambda: take(builder.value(node.elt)), after)
    else:
        iteration.produce(builder, node, lambda each: take(sequences.as_value(builder, node, each)), after)
    builder.start(after)

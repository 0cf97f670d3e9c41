"""Comparisons of two values, membership, and the question whether a reference is None."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Value
from exokernel.compiler.check import types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

RELATIONS: dict[type[ast.cmpop], op.Relation] = {
    ast.Eq: op.Relation.EQUAL,
    ast.NotEq: op.Relation.NOT_EQUAL,
    ast.Lt: op.Relation.LESS,
    ast.LtE: op.Relation.LESS_EQUAL,
    ast.Gt: op.Relation.GREATER,
    ast.GtE: op.Relation.GREATER_EQUAL,
}


def compare(builder: FunctionBuilder, node: ast.expr, symbol: ast.cmpop, left: Value, right: Value) -> op.Operand:
    """One comparison, as a BOOL operand."""
    if isinstance(symbol, (ast.In, ast.NotIn)):
        held = member(builder, node, left, right)
        return negated(builder, held) if isinstance(symbol, ast.NotIn) else held
    relation = RELATIONS.get(type(symbol))
    if relation is None:
        raise builder.error("`is` asks only about None", node, "compare values with `==`")
    _check_comparable(builder, node, relation, left.type, right.type)
    if isinstance(left.type, types.Tuple):
        return _tuples(builder, node, relation, left, right)
    if isinstance(left.operand, op.Constant) and isinstance(right.operand, op.Constant):
        return op.Constant(_folded(relation, left.operand.value, right.operand.value), ir.BOOL)
    target = builder.temporary(types.BOOL)
    builder.emit(op.Compare(target, relation, left.operand, right.operand))
    return target


def _folded(relation: op.Relation, left: object, right: object) -> bool:
    match relation:
        case op.Relation.EQUAL:
            return left == right
        case op.Relation.NOT_EQUAL:
            return left != right
        case op.Relation.LESS:
            return left < right  # type: ignore[operator,no-any-return]
        case op.Relation.LESS_EQUAL:
            return left <= right  # type: ignore[operator,no-any-return]
        case op.Relation.GREATER:
            return left > right  # type: ignore[operator,no-any-return]
        case _:
            return left >= right  # type: ignore[operator,no-any-return]


def _check_comparable(builder: FunctionBuilder, node: ast.expr, relation: op.Relation, left: Type, right: Type) -> None:
    equality = relation in (op.Relation.EQUAL, op.Relation.NOT_EQUAL)
    if types.NONE not in (left, right) and (types.accepts(left, right) or types.accepts(right, left)):
        if types.is_number(left) or isinstance(left, types.Octets):
            return
        if equality and isinstance(left, (types.Bool, types.Word, types.Text, types.Tuple)):
            return
    if types.NONE in (left, right):
        raise builder.error("None is not compared, but asked for", node, "write `is None` or `is not None`")
    if isinstance(left, (types.Record, types.Optional, types.Array)):
        raise builder.error(f"places are not compared: this is `{left}`", node, "compare their fields or elements")
    if types.is_number(left) and types.is_number(right):
        raise builder.error(
            f"`{left}` and `{right}` are names from different spaces", node, "`int(...)` makes a plain number of one"
        )
    hint = "compare values of one type; `int(...)` gives the number of a name, a word or a member"
    raise builder.error(f"`{left}` and `{right}` are not compared with `{relation.value}`", node, hint)


def _tuples(builder: FunctionBuilder, node: ast.expr, relation: op.Relation, left: Value, right: Value) -> op.Operand:
    """Equality of tuples, item by item."""
    assert isinstance(left.type, types.Tuple) and isinstance(right.type, types.Tuple)
    result: op.Operand = op.Constant(True, ir.BOOL)
    for position, (one, other) in enumerate(zip(left.type.items, right.type.items)):
        pair = []
        for value, kind in ((left, one), (right, other)):
            item = builder.temporary(kind)
            builder.emit(op.Item(item, value.operand, position))
            pair.append(Value(kind, item))
        same = compare(builder, node, ast.Eq(), pair[0], pair[1])
        if position == 0:
            result = same
            continue
        both = builder.temporary(types.BOOL)
        builder.emit(op.Binary(both, op.BinaryOperator.AND, result, same))
        result = both
    return negated(builder, result) if relation is op.Relation.NOT_EQUAL else result


def negated(builder: FunctionBuilder, operand: op.Operand) -> op.Operand:
    """`not` of a BOOL operand."""
    if isinstance(operand, op.Constant):
        return op.Constant(not operand.value, ir.BOOL)
    target = builder.temporary(types.BOOL)
    builder.emit(op.Unary(target, op.UnaryOperator.NOT, operand))
    return target


def is_none(builder: FunctionBuilder, node: ast.expr, tested: ast.expr) -> op.Operand:
    """Whether an optional reference is absent."""
    value = builder.value(tested)
    if not isinstance(value.type, types.Optional):
        raise builder.error(f"`{value.type}` is never None", node, "leave the test out")
    target = builder.temporary(types.BOOL)
    builder.emit(op.IsNone(target, value.operand))
    return target


def contained(builder: FunctionBuilder, node: ast.Compare, symbol: ast.cmpop, other: ast.expr) -> op.Operand:
    """`x in y`."""
    if isinstance(other, (ast.Tuple, ast.List)):
        held = _among(builder, node, other.elts)
    elif isinstance(other, ast.Call) and isinstance(other.func, ast.Name) and other.func.id == "range":
        held = _within(builder, node, other)
    else:
        left = builder.copy(builder.value(node.left))
        held = _held(builder, node, left, other)
    return negated(builder, held) if isinstance(symbol, ast.NotIn) else held


def _held(builder: FunctionBuilder, node: ast.expr, left: Value, other: ast.expr) -> op.Operand:
    from exokernel.compiler.build import searches, trial

    if isinstance(trial.type_of(builder, other), (types.Array, types.List, types.Tuple)):
        return searches.among(builder, node, left, other)
    return member(builder, node, left, builder.value(other))


def _among(builder: FunctionBuilder, node: ast.Compare, options: list[ast.expr]) -> op.Operand:
    """Membership in values written out: all are computed, then tested until one is equal."""
    left = builder.copy(builder.value(node.left))
    values = [builder.copy(builder.value(each)) for each in options]
    target = builder.temporary(types.BOOL)
    after = builder.new_block("found")
    builder.emit(op.Assign(target, op.Constant(False, ir.BOOL)))
    for each, value in zip(options, values):
        builder.emit(op.Assign(target, compare(builder, each, ast.Eq(), left, value)))
        following = builder.new_block("or")
        builder.branch(target, after, following)
        builder.start(following)
    builder.start(after)
    return target


def _within(builder: FunctionBuilder, node: ast.Compare, call: ast.Call) -> op.Operand:
    """Membership in a range of step 1: two comparisons."""
    if len(call.args) > 2 or call.keywords:
        raise builder.error("membership is asked of ranges of step 1", call, "ask with `<=`, `<` and `%`")
    left = builder.copy(builder.value(node.left))
    bounds = [builder.copy(builder.value(each)) for each in call.args]
    lower = bounds[0] if len(bounds) == 2 else Value(types.INT, op.Constant(0, ir.INT))
    above = compare(builder, node, ast.GtE(), left, lower)
    below = compare(builder, node, ast.Lt(), left, bounds[-1])
    target = builder.temporary(types.BOOL)
    builder.emit(op.Binary(target, op.BinaryOperator.AND, above, below))
    return target


def member(builder: FunctionBuilder, node: ast.expr, left: Value, right: Value) -> op.Operand:
    """Membership of a value in another."""
    match right.type:
        case types.Enum(declaration) if declaration.flags:
            if left.type != right.type:
                raise builder.mismatch(left.type, right.type, node)
            common = builder.temporary(types.INT)
            builder.emit(op.Binary(common, op.BinaryOperator.AND, left.operand, right.operand))
            target = builder.temporary(types.BOOL)
            builder.emit(op.Compare(target, op.Relation.EQUAL, common, left.operand))
            return target
        case types.Octets() | types.Text():
            from exokernel.compiler.build import searches

            return searches.member(builder, node, left, right)
        case _:
            raise builder.error(f"`in` asks about flags, arrays, bytes, tuples and ranges, not `{right.type}`", node, "search in a loop")

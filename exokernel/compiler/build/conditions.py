"""Truth: conditions that branch, short-circuit `and` and `or`, comparisons."""

from __future__ import annotations

import ast

from exokernel.compiler.build import comparisons
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import expression
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


def branch(builder: FunctionBuilder, node: ast.expr, then: op.Block, otherwise: op.Block) -> None:
    """Go to one block or the other by a condition, testing no more than needed."""
    match node:
        case ast.BoolOp(op=operator, values=values):
            _branch_chain(builder, isinstance(operator, ast.And), values, then, otherwise)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            branch(builder, operand, otherwise, then)
        case ast.Compare(ops=[_, _, *_]):
            _branch_comparisons(builder, node, then, otherwise)
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as symbol], comparators=[ast.Constant(value=None)]):
            absent = comparisons.is_none(builder, node, left)
            if isinstance(symbol, ast.IsNot):
                then, otherwise = otherwise, then
            builder.branch(absent, then, otherwise)
        case _:
            builder.branch(truth(builder, node), then, otherwise)


def _branch_chain(
    builder: FunctionBuilder, every: bool, values: list[ast.expr], then: op.Block, otherwise: op.Block
) -> None:
    *first, last = values
    for each in first:
        following = builder.new_block("and" if every else "or")
        if every:
            branch(builder, each, following, otherwise)
        else:
            branch(builder, each, then, following)
        builder.start(following)
    branch(builder, last, then, otherwise)


def _branch_comparisons(builder: FunctionBuilder, node: ast.Compare, then: op.Block, otherwise: op.Block) -> None:
    """`a < b <= c`: each operand is computed once, and only while the chain holds."""
    left = builder.copy(builder.value(node.left))
    last = len(node.ops) - 1
    for position, (symbol, other) in enumerate(zip(node.ops, node.comparators)):
        right = builder.value(other)
        right = right if position == last else builder.copy(right)
        builder.at(node)
        holds = comparisons.compare(builder, node, symbol, left, right)
        following = then if position == last else builder.new_block("and")
        builder.branch(holds, following, otherwise)
        if position != last:
            builder.start(following)
        left = right


def truth(builder: FunctionBuilder, node: ast.expr) -> op.Operand:
    """A condition as a BOOL operand."""
    value = builder.value(node)
    if value.type == types.BOOL:
        return value.operand
    if isinstance(value.type, types.Enum) and value.type.declaration.flags:
        target = builder.temporary(types.BOOL)
        builder.emit(op.Compare(target, op.Relation.NOT_EQUAL, value.operand, op.Constant(0, ir.INT)))
        return target
    raise builder.error(f"a condition is a bool, not `{value.type}`", node, _instead(value.type))


def _instead(type: Type) -> str:
    match type:
        case types.Int() | types.Enum():
            return "write `!= 0`"
        case types.Text() | types.Octets() | types.Array() | types.List():
            return "write `len(...) != 0`"
        case types.Optional():
            return "write `is not None`"
        case types.Record():
            return "compare a field of it"
        case _:
            return "compare it with something, or name a field of it"


@expression(ast.BoolOp)
def boolean(builder: FunctionBuilder, node: ast.BoolOp, expected: Type | None) -> Result:
    return as_value(builder, node)


def as_value(builder: FunctionBuilder, node: ast.expr) -> Value:
    """A condition that branches, as a value."""
    yes, no, after = (builder.new_block(each) for each in ("true", "false", "decided"))
    target = builder.temporary(types.BOOL)
    branch(builder, node, yes, no)
    for block, value in ((yes, True), (no, False)):
        builder.start(block)
        builder.emit(op.Assign(target, op.Constant(value, ir.BOOL)))
        builder.jump(after)
    builder.start(after)
    return Value(types.BOOL, target)


@expression(ast.Compare)
def comparison(builder: FunctionBuilder, node: ast.Compare, expected: Type | None) -> Result:
    if len(node.ops) > 1:
        return as_value(builder, node)
    symbol, other = node.ops[0], node.comparators[0]
    if isinstance(symbol, (ast.Is, ast.IsNot)):
        if not (isinstance(other, ast.Constant) and other.value is None):
            raise builder.error("`is` asks only about None", node, "compare values with `==`")
        absent = comparisons.is_none(builder, node, node.left)
        if isinstance(symbol, ast.Is):
            return Value(types.BOOL, absent)
        return Value(types.BOOL, comparisons.negated(builder, absent))
    if isinstance(symbol, (ast.In, ast.NotIn)):
        return Value(types.BOOL, comparisons.contained(builder, node, symbol, other))
    left = builder.value(node.left)
    left = builder.copy(left) if not _plain(other) else left
    right = builder.value(other)
    builder.at(node)
    return Value(types.BOOL, comparisons.compare(builder, node, symbol, left, right))


def _plain(node: ast.expr) -> bool:
    """Whether computing a node cannot assign to a variable."""
    return not any(isinstance(each, ast.NamedExpr) for each in ast.walk(node))

"""Arithmetic: binary and unary operators on integers, flags and bools."""

from __future__ import annotations

import ast

from exokernel.compiler.build import comparisons, conditions
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import of_known
from exokernel.compiler.build.registry import expression
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import classes, constants, types
from exokernel.compiler.check.types import Type
from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

BINARY: dict[type[ast.operator], op.BinaryOperator] = {
    ast.Add: op.BinaryOperator.ADD,
    ast.Sub: op.BinaryOperator.SUBTRACT,
    ast.Mult: op.BinaryOperator.MULTIPLY,
    ast.FloorDiv: op.BinaryOperator.FLOOR_DIVIDE,
    ast.Mod: op.BinaryOperator.MODULO,
    ast.LShift: op.BinaryOperator.SHIFT_LEFT,
    ast.RShift: op.BinaryOperator.SHIFT_RIGHT,
    ast.BitAnd: op.BinaryOperator.AND,
    ast.BitOr: op.BinaryOperator.OR,
    ast.BitXor: op.BinaryOperator.XOR,
}
LOGICAL = (op.BinaryOperator.AND, op.BinaryOperator.OR, op.BinaryOperator.XOR)


@expression(ast.BinOp)
def binary(builder: FunctionBuilder, node: ast.BinOp, expected: Type | None) -> Result:
    if isinstance(node.op, ast.Pow):
        return _power(builder, node)
    left = builder.value(node.left)
    if any(isinstance(each, ast.NamedExpr) for each in ast.walk(node.right)):
        left = builder.copy(left)
    right = builder.value(node.right)
    builder.at(node)
    return combine(builder, node, node.op, left, right)


def _power(builder: FunctionBuilder, node: ast.BinOp) -> Value:
    try:
        return of_known(builder, constants.evaluate(builder.frame.scope, node))
    except CompileError:
        raise builder.error("`**` is for constants", node, "multiply, or shift") from None


def combine(
    builder: FunctionBuilder, node: ast.expr | ast.stmt, operator: ast.operator, left: Value, right: Value
) -> Value:
    """The result of a binary operator on two values."""
    symbol = BINARY.get(type(operator))
    if symbol is None:
        if isinstance(operator, ast.Div):
            hint = "`//` divides, rounding down"
            raise builder.error("`/` makes a float, and there is no floating point", node, hint)
        raise builder.error("the dialect has no such operator", node, "multiply and add, or shift")
    kind = _result(builder, node, symbol, left.type, right.type)
    if isinstance(left.operand, op.Constant) and isinstance(right.operand, op.Constant):
        folded = _fold(builder, node, symbol, left.operand.value, right.operand.value, kind)
        if folded is not None:
            return folded
    target = builder.temporary(kind)
    builder.emit(op.Binary(target, symbol, left.operand, right.operand))
    return Value(kind, target)


def _fold(
    builder: FunctionBuilder, node: ast.AST, symbol: op.BinaryOperator, left: object, right: object, kind: Type
) -> Value | None:
    """Compute on constants; None leaves what would fault to run time."""
    for syntax, each in BINARY.items():
        if each is symbol:
            try:
                result = constants.BINARY[syntax](left, right)
            except (ArithmeticError, ValueError):
                return None
            assert isinstance(result, int)
            operand = op.Constant(result, types.lowered(kind))
            if kind != types.BOOL:
                builder.check_range(operand, node)
            return Value(kind, operand)
    return None


def _result(builder: FunctionBuilder, node: ast.AST, symbol: op.BinaryOperator, left: Type, right: Type) -> Type:
    if left == right == types.BOOL and symbol in LOGICAL:
        return types.BOOL
    if types.is_number(left) and types.is_number(right):
        return _number(builder, node, symbol, left, right)
    for each in (left, right):
        if each == types.BOOL:
            raise builder.error("a bool is not a number", node, "write `int(...)`, or `1 if ... else 0`")
        if isinstance(each, types.Word):
            hint = "name a field, or take its bits with `int(...)`"
            raise builder.error(f"`{each}` is a word, and words have no arithmetic", node, hint)
        if isinstance(each, (types.Text, types.Octets)):
            raise builder.error("there is no heap to join text in", node, "print the parts one after another")
    hint = "arithmetic is on numbers: `int(...)` makes one of a name, a word or a bool"
    raise builder.error(f"`{left}` and `{right}` are not combined with `{symbol.value}`", node, hint)


def _number(builder: FunctionBuilder, node: ast.AST, symbol: op.BinaryOperator, left: Type, right: Type) -> Type:
    if symbol not in LOGICAL:
        return types.INT
    flags = [each for each in (left, right) if isinstance(each, types.Enum) and each.declaration.flags]
    if len(flags) == 2 and flags[0] != flags[1]:
        hint = "`int(...)` makes a plain number of one"
        raise builder.error(f"`{flags[0]}` and `{flags[1]}` are different flags", node, hint)
    return flags[0] if flags else types.INT


@expression(ast.UnaryOp)
def unary(builder: FunctionBuilder, node: ast.UnaryOp, expected: Type | None) -> Result:
    if isinstance(node.op, ast.Not):
        if isinstance(node.operand, (ast.BoolOp, ast.Compare)):
            return Value(types.BOOL, comparisons.negated(builder, builder.value(node.operand).operand))
        return Value(types.BOOL, comparisons.negated(builder, conditions.truth(builder, node.operand)))
    operand = builder.value(node.operand)
    builder.at(node)
    if not types.is_number(operand.type):
        raise builder.error(f"`{operand.type}` is not a number", node, "`int(...)` makes one of a word or a bool")
    if isinstance(node.op, ast.UAdd):
        return Value(types.INT, operand.operand)
    if isinstance(node.op, ast.USub):
        return _negated(builder, operand)
    return _inverted(builder, operand)


def _negated(builder: FunctionBuilder, operand: Value) -> Value:
    if isinstance(operand.operand, op.Constant):
        return Value(types.INT, op.Constant(-int(operand.operand.value or 0), ir.INT))
    target = builder.temporary(types.INT)
    builder.emit(op.Unary(target, op.UnaryOperator.NEGATE, operand.operand))
    return Value(types.INT, target)


def _inverted(builder: FunctionBuilder, operand: Value) -> Value:
    """`~`: of flags, every bit up to the highest with a name that is not set, as CPython has it."""
    if isinstance(operand.type, types.Enum) and operand.type.declaration.flags:
        every = op.Constant(classes.every_flag(operand.type.declaration), ir.INT)
        if isinstance(operand.operand, op.Constant):
            return Value(operand.type, op.Constant(int(operand.operand.value or 0) ^ int(every.value or 0), ir.INT))
        target = builder.temporary(operand.type)
        builder.emit(op.Binary(target, op.BinaryOperator.XOR, operand.operand, every))
        return Value(operand.type, target)
    if isinstance(operand.operand, op.Constant):
        return Value(types.INT, op.Constant(~int(operand.operand.value or 0), ir.INT))
    target = builder.temporary(types.INT)
    builder.emit(op.Unary(target, op.UnaryOperator.INVERT, operand.operand))
    return Value(types.INT, target)

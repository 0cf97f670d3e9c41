"""Membership in arrays, lists and bytes: loops that stop at the first equal element."""

from __future__ import annotations

import ast

from exokernel.compiler.build import comparisons, iteration, sequences, texts
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Value
from exokernel.compiler.check import types
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


def member(builder: FunctionBuilder, node: ast.expr, left: Value, right: Value) -> op.Operand:
    """`left in right`, of bytes or text."""
    if isinstance(right.type, types.Text):
        if left.type != types.TEXT:
            raise builder.mismatch(left.type, types.TEXT, node)
        left, right = texts.as_bytes(builder, left), texts.as_bytes(builder, right)
    zero = op.Constant(0, ir.INT)
    name = "find_octet" if types.is_number(left.type) else "find"
    if name == "find" and left.type != types.OCTETS:
        raise builder.mismatch(left.type, types.OCTETS, node)
    position = texts.library(builder, name, [right.operand, left.operand, zero])
    target = builder.temporary(types.BOOL)
    builder.emit(op.Compare(target, op.Relation.GREATER_EQUAL, position.operand, zero))
    return target


def among(builder: FunctionBuilder, node: ast.expr, left: Value, other: ast.expr) -> op.Operand:
    """`left in other`, of an array or a list."""
    target = builder.temporary(types.BOOL)
    after = builder.new_block("found")
    builder.emit(op.Assign(target, op.Constant(False, ir.BOOL)))

    def consume(element: sequences.Element) -> None:
        value = sequences.as_value(builder, node, element)
        equal, unequal = builder.new_block("equal"), builder.new_block("unequal")
        builder.branch(comparisons.compare(builder, node, ast.Eq(), left, value), equal, unequal)
        builder.start(equal)
        builder.emit(op.Assign(target, op.Constant(True, ir.BOOL)))
        builder.jump(after)
        builder.start(unequal)

    iteration.produce(builder, other, consume, after)
    builder.start(after)
    return target

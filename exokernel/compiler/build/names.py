"""What names and build-time values mean where a builder stands; it builds no expression.

A leaf, so that all that build may use it.
"""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Value
from exokernel.compiler.check import annotation, types
from exokernel.compiler.check.declarations import ClassDeclaration, Declaration, Known
from exokernel.compiler.check.types import lowered
from exokernel.compiler.diagnostics import nearest
from exokernel.compiler.ir import operations as op


def is_local(builder: FunctionBuilder, node: ast.expr) -> bool:
    """Whether a name is one of the function's own."""
    return isinstance(node, ast.Name) and node.id in builder.frame.assigned


def meaning(builder: FunctionBuilder, node: ast.expr) -> Declaration | None:
    """The declaration a dotted name stands for, unless it begins with a local name."""
    root = node
    while isinstance(root, (ast.Attribute, ast.Subscript)):
        root = root.value
    if not isinstance(root, ast.Name) or is_local(builder, root):
        return None
    return builder.frame.scope.meaning(node)


def near(owner: ClassDeclaration | None, attr: str) -> str:
    """A hint that names what may have been meant."""
    if owner is None:
        return "records, words, enumerations and named tuples have names after a dot"
    known = [*owner.functions]
    for fields in (getattr(owner, "fields", None), getattr(owner, "members", None)):
        known.extend(fields or ())
    return nearest(attr, known, f"it has {', '.join(known) or 'nothing after a dot'}")


def of_known(builder: FunctionBuilder, known: Known) -> Value:
    """A build-time value as an operand."""
    if isinstance(known.type, types.Tuple):
        items = tuple(of_known(builder, each).operand for each in known.items())
        target = builder.temporary_of(lowered(known.type))
        builder.emit(op.MakeTuple(target, items))
        return Value(known.type, target)
    assert isinstance(known.value, (int, bool, str, bytes)) or known.value is None
    value = int(known.value) if isinstance(known.value, int) and known.type != types.BOOL else known.value
    return Value(types.value_of(known.type), op.Constant(value, lowered(known.type)))


def context(builder: FunctionBuilder) -> annotation.Context:
    """How annotations are read where the builder stands."""
    frame = builder.frame
    return annotation.Context(frame.scope, frame.bindings, frame.owner)

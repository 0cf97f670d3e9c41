"""Searches: membership in arrays and bytes, as loops."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Value
from exokernel.compiler.ir import operations as op


def member(builder: FunctionBuilder, node: ast.expr, left: Value, right: Value) -> op.Operand:
    raise builder.error("membership is not built yet", node)

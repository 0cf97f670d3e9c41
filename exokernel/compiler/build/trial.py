"""The type of an expression, found by building it where nothing comes of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op

if TYPE_CHECKING:
    from exokernel.compiler.build.function import FunctionBuilder


def type_of(builder: FunctionBuilder, node: ast.expr) -> Type:
    """Build `node` into blocks that are dropped, and tell its type."""
    function = builder.function
    saved = (builder.block, builder.live, function.blocks, dict(function.slots), list(function.locals))
    calls, escapes, variables = len(builder.calls), len(builder.escapes), dict(builder.frame.variables)
    function.blocks = []
    builder.block, builder.live = op.Block("trial"), True
    try:
        return builder.expression(node).type
    finally:
        builder.block, builder.live, function.blocks, function.slots, function.locals = saved
        del builder.calls[calls:], builder.escapes[escapes:]
        builder.frame.variables = variables

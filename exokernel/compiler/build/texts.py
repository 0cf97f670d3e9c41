"""Strings and bytes."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Result, Value


def method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute, receiver: Value) -> Result:
    raise builder.error("methods of text are not built yet", node)

"""Lists: local, of bounded capacity, in the function's own frame."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Result
from exokernel.compiler.check import types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op


def makes_list(builder: FunctionBuilder, node: ast.expr) -> bool:
    """Whether an expression makes a new list."""
    return False


def make(builder: FunctionBuilder, node: ast.expr, expected: Type | None) -> Result:
    raise builder.error("a list needs a place here", node, "give it a name, or write a tuple")


def assign(builder: FunctionBuilder, target: ast.Name, node: ast.expr, kind: types.List | None) -> None:
    raise builder.error("lists are not built yet", node)


def element(builder: FunctionBuilder, node: ast.Subscript) -> Result:
    raise builder.error("lists are not built yet", node)


def element_place(builder: FunctionBuilder, node: ast.Subscript) -> tuple[op.Place, Type]:
    raise builder.error("lists are not built yet", node)


def method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute) -> Result:
    raise builder.error("lists are not built yet", node)

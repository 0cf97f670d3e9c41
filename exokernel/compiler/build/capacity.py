"""How many items may be appended to a list: the product of the loops around each `append`."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.statics import storage_of
from exokernel.compiler.check import constants
from exokernel.compiler.check.declarations import StaticDeclaration
from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.ir import types as ir


def appended(builder: FunctionBuilder, name: str) -> int | None:
    """At most so many appends to the list of this name; None when there is no bound."""
    return _in_statements(builder, name, builder.frame.declaration.syntax.body)


def _in_statements(builder: FunctionBuilder, name: str, body: list[ast.stmt]) -> int | None:
    total = 0
    for statement in body:
        count = _in_statement(builder, name, statement)
        if count is None:
            return None
        total += count
    return total


def _in_statement(builder: FunctionBuilder, name: str, node: ast.stmt) -> int | None:
    if not _appends(node, name):
        return 0
    match node:
        case ast.For():
            inner = _in_statements(builder, name, [*node.body])
            after = _in_statements(builder, name, node.orelse)
            times = _times(builder, node.iter)
            return None if inner is None or after is None or times is None else inner * times + after
        case ast.While():
            return None
        case _:
            total = 0
            for each in ast.iter_child_nodes(node):
                count = _in_node(builder, name, each)
                if count is None:
                    return None
                total += count
            return total + _is_append(node, name)


def _in_node(builder: FunctionBuilder, name: str, node: ast.AST) -> int | None:
    if isinstance(node, ast.stmt):
        return _in_statement(builder, name, node)
    if isinstance(node, (ast.ListComp, ast.GeneratorExp)) and _appends(node, name):
        return None
    total = _is_append(node, name)
    for each in ast.iter_child_nodes(node):
        count = _in_node(builder, name, each)
        if count is None:
            return None
        total += count
    return total


def _appends(node: ast.AST, name: str) -> bool:
    return any(_is_append(each, name) for each in ast.walk(node))


def _is_append(node: ast.AST, name: str) -> int:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=found), attr="append")) if found == name:
            return 1
        case _:
            return 0


def _times(builder: FunctionBuilder, node: ast.expr) -> int | None:
    """How often a loop over `node` runs, if that is known from the source alone."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return len(node.elts)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("enumerate", "zip", "reversed") and node.args:
        return min((times for each in node.args[:2] if (times := _times(builder, each)) is not None), default=None)
    found = builder.frame.scope.meaning(node)
    if isinstance(found, StaticDeclaration):
        storage = storage_of(found)
        return storage.length if isinstance(storage, ir.Run) else None
    try:
        return len(constants.evaluate(builder.frame.scope, node).items())
    except (CompileError, AssertionError):
        return None

"""Statements that are neither assignments, loops, exceptions nor matches."""

from __future__ import annotations

import ast

from exokernel.compiler.build import conditions, inlining
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import statement
from exokernel.compiler.check import functions, types
from exokernel.compiler.ir import operations as op


@statement(ast.Pass)
def pass_(builder: FunctionBuilder, node: ast.Pass) -> None:
    """Nothing."""


@statement(ast.Expr)
def expression(builder: FunctionBuilder, node: ast.Expr) -> None:
    if isinstance(node.value, ast.Constant):
        return
    if isinstance(node.value, ast.Yield):
        inlining.yield_(builder, node.value)
        return
    if not isinstance(node.value, (ast.Call, ast.ListComp, ast.Await, ast.YieldFrom)):
        raise builder.error("this value is computed and then dropped", node, "assign it, or call something")
    builder.expression(node.value)


@statement(ast.Return)
def return_(builder: FunctionBuilder, node: ast.Return) -> None:
    frame = builder.frame
    if frame.end is not None:
        if node.value is not None:
            raise builder.error("a generator returns nothing", node, "write `return` alone, or yield the value")
        if "manager" in functions.traits(frame.declaration):
            raise builder.error("a context manager runs to its end", node, "put the rest under an `if`")
        builder.leave_to(frame.depth)
        builder.jump(frame.end)
        return
    if node.value is None or frame.result == types.NONE:
        if frame.result != types.NONE:
            raise builder.error(f"this function returns `{frame.result}`", node, "return a value of that type")
        if node.value is not None:
            value = builder.value(node.value)
            if value.type != types.NONE:
                raise builder.error("this function returns nothing", node.value, "its annotation says `-> None`")
        builder.leave_to(0)
        builder.at(node)
        builder.end(op.Return())
        return
    result = builder.coerce(builder.value(node.value, frame.result), frame.result, node.value, "the result")
    if builder.controls and isinstance(result, op.Local) and not result.name[0].isdigit():
        saved = builder.temporary_of(result.type)
        builder.emit(op.Assign(saved, result))
        result = saved
    builder.leave_to(0)
    builder.at(node)
    builder.end(op.Return(result))


@statement(ast.If)
def if_(builder: FunctionBuilder, node: ast.If) -> None:
    then, after = builder.new_block("then"), builder.new_block("endif")
    otherwise = builder.new_block("else") if node.orelse else after
    conditions.branch(builder, node.test, then, otherwise)
    builder.start(then)
    builder.statements(node.body)
    builder.jump(after)
    if node.orelse:
        builder.start(otherwise)
        builder.statements(node.orelse)
        builder.jump(after)
    builder.start(after)


@statement(ast.Assert)
def assert_(builder: FunctionBuilder, node: ast.Assert) -> None:
    """Fault unless the condition holds; what it tests is known afterwards."""
    held, failed = builder.new_block("held"), builder.new_block("failed")
    conditions.branch(builder, node.test, held, failed)
    builder.start(failed)
    builder.at(node)
    builder.end(op.Stop(op.Fault.ASSERTION))
    builder.start(held)


@statement(ast.Break)
def break_(builder: FunctionBuilder, node: ast.Break) -> None:
    found = builder.loop()
    assert found is not None
    builder.leave_to(found[0].outside)
    builder.jump(found[0].broken)


@statement(ast.Continue)
def continue_(builder: FunctionBuilder, node: ast.Continue) -> None:
    found = builder.loop()
    assert found is not None
    builder.leave_to(found[1])
    builder.jump(found[0].continued)

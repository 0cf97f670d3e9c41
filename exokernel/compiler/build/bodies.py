"""The body of one function: its shell, its parameters, and how it ends."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exokernel.compiler.build import gates, machine
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Frame, Variable
from exokernel.compiler.check import functions, types
from exokernel.compiler.check.declarations import FunctionDeclaration, Signature
from exokernel.compiler.check.types import lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance, ProgramBuilder

MARKS = ("interrupt", "cold", "inline", "never_inline")


def shell(name: str, declaration: FunctionDeclaration, signature: Signature) -> op.Function:
    """The function without its body: enough for others to call it."""
    scope, syntax = declaration.scope, declaration.syntax
    traits = functions.traits(declaration)
    attributes = {mark: "" for mark in MARKS if mark in traits}
    if "exported" in traits:
        given = traits["exported"]
        attributes["exported"] = str(given[0].value) if given else syntax.name
    if signature.result == types.NEVER:
        attributes["noreturn"] = ""
    if "section" in traits:
        attributes["section"] = str(traits["section"][0].value)
    return op.Function(
        name,
        [op.Local(each.name, lowered(each.type)) for each in signature.parameters],
        lowered(signature.result),
        frozenset(),
        [],
        attributes=attributes,
        location=op.Location(scope.module.display, syntax.lineno, syntax.col_offset + 1),
    )


def build(program: ProgramBuilder, instance: Instance) -> None:
    """Build the body of an instance.

    Raises:
        CompileError: the function as a whole is refused; refusals of statements are collected.
    """
    declaration, signature, function = instance.declaration, instance.signature, instance.function
    traits = functions.traits(declaration)
    if "naked" in traits:
        function.attributes["naked"] = machine.naked_text(declaration)
        return
    frame = Frame(
        declaration,
        declaration.scope,
        instance.bindings,
        instance.owner,
        signature.result,
        assigned=functions.assigned_names(declaration),
    )
    builder = program.current = FunctionBuilder(program, instance, function, frame)
    for parameter, local in zip(signature.parameters, function.parameters):
        frame.variables[parameter.name] = Variable(parameter.type, builder.parameter(local))
    if "system_call" in traits:
        gates.trap(builder, instance)
    else:
        if declaration.yielding:
            hint = "let a function that loops over it be the entry"
            raise declaration.scope.error("a generator is consumed by `for` or `with`, not called", declaration.syntax, hint)
        builder.statements(_without_docstring(declaration.syntax.body))
        _finish(builder, declaration)
    instance.adopt(builder)


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.value.value is not None:
        return body[1:]
    return body


def _finish(builder: FunctionBuilder, declaration: FunctionDeclaration) -> None:
    """End the last block: nothing more to do, or a value is missing."""
    if not builder.live:
        return
    if builder.function.result == ir.NONE and builder.frame.result == types.NONE:
        builder.end(op.Return())
    else:
        builder.at(declaration.syntax)
        builder.falls_off = op.Stop(op.Fault.UNREACHABLE)
        builder.end(builder.falls_off)

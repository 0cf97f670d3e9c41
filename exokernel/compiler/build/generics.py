"""Type variables: what they stand for in one call, found by comparing parameters with arguments."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from exokernel.compiler.build.names import context
from exokernel.compiler.build.trial import type_of
from exokernel.compiler.check import annotation, functions, types
from exokernel.compiler.check.declarations import FunctionDeclaration, Intrinsic, NameType, RecordClass
from exokernel.compiler.check.types import Type

if TYPE_CHECKING:
    from exokernel.compiler.build.function import FunctionBuilder
    from exokernel.compiler.build.values import Value


def infer(
    builder: FunctionBuilder,
    node: ast.expr,
    function: FunctionDeclaration,
    arguments: list[ast.expr],
    keywords: list[ast.keyword],
    receiver: Value | None,
) -> Mapping[str, Type]:
    """What the type variables of a function stand for in this call."""
    variables = functions.type_variables(function)
    if isinstance(function.owner, RecordClass):
        variables -= set(function.owner.bindings)
    parameters = [*function.syntax.args.posonlyargs, *function.syntax.args.args]
    if receiver is not None:
        parameters = parameters[1:]
    by_name = {each.arg: each for each in [*parameters, *function.syntax.args.kwonlyargs]}
    pairs = [(each.annotation, given) for each, given in zip(parameters, arguments)]
    pairs += [(by_name[each.arg].annotation, each.value) for each in keywords if each.arg in by_name]
    found: dict[str, Type] = {}
    for note, given in pairs:
        if note is not None and any(isinstance(each, ast.Name) and each.id in variables for each in ast.walk(note)):
            _match(builder, function, note, _type_of(builder, given, note), found)
    missing = sorted(variables - set(found))
    if missing:
        raise builder.error(f"nothing here says what `{missing[0]}` is", node, "pass an argument whose type has it, or annotate")
    return found


def _type_of(builder: FunctionBuilder, node: ast.expr, note: ast.expr) -> Type:
    """The type of an argument, without building it."""
    if isinstance(note, ast.Subscript) and isinstance(note.value, ast.Name) and note.value.id == "type":
        return annotation.resolve(context(builder), node)
    return type_of(builder, node)


def _match(
    builder: FunctionBuilder, function: FunctionDeclaration, note: ast.expr, given: Type, found: dict[str, Type]
) -> None:
    """Bind the variables of an annotation by a type that it should mean."""
    scope = function.scope
    if isinstance(note, ast.BinOp):
        for side in (note.left, note.right):
            if not (isinstance(side, ast.Constant) and side.value is None):
                inner: Type = given.record if isinstance(given, types.Optional) else given
                _match(builder, function, side, inner, found)
    elif isinstance(note, ast.Name):
        declared = scope.lookup(note.id)
        if isinstance(declared, NameType) and declared.kind == "variable":
            found.setdefault(note.id, given)
    elif isinstance(note, ast.Subscript):
        parts = list(note.slice.elts) if isinstance(note.slice, ast.Tuple) else [note.slice]
        for part, inner in zip(parts, _arguments(scope.meaning(note.value), given)):
            _match(builder, function, part, inner, found)


def _arguments(head: object, given: Type) -> list[Type]:
    match given:
        case types.Array(element):
            return [element]
        case types.Tuple(items):
            return list(items)
        case types.Record(declaration) if declaration.generic is not None:
            return list(declaration.bindings.values())
        case _ if head == Intrinsic("builtins.type"):
            return [given]
        case _:
            return []

"""Calls at build time: of intrinsics, classes, methods and plain functions."""

from __future__ import annotations

import ast

from exokernel.compiler.check import annotation, classes, intrinsic_values, types
from exokernel.compiler.check.constants import Evaluator, known, known_enum
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    Declaration,
    EnumClass,
    FunctionDeclaration,
    Intrinsic,
    Known,
    NameType,
    TupleClass,
    WordClass,
)
from exokernel.compiler.check.layout import size_of
from exokernel.compiler.check.types import Type
from exokernel.compiler.diagnostics import nearest

SIZE_OF, OFFSET_OF = Intrinsic("dialect.size_of"), Intrinsic("dialect.offset_of")


def call(evaluator: Evaluator, node: ast.Call) -> Known:
    """The result of a call at build time."""
    found = evaluator.scope.meaning(node.func)
    if found is None and isinstance(node.func, ast.Attribute):
        return _method(evaluator, node, node.func)
    if found == SIZE_OF or found == OFFSET_OF:
        return _measured(evaluator, node, found == OFFSET_OF)
    if any(isinstance(each, ast.Starred) for each in node.args) or any(each.arg is None for each in node.keywords):
        raise evaluator.error(node, "there are no starred arguments", "write them out one by one")
    return apply(evaluator, node, found, *_arguments(evaluator, node))


def _arguments(evaluator: Evaluator, node: ast.Call) -> tuple[list[Known], dict[str, Known]]:
    arguments = [evaluator.value(each) for each in node.args]
    return arguments, {each.arg: evaluator.value(each.value) for each in node.keywords if each.arg is not None}


def _measured(evaluator: Evaluator, node: ast.Call, offset: bool) -> Known:
    """`size_of(T)`, `offset_of(R, "field")`."""
    kind = annotation.resolve(annotation.Context(evaluator.scope), node.args[0])
    if not offset:
        return known(size_of(kind)[0])
    if not isinstance(kind, types.Record):
        hint = "write `offset_of(Thing, \"field\")`"
        raise evaluator.error(node, "`offset_of` takes a record class and the name of a field", hint)
    return known(classes.layout(kind.declaration).fields[str(evaluator.value(node.args[1]).value)].offset)


def apply(
    evaluator: Evaluator, node: ast.expr, found: Declaration | None, arguments: list[Known], named: dict[str, Known]
) -> Known:
    """Call a declaration with known arguments."""
    match found:
        case Intrinsic(name):
            result = intrinsic_values.call(name, arguments, named)
            if result is not None:
                return known(result)
        case NameType(kind="new"):
            wanted = annotation.of_name(annotation.Context(evaluator.scope), node, found)
            return Known(wanted, arguments[0].integer())
        case EnumClass():
            number = arguments[0].integer()
            if not found.flags and number not in classes.enum_members(found).values():
                raise ValueError(f"{number} is no {found.short}")
            return known_enum(found, number)
        case WordClass():
            return word(evaluator, node, found, 0, named)
        case TupleClass():
            return _named_tuple(evaluator, node, found, arguments, named)
        case FunctionDeclaration():
            from exokernel.compiler.check.interpreter import call as interpret

            return interpret(evaluator, node, found, arguments, named)
    raise evaluator.error(node)


def word(evaluator: Evaluator, node: ast.expr, declared: WordClass, raw: int, named: dict[str, Known]) -> Known:
    """A word with some fields set."""
    fields = classes.word_fields(declared)
    for name, given in named.items():
        if name not in fields:
            hint = nearest(name, fields, "it has " + ", ".join(fields))
            raise evaluator.error(node, f"`{declared.short}` has no field `{name}`", hint)
        field, number = fields[name], given.integer()
        if not types.accepts(field.type, given.type):
            hint = f"write a value of type `{field.type}`"
            raise evaluator.error(node, f"`{name}` is {field.type}, not {given.type}", hint)
        if not 0 <= number < 1 << field.size:
            hint = f"the largest that does is {(1 << field.size) - 1:#x}"
            raise evaluator.error(node, f"{name}={number:#x} does not fit its {field.size} bits", hint)
        raw = raw & ~(((1 << field.size) - 1) << field.low) | number << field.low
    return Known(types.Word(declared), raw)


def _named_tuple(
    evaluator: Evaluator, node: ast.expr, declared: TupleClass, arguments: list[Known], named: dict[str, Known]
) -> Known:
    kind = classes.tuple_type(declared)
    assert declared.fields is not None
    given = dict(zip(declared.fields, arguments)) | named
    for name, field in declared.fields.items():
        if name not in given:
            if field.default is None:
                raise evaluator.error(node, f"`{name}` is missing", f"add `{name}=...`")
            given[name] = classes.default_value(declared, field.default)
    return Known(kind, tuple(given[name] for name in declared.fields))


def _method(evaluator: Evaluator, node: ast.Call, function: ast.Attribute) -> Known:
    """A method of a value, or `Word.of`."""
    arguments, named = _arguments(evaluator, node)
    is_local = isinstance(function.value, ast.Name) and function.value.id in evaluator.local
    holder = None if is_local else evaluator.scope.meaning(function.value)
    if isinstance(holder, WordClass) and function.attr == "of":
        return Known(types.Word(holder), arguments[0].integer() & (1 << holder.width) - 1)
    receiver = evaluator.value(function.value)
    if isinstance(receiver.type, types.Word) and function.attr == "replace":
        return word(evaluator, node, receiver.type.declaration, receiver.integer(), named)
    if isinstance(receiver.type, types.Word) and function.attr in ("joined", "without"):
        (other,) = (each.integer() for each in arguments if each.type == receiver.type)
        bits = receiver.integer() & ~other if function.attr == "without" else receiver.integer() | other
        return Known(receiver.type, bits)
    declared = _class_of(receiver.type)
    if declared is not None and function.attr in declared.functions:
        return apply(evaluator, node, declared.functions[function.attr], [receiver, *arguments], named)
    result = intrinsic_values.method(receiver, function.attr, arguments)
    if result is None:
        raise evaluator.error(node)
    return known(result)


def _class_of(type: Type) -> ClassDeclaration | None:
    match type:
        case types.Word(declared) | types.Enum(declared):
            return declared
        case types.Tuple(_, declaration):
            return declaration
        case _:
            return None

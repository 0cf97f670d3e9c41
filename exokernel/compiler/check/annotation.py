"""Annotations to types. Says what an annotation means, not whether a value has that type."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exokernel.compiler.check import classes, constants, types
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    Declaration,
    EnumClass,
    Intrinsic,
    NameType,
    RecordClass,
    TupleClass,
    WordClass,
)
from exokernel.compiler.check.types import Int, Type
from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope

SIMPLE: dict[str, Type] = {
    "builtins.int": types.INT,
    "builtins.bool": types.BOOL,
    "builtins.str": types.TEXT,
    "builtins.bytes": types.OCTETS,
    "builtins.None": types.NONE,
    "typing.NoReturn": types.NEVER,
    "typing.Never": types.NEVER,
    **{f"dialect.u{bits}": Int("", ir.Cell(bits)) for bits in (8, 16, 32, 64)},
    **{f"dialect.i{bits}": Int("", ir.Cell(bits, signed=True)) for bits in (8, 16, 32, 64)},
}

ADVICE = {
    "builtins.float": "the dialect has no floating point; scale integers instead",
    "builtins.dict": "use an array of records, searched or indexed",
    "builtins.set": "use Flags, or an array of bools",
    "builtins.object": "name the type",
    "typing.Any": "name the type",
    "typing.Callable": "functions are not values; call the one you mean",
    "builtins.memoryview": "use Array[u8]",
    "builtins.bytearray": "use Array[u8]",
}

A_TYPE = "write a type, such as `int`, `u8`, `bytes` or the name of a class"


@dataclass(frozen=True)
class Context:
    """Where an annotation stands: its module, the types its variables stand for, its class."""

    scope: Scope
    bindings: Mapping[str, Type] = field(default_factory=dict)
    owner: ClassDeclaration | None = None


def resolve(context: Context, node: ast.expr) -> Type:
    """The type an annotation means.

    Raises:
        CompileError: it means none that the dialect has.
    """
    match node:
        case ast.Constant(value=None):
            return types.NONE
        case ast.Constant(value=str(text)):
            try:
                inner = ast.parse(text, mode="eval").body
            except SyntaxError:
                raise context.scope.error("this is not a type", node, A_TYPE) from None
            for each in ast.walk(inner):
                ast.copy_location(each, node)
            return resolve(context, inner)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _optional(context, node, resolve(context, left), resolve(context, right))
        case ast.Name(id=name) if name in context.bindings:
            return context.bindings[name]
        case ast.Name() | ast.Attribute():
            found = context.scope.meaning(node)
            if found is None:
                raise context.scope.undeclared(node)
            return _named(context, node, found)
        case ast.Subscript(value=value, slice=argument):
            found = context.scope.meaning(value)
            if found is None:
                raise context.scope.undeclared(value)
            return _subscripted(context, node, found, argument)
        case _:
            raise context.scope.error("this is not a type", node, A_TYPE)


def _optional(context: Context, node: ast.expr, left: Type, right: Type) -> Type:
    for one, other in ((left, right), (right, left)):
        if one == types.NONE and isinstance(other, types.Record):
            return types.Optional(other)
    raise context.scope.error(
        "only a reference to a record may be optional", node, "raise an exception, or use a value that means none"
    )


def _named(context: Context, node: ast.expr, found: Declaration) -> Type:
    match found:
        case Intrinsic(name):
            return _intrinsic(context, node, name)
        case NameType():
            return of_name(context, node, found)
        case RecordClass():
            if found.parameters:
                if context.owner is not None and getattr(context.owner, "generic", None) is found:
                    assert isinstance(context.owner, RecordClass)
                    return types.Record(context.owner)
                raise context.scope.error(f"`{found.short}` needs the types it is for", node, f"write them in brackets: `{found.short}[int]`")
            return types.Record(found)
        case WordClass():
            return types.Word(found)
        case EnumClass():
            return types.Enum(found)
        case TupleClass():
            return classes.tuple_type(found)
        case _:
            raise context.scope.error(f"`{ast.unparse(node)}` is not a type", node, A_TYPE)


def _intrinsic(context: Context, node: ast.expr, name: str) -> Type:
    if name in SIMPLE:
        return SIMPLE[name]
    if name == "typing.Self" and context.owner is not None:
        return of_class(context.owner)
    if name == "dialect.Answer":
        return types.Tuple((types.INT, types.INT))
    short = name.rpartition(".")[2]
    raise context.scope.error(
        f"`{short}` is no type of the dialect", node, ADVICE.get(name, "see docs/reference/dialect.md")
    )


def of_class(declared: ClassDeclaration) -> Type:
    """The type of an instance of a class."""
    match declared:
        case RecordClass():
            return types.Record(declared)
        case WordClass():
            return types.Word(declared)
        case EnumClass():
            return types.Enum(declared)
        case TupleClass():
            return classes.tuple_type(declared)
        case _:
            hint = "methods belong to records, words, enumerations and named tuples"
            raise declared.scope.error(f"`{declared.short}` is not the type of a value", declared.node, hint)


def of_name(context: Context, node: ast.expr, declared: NameType) -> Type:
    """The type that a NewType or an alias stands for."""
    value = declared.value
    assert value is not None
    if declared.kind == "variable":
        hint = "only generic functions and classes use it"
        raise context.scope.error(f"`{declared.short}` is a type variable, and nothing here says of what", node, hint)
    inner = Context(declared.scope)
    if declared.kind == "alias":
        return resolve(inner, value)
    assert isinstance(value, ast.Call) and len(value.args) == 2
    base = resolve(inner, value.args[1])
    if not isinstance(base, Int):
        hint = f"write `{declared.short} = NewType(\"{declared.short}\", int)`"
        raise declared.scope.error("a NewType is a name for numbers: of `int`", value.args[1], hint)
    return Int(declared.name, base.cell)


def _subscripted(context: Context, node: ast.Subscript, found: Declaration, argument: ast.expr) -> Type:
    arguments = list(argument.elts) if isinstance(argument, ast.Tuple) else [argument]
    if isinstance(found, RecordClass):
        if len(arguments) != len(found.parameters):
            hint = f"one for each of {', '.join(found.parameters)}"
            raise context.scope.error(f"`{found.short}` takes {len(found.parameters)} types", node, hint)
        given = tuple(resolve(context, each) for each in arguments)
        return types.Record(classes.instance(found, given))
    name = found.name if isinstance(found, Intrinsic) else ""
    match name:
        case "dialect.Array":
            return types.Array(_element(context, arguments[0]))
        case "builtins.tuple":
            return _tuple(context, node, arguments)
        case "builtins.list":
            return types.List(resolve(context, arguments[0]))
        case "typing.Annotated":
            return _annotated(context, node, arguments)
        case "typing.Optional":
            return _optional(context, node, resolve(context, arguments[0]), types.NONE)
        case "typing.Final" | "typing.ClassVar":
            return resolve(context, arguments[0])
    if isinstance(found, NameType) or name in SIMPLE:
        hint = "leave the brackets out"
        raise context.scope.error(f"`{ast.unparse(node.value)}` takes no types", node, hint)
    raise context.scope.error(
        f"`{ast.unparse(node)}` is no type of the dialect", node, ADVICE.get(name, "see docs/reference/dialect.md")
    )


def _element(context: Context, node: ast.expr) -> Type:
    """A type of which there are arrays."""
    found = resolve(context, node)
    try:
        types.storage(found)
    except TypeError as error:
        raise context.scope.error(str(error), node, types.STORED) from None
    return found


def _tuple(context: Context, node: ast.expr, arguments: list[ast.expr]) -> Type:
    if any(isinstance(each, ast.Constant) and each.value is ... for each in arguments):
        raise context.scope.error("the length of a tuple is part of its type", node, "use an Array for many")
    return types.Tuple(tuple(types.value_of(resolve(context, each)) for each in arguments))


def _annotated(context: Context, node: ast.expr, arguments: list[ast.expr]) -> Type:
    base, note = resolve(context, arguments[0]), arguments[1]
    if isinstance(note, ast.Call) and context.scope.meaning(note.func) == Intrinsic("dialect.Width"):
        bits = constants.integer(context.scope, note.args[0])
        signed = len(note.args) > 1 or any(each.arg == "signed" for each in note.keywords)
        if isinstance(base, Int) and bits in (8, 16, 32, 64):
            return Int(base.name, ir.Cell(bits, signed))
    raise context.scope.error("this annotation says nothing the compiler knows", node, "Width(8), 16, 32 or 64")

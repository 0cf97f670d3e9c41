"""Names, literals, attributes and choices."""

from __future__ import annotations

import ast

from exokernel.compiler.build import assignment, calls, conditions, lists, places, tuples
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning, near, of_known
from exokernel.compiler.build.refusals import ERASED
from exokernel.compiler.build.registry import expression
from exokernel.compiler.build.statics import storage_of, type_of
from exokernel.compiler.build.values import Located, Result, Value
from exokernel.compiler.check import classes, constants, types
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    ConstantDeclaration,
    Declaration,
    EnumClass,
    Erased,
    FunctionDeclaration,
    Intrinsic,
    StaticDeclaration,
)
from exokernel.compiler.check.functions import traits
from exokernel.compiler.check.types import Type, lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.parse.modules import Module


@expression(ast.Constant)
def constant(builder: FunctionBuilder, node: ast.Constant, expected: Type | None) -> Result:
    if node.value is None:
        if isinstance(expected, types.Optional):
            return Value(types.NONE, op.Constant(None, lowered(expected)))
        return Value(types.NONE, op.Constant(None, lowered(types.NONE)))
    if isinstance(node.value, (float, complex)):
        raise builder.error("there is no floating point", node, "scale integers instead")
    if node.value is ...:
        raise builder.error("`...` has no meaning here", node, "write the value; an empty body is `pass`")
    return of_known(builder, constants.known(node.value))


@expression(ast.Name)
def name(builder: FunctionBuilder, node: ast.Name, expected: Type | None) -> Result:
    variable = builder.frame.variables.get(node.id)
    if variable is not None:
        return Value(variable.type, variable.local)
    if node.id in builder.frame.assigned:
        if node.id in builder.frame.poisoned:
            hint = "what is refused above would have given it one: correct that first"
            refused = builder.error(f"`{node.id}` could not be given a value", node, hint)
            refused.follows = True
            raise refused
        raise builder.error(f"`{node.id}` is used before it has a value", node, "give it one on every way that leads here")
    found = builder.frame.scope.lookup(node.id)
    if found is None:
        raise builder.frame.scope.undeclared(node, [*builder.frame.assigned, *builder.frame.variables])
    return declared(builder, node, found)


def declared(builder: FunctionBuilder, node: ast.expr, found: Declaration) -> Result:
    """The value of a name of a module."""
    match found:
        case ConstantDeclaration():
            return of_known(builder, constants.constant_value(found))
        case StaticDeclaration():
            place = op.Place(builder.program.static(found), (), storage_of(found))
            return Located(type_of(found), place)
        case Erased(erased):
            raise builder.error(f"`{erased}` exists only under CPython", node, ERASED)
        case FunctionDeclaration():
            raise builder.error("functions are not values", node, "call it here")
        case Module():
            raise builder.error("a module is not a value", node, "name what it declares: `module.name`")
        case Intrinsic("typing.TYPE_CHECKING"):
            return Value(types.BOOL, op.Constant(False, lowered(types.BOOL)))
        case _:
            hint = "a class is called to make a value, and only names something in an annotation"
            raise builder.error(f"`{ast.unparse(node)}` is not a value", node, hint)


@expression(ast.Attribute)
def attribute(builder: FunctionBuilder, node: ast.Attribute, expected: Type | None) -> Result:
    found = meaning(builder, node.value)
    if found is None:
        return member(builder, node, builder.expression(node.value))
    if isinstance(found, Module):
        inner = builder.frame.scope.member(found, node.attr)
        if inner is None:
            raise builder.frame.scope.not_in_module(found.name, node.attr, node)
        return declared(builder, node, inner)
    if isinstance(found, ClassDeclaration):
        return class_member(builder, node, found)
    return member(builder, node, builder.expression(node.value))


def class_member(builder: FunctionBuilder, node: ast.Attribute, found: ClassDeclaration) -> Value:
    """A member of an enumeration, or a class constant."""
    if isinstance(found, EnumClass):
        members = classes.enum_members(found)
        if node.attr in members:
            return of_known(builder, constants.known_enum(found, members[node.attr]))
    known = classes.class_constant(found, node.attr)
    if known is not None:
        return of_known(builder, constants.constant_value(known))
    raise builder.error(f"`{found.short}` has no member `{node.attr}`", node, near(found, node.attr))


def member(builder: FunctionBuilder, node: ast.Attribute, base: Result) -> Result:
    """A field or property of a value."""
    holder, attr = base.type, node.attr
    builder.at(node)
    match holder:
        case types.Record(declaration) | types.Optional(types.Record(declaration)):
            if attr in classes.record_fields(declaration):
                return places.field(builder, base, declaration, attr)
        case types.Word(declaration):
            if attr in classes.word_fields(declaration):
                return places.word_field(builder, builder.materialise(base), declaration, attr)
        case types.Tuple():
            item = tuples.named_item(builder, builder.materialise(base), attr)
            if item is not None:
                return item
        case types.Enum() if attr == "value":
            return Value(types.INT, builder.materialise(base).operand)
    owner = calls.class_of(holder)
    if owner is not None and attr in owner.functions:
        function = owner.functions[attr]
        if "property" in traits(function):
            return calls.call_method(builder, node, builder.materialise(base), function, [], [])
        raise builder.error(f"`{attr}` is a method", node, "call it")
    known = classes.class_constant(owner, attr) if owner is not None and not isinstance(owner, EnumClass) else None
    if known is not None:
        return of_known(builder, constants.constant_value(known))
    raise builder.error(f"`{holder}` has no `{attr}`", node, near(owner, attr))


@expression(ast.IfExp)
def choice(builder: FunctionBuilder, node: ast.IfExp, expected: Type | None) -> Result:
    """`a if test else b`: only the one chosen is computed."""
    then, otherwise, after = (builder.new_block(each) for each in ("then", "else", "chosen"))
    conditions.branch(builder, node.test, then, otherwise)
    builder.start(then)
    first = builder.value(node.body, expected)
    kind = expected if expected is not None and types.accepts(expected, first.type) else first.type
    first_end = (builder.block, builder.live)
    builder.live = False
    builder.start(otherwise)
    second = builder.value(node.orelse, kind)
    kind = _common(builder, node, kind, first.type, second.type)
    target = builder.temporary(kind)
    builder.emit(op.Assign(target, builder.coerce(second, kind, node.orelse)))
    builder.jump(after)
    builder.block, builder.live = first_end
    builder.emit(op.Assign(target, builder.coerce(first, kind, node.body)))
    builder.jump(after)
    builder.start(after)
    return Value(kind, target)


def _common(builder: FunctionBuilder, node: ast.IfExp, kind: Type, first: Type, second: Type) -> Type:
    """The type both arms have: one of theirs that accepts the other's."""
    if isinstance(second, types.Optional) and types.accepts(second, first):
        return second
    if first == types.NONE and isinstance(second, types.Record):
        return types.Optional(second)
    if second == types.NONE and isinstance(first, types.Record):
        return types.Optional(first)
    for each in (kind, second):
        if types.accepts(each, first) and types.accepts(each, second):
            return each
    raise builder.error(f"one arm is `{first}`, the other `{second}`", node, "both arms of a choice have one type")


@expression(ast.Tuple)
def tuple_(builder: FunctionBuilder, node: ast.Tuple, expected: Type | None) -> Result:
    return tuples.make(builder, node, expected)


@expression(ast.NamedExpr)
def named(builder: FunctionBuilder, node: ast.NamedExpr, expected: Type | None) -> Result:
    """`(name := value)`."""
    value = builder.copy(builder.value(node.value, expected))
    assignment.assign_name(builder, node.target, value)
    return value


@expression(ast.ListComp, ast.List)
def listed(builder: FunctionBuilder, node: ast.ListComp | ast.List, expected: Type | None) -> Result:
    return lists.make(builder, node, expected)

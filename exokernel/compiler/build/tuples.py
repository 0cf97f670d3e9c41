"""Tuples and named tuples: several values at once, and constant tables of them."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning, of_known
from exokernel.compiler.build.values import Located, Result, Value
from exokernel.compiler.check import classes, constants, types
from exokernel.compiler.check.declarations import ConstantDeclaration, TupleClass
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op


def make(builder: FunctionBuilder, node: ast.Tuple, expected: Type | None) -> Value:
    """`(a, b)`."""
    wanted: tuple[Type | None, ...] = (None,) * len(node.elts)
    if isinstance(expected, types.Tuple) and len(expected.items) == len(node.elts):
        wanted = expected.items
    values = [builder.copy(builder.value(each, kind)) for each, kind in zip(node.elts, wanted)]
    items = []
    for value, kind in zip(values, wanted):
        if value.type == types.NONE and isinstance(kind, types.Optional):
            value = Value(kind, value.operand)
        items.append(value)
    return of_values(builder, node, items, types.Tuple(tuple(each.type for each in items)))


def of_values(builder: FunctionBuilder, node: ast.AST, values: list[Value], kind: types.Tuple) -> Value:
    """A tuple of values already computed."""
    for value in values:
        if isinstance(value.type, (types.Nothing, types.Never, types.List)):
            raise builder.error(f"a tuple does not hold `{value.type}`", node, "hold values, or items of the list")
    operands = tuple(builder.coerce(value, each, node) for value, each in zip(values, kind.items))
    target = builder.temporary(kind)
    builder.at(node)
    builder.emit(op.MakeTuple(target, operands))
    return Value(kind, target)


def make_named(builder: FunctionBuilder, node: ast.Call, declared: TupleClass) -> Value:
    """`Point(x, y=...)`."""
    kind = classes.tuple_type(declared)
    assert declared.fields is not None
    names, given = list(declared.fields), dict[str, Value]()
    if len(node.args) > len(names):
        raise builder.error(f"`{declared.short}` has {len(names)} fields", node, ", ".join(names))
    pairs = [*zip(names, node.args), *((each.arg, each.value) for each in node.keywords)]
    for name, argument in pairs:
        if name is None or name not in declared.fields or name in given:
            raise builder.error(f"`{declared.short}` has no field `{name}` to give here", argument, ", ".join(names))
        value = builder.copy(builder.value(argument, declared.fields[name].type))
        if not types.accepts(declared.fields[name].type, value.type):
            raise builder.mismatch(value.type, declared.fields[name].type, argument, f"field `{name}`")
        given[name] = value
    for name, field in declared.fields.items():
        if name not in given:
            if field.default is None:
                raise builder.error(f"`{declared.short}` needs `{name}`", node, f"add `{name}=...`")
            given[name] = of_known(builder, classes.default_value(declared, field.default))
    return of_values(builder, node, [given[name] for name in names], kind)


def item(builder: FunctionBuilder, value: Value, position: int) -> Value:
    """One item of a tuple."""
    assert isinstance(value.type, types.Tuple)
    kind = types.value_of(value.type.items[position])
    target = builder.temporary(kind)
    builder.emit(op.Item(target, value.operand, position))
    return Value(kind, target)


def named_item(builder: FunctionBuilder, value: Value, name: str) -> Value | None:
    """A field of a named tuple; None when it has no such field."""
    assert isinstance(value.type, types.Tuple)
    declared = value.type.declaration
    if declared is None or declared.fields is None or name not in declared.fields:
        return None
    return item(builder, value, list(declared.fields).index(name))


def subscript(builder: FunctionBuilder, node: ast.Subscript, value: Value) -> Result:
    """`tuple[i]`, with `i` known at build time."""
    assert isinstance(value.type, types.Tuple)
    index = builder.value(node.slice).operand
    if not isinstance(index, op.Constant) or not isinstance(index.value, int):
        raise builder.error("the items of a tuple are told apart at build time", node.slice, "use an Array")
    if not 0 <= index.value < len(value.type.items):
        raise builder.error(f"the tuple has {len(value.type.items)} items", node.slice, "they count from 0")
    return item(builder, value, index.value)


TABLE = 8  # items from which a constant tuple lies in memory


def table(builder: FunctionBuilder, node: ast.expr, least: int = TABLE) -> Located | None:
    """A long constant tuple of one type of scalars, as a constant array; None for anything else."""
    declared = meaning(builder, node) if isinstance(node, (ast.Name, ast.Attribute)) else None
    if not isinstance(declared, ConstantDeclaration):
        return None
    known = constants.constant_value(declared)
    if not isinstance(known.type, types.Tuple) or known.type.declaration is not None or len(known.type.items) < least:
        return None
    element = types.value_of(known.type.items[0])
    scalar = isinstance(element, (types.Int, types.Bool, types.Enum, types.Word))
    if not scalar or any(types.value_of(each) != element for each in known.type.items):
        return None
    return Located(types.Array(element), builder.program.table(declared, element, known))

"""Addresses: the intrinsics that only machine code may use."""

from __future__ import annotations

import ast

from exokernel.compiler.build import places
from exokernel.compiler.build.builtins import arguments, numbers
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import context, meaning
from exokernel.compiler.build.registry import intrinsic
from exokernel.compiler.build.values import Located, Result, Value
from exokernel.compiler.check import annotation, constants, functions, types
from exokernel.compiler.check.declarations import FunctionDeclaration
from exokernel.compiler.check.intrinsics import require_unsafe
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op


def _kind(builder: FunctionBuilder, node: ast.expr) -> Type:
    kind = annotation.resolve(context(builder), node)
    builder.program.note_type(kind)
    return kind


def _require(builder: FunctionBuilder, node: ast.Call) -> None:
    require_unsafe(builder.frame.scope, node, ast.unparse(node.func))


@intrinsic("dialect.record_at")
def record_at(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    name, address = arguments(builder, node, 2)
    kind = _kind(builder, name)
    if not isinstance(kind, types.Record):
        raise builder.error("`record_at` takes a record class", name, "write `record_at(Thing, address)`")
    (where,) = numbers(builder, [address])
    target = builder.temporary(kind)
    builder.at(node)
    builder.emit(op.AtAddress(target, where.operand))
    return Value(kind, target)


@intrinsic("dialect.array_at")
def array_at(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    name, address, count = arguments(builder, node, 3)
    kind = types.Array(_kind(builder, name))
    where, length = numbers(builder, [address, count])
    target = builder.temporary(kind)
    builder.at(node)
    builder.emit(op.AtAddress(target, where.operand, length.operand))
    return Value(kind, target)


@intrinsic("dialect.bytes_at")
def bytes_at(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    where, length = numbers(builder, arguments(builder, node, 2))
    view = builder.temporary(types.Array(types.U8))
    target = builder.temporary(types.OCTETS)
    builder.at(node)
    builder.emit(op.AtAddress(view, where.operand, length.operand))
    builder.emit(op.BytesOf(target, view))
    return Value(types.OCTETS, target)


@intrinsic("dialect.address_of")
def address_of(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    (given,) = arguments(builder, node, 1)
    result = builder.expression(given)
    target = builder.temporary(types.INT)
    builder.at(node)
    if isinstance(result, Located):
        builder.emit(op.AddressOf(target, result.place))
    elif isinstance(result.type, types.Array):
        assert isinstance(result.operand, op.Local)
        element = types.storage(result.type.element)
        builder.emit(op.AddressOf(target, op.Place(result.operand, (), element)))
    elif isinstance(result.type, (types.Record, types.Optional)):
        base, path = places.base_of(builder, result)
        record = result.type.record if isinstance(result.type, types.Optional) else result.type
        builder.emit(op.AddressOf(target, op.Place(base, path, types.storage(record))))
    else:
        raise builder.error(f"`{result.type}` is a value and has no address", given, "keep it in a field or an element")
    return Value(types.INT, target)


@intrinsic("dialect.entry_address")
def entry_address(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    (given,) = arguments(builder, node, 1)
    found = meaning(builder, given)
    if not isinstance(found, FunctionDeclaration):
        raise builder.error("`entry_address` takes a function", given, "write `entry_address(function)`, without calling it")
    if not {"exported", "naked", "interrupt"} & set(functions.traits(found)):
        sentence = "only functions that are exported, naked or an interrupt's are entered by address"
        raise builder.error(sentence, given, f"write `@exported()` above `{found.short}`")
    target = builder.temporary(types.INT)
    builder.at(node)
    builder.emit(op.SymbolAddress(target, builder.program.instance(found).name, is_function=True))
    return Value(types.INT, target)


@intrinsic("dialect.symbol_address")
def symbol_address(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    _require(builder, node)
    (given,) = arguments(builder, node, 1)
    name = constants.evaluate(builder.frame.scope, given).value
    target = builder.temporary(types.INT)
    builder.at(node)
    builder.emit(op.SymbolAddress(target, str(name)))
    return Value(types.INT, target)

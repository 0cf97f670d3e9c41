"""Strings and bytes: their methods, and turning one into the other. Both are views; neither is built."""

from __future__ import annotations

import ast

from exokernel.compiler.build import calls
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import intrinsic
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import constants, types
from exokernel.compiler.check.declarations import FunctionDeclaration
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

LIBRARY = "exokernel.compiler.library.octets"
METHODS = {"find": "find", "startswith": "starts_with", "endswith": "ends_with", "count": "count"}


def library(builder: FunctionBuilder, name: str, operands: list[op.Operand]) -> Value:
    """Call a function of the compiler's own library."""
    scope = builder.program.world.scope(LIBRARY)
    assert scope is not None
    declared = scope.lookup(name)
    assert isinstance(declared, FunctionDeclaration)
    return calls.invoke(builder, builder.program.instance(declared), operands)


def method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute, receiver: Value) -> Result:
    """`text.encode()`, and the searches of bytes."""
    if receiver.type == types.TEXT and function.attr == "encode":
        if node.args or node.keywords:
            raise builder.error("text is UTF-8, so `encode` takes no arguments", node, "write `.encode()`")
        return as_bytes(builder, receiver)
    if receiver.type == types.TEXT and function.attr in ("startswith", "endswith"):
        if len(node.args) != 1 or node.keywords:
            raise builder.error(f"`{function.attr}` takes one part to look for", node, f"write `.{function.attr}(part)`")
        part = as_bytes(builder, Value(types.TEXT, builder.coerced(node.args[0], types.TEXT)))
        whole = as_bytes(builder, receiver)
        return library(builder, METHODS[function.attr], [whole.operand, part.operand])
    if receiver.type == types.OCTETS and function.attr in METHODS and not node.keywords:
        return _search(builder, node, function.attr, builder.copy(receiver))
    known = "`encode`, `startswith`, `endswith`" if receiver.type == types.TEXT else ", ".join(METHODS)
    raise builder.error(f"`{receiver.type}` has no method `{function.attr}` here", function, f"there are {known}")


def _search(builder: FunctionBuilder, node: ast.Call, name: str, receiver: Value) -> Value:
    if not 1 <= len(node.args) <= (2 if name == "find" else 1):
        raise builder.error(f"`{name}` takes one part to look for", node, f"write `.{name}(part)`; slice to look in less")
    part = builder.copy(builder.value(node.args[0]))
    more = [builder.coerced(node.args[1], types.INT)] if len(node.args) > 1 else [op.Constant(0, ir.INT)]
    start = more if name == "find" else []
    builder.at(node)
    if types.is_number(part.type) and name in ("find", "count"):
        which = "find_octet" if name == "find" else "count_octet"
        return library(builder, which, [receiver.operand, part.operand, *start])
    if part.type != types.OCTETS:
        raise builder.mismatch(part.type, types.OCTETS, node.args[0])
    return library(builder, METHODS[name], [receiver.operand, part.operand, *start])


def as_bytes(builder: FunctionBuilder, value: Value) -> Value:
    """The bytes of a text, or those of an array of u8."""
    if isinstance(value.operand, op.Constant) and isinstance(value.operand.value, str):
        return Value(types.OCTETS, op.Constant(value.operand.value.encode(), ir.BYTES))
    target = builder.temporary(types.OCTETS)
    builder.emit(op.BytesOf(target, value.operand))
    return Value(types.OCTETS, target)


@intrinsic("builtins.bytes")
def bytes_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    """`bytes(array)`: the elements seen as bytes."""
    if len(node.args) != 1 or node.keywords:
        raise builder.error("`bytes` takes an array of u8", node, "write `bytes(array)`; a literal is `b\"...\"`")
    value = builder.value(node.args[0])
    if value.type == types.OCTETS:
        return value
    if value.type != types.Array(types.U8):
        hint = "text has `.encode()`; a literal is `b\"...\"`"
        raise builder.error(f"`bytes` takes an array of u8, not `{value.type}`", node.args[0], hint)
    builder.at(node)
    return as_bytes(builder, value)


@intrinsic("dialect.text_of")
def text_of(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    """`text_of(data)`: bytes seen as text."""
    if len(node.args) != 1 or node.keywords:
        raise builder.error("`text_of` takes bytes", node, "of an array, `text_of(bytes(a))`")
    operand = builder.coerced(node.args[0], types.OCTETS)
    target = builder.temporary(types.TEXT)
    builder.at(node)
    builder.emit(op.BytesOf(target, operand))
    return Value(types.TEXT, target)


@intrinsic("builtins.ord")
def ord_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    """`ord` of a constant character."""
    known = constants.evaluate(builder.frame.scope, node)
    return Value(types.INT, op.Constant(known.integer(), ir.INT))

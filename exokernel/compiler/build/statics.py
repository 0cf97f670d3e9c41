"""Module-level statics: their type, their storage, and the bytes they begin with."""

from __future__ import annotations

import ast

from exokernel.compiler.check import annotation, classes, constants, layout
from exokernel.compiler.check.declarations import (
    ConstantDeclaration,
    Field,
    Intrinsic,
    Known,
    RecordClass,
    StaticDeclaration,
)
from exokernel.compiler.check.intrinsics import require_unsafe
from exokernel.compiler.check.types import Array, Record, Type, accepts, storage
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


def type_of(declared: StaticDeclaration) -> Record | Array:
    """Record or array: what the name of the static refers to."""
    if declared.type is None:
        declared.type = _type_of(declared)
    assert isinstance(declared.type, (Record, Array))
    return declared.type


def _type_of(declared: StaticDeclaration) -> Type:
    context = annotation.Context(declared.scope)
    assert isinstance(declared.value, ast.Call)
    if declared.annotation is not None:
        head = declared.annotation
        if declared.scope.meaning(head) != Intrinsic("typing.Final"):
            found = annotation.resolve(context, head)
            if isinstance(found, (Record, Array)):
                return found
            raise declared.scope.error("a static is a record or an array", declared.annotation)
    made = declared.scope.meaning(declared.value.func)
    if isinstance(made, RecordClass):
        return annotation.resolve(context, declared.value.func)
    raise declared.scope.error("a static needs its type: `name: Array[T] = array(n)`", declared.node)


def storage_of(declared: StaticDeclaration) -> ir.Storage:
    """How the static is stored."""
    if declared.storage is None:
        kind = type_of(declared)
        if isinstance(kind, Record):
            declared.storage = storage(kind)
        else:
            declared.storage = ir.Run(storage(kind.element), _length(declared))
    return declared.storage


def _length(declared: StaticDeclaration) -> int:
    call = declared.value
    assert isinstance(call, ast.Call)
    placed = declared.scope.meaning(call.func) == Intrinsic("dialect.placed")
    given = call.args[1:] if placed else call.args[:1]
    if not given:
        raise declared.scope.error("an array needs its length", call)
    length = constants.integer(declared.scope, given[0])
    if length < 0:
        raise declared.scope.error(f"an array cannot have {length} elements", given[0])
    return length


def variable(declared: StaticDeclaration) -> op.StaticVariable:
    """The static as the IR has it, with its first contents."""
    call = declared.value
    assert isinstance(call, ast.Call)
    made = op.StaticVariable(declared.name, storage_of(declared))
    maker = declared.scope.meaning(call.func)
    if maker == Intrinsic("dialect.placed"):
        require_unsafe(declared.scope, call, "placed")
        where = constants.evaluate(declared.scope, call.args[0]).value
        assert isinstance(where, (int, str))
        made.address = where
    elif isinstance(maker, RecordClass):
        kind = type_of(declared)
        assert isinstance(kind, Record)
        content = bytearray(classes.layout(kind.declaration).size)
        _fill(declared, kind.declaration, content, 0, call)
        if any(content):
            made.initial = bytes(content)
    return made


def _fill(declared: StaticDeclaration, record: RecordClass, content: bytearray, base: int, call: ast.Call) -> None:
    """Write the fields of a record made by `call` into `content`."""
    given = {each.arg: each.value for each in call.keywords}
    if call.args:
        raise declared.scope.error("fields are given by name", call.args[0])
    fields = classes.record_fields(record)
    for name in given:
        if name not in fields:
            raise declared.scope.error(f"`{record.short}` has no field `{name}`", call)
    place = classes.layout(record)
    for name, field in fields.items():
        own = given.get(name)
        expression = own if own is not None else field.default
        offset = base + place.fields[name].offset
        if isinstance(field.type, Record):
            if isinstance(expression, ast.Call):
                _fill(declared, field.type.declaration, content, offset, expression)
        elif expression is not None:
            if own is not None:
                found = constants.evaluate(declared.scope, own)
            else:
                found = classes.default_value(record, expression)
            _write(declared, field, place.fields[name].storage, found, content, offset)


def _write(
    declared: StaticDeclaration, field: Field, stored: ir.Storage, found: Known, content: bytearray, offset: int
) -> None:
    scope = declared.scope
    if isinstance(stored, ir.Run):
        raise scope.error("an array field begins as zeros", declared.node)
    if not accepts(field.type, found.type):
        raise scope.error(f"field `{field.name}` is {field.type}, not {found.type}", declared.node)
    size = layout.scalar_size(stored)
    signed = isinstance(stored, ir.Cell) and stored.signed
    try:
        content[offset : offset + size] = found.integer().to_bytes(size, "little", signed=signed)
    except OverflowError:
        raise scope.error(f"{found.value} does not fit field `{field.name}`", declared.node) from None


def table(declared: ConstantDeclaration, element: Type, known: Known) -> op.StaticVariable:
    """A constant tuple of scalars laid out as an array."""
    stored = storage(element)
    size = layout.scalar_size(stored)
    content = b"".join((int(each.integer()) & (1 << 8 * size) - 1).to_bytes(size, "little") for each in known.items())
    return op.StaticVariable(declared.name, ir.Run(stored, len(known.items())), content, constant=True)

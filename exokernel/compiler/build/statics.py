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
from exokernel.compiler.check.scopes import Scope
from exokernel.compiler.check.types import Array, Record, Type, accepts, storage
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir
from exokernel.compiler.ir.extents import cell_bits

LARGEST = 1 << 30  # bytes of a static: code reaches what lies within 2 GiB of it
PLACED = Intrinsic("dialect.placed")


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
            made = annotation.resolve(context, declared.value.func) if _makes_record(declared) else found
            if not isinstance(found, (Record, Array)) or isinstance(found, Array) == _makes_record(declared):
                hint = "let the annotation be the class that is made, or `Array[T]`"
                raise declared.scope.error("a static is a record, `R(...)`, or an `Array[T]`, `array(n)`", declared.node, hint)
            if made != found:
                hint = f"annotate it so, or leave the annotation out: `{declared.short} = {made}(...)`"
                raise declared.scope.error(f"`{declared.short}` is declared {found}, but this makes {made}", declared.value, hint)
            return found
    if _makes_record(declared):
        return annotation.resolve(context, declared.value.func)
    hint = f"write `{declared.short}: Array[int] = {ast.unparse(declared.value)}`, or what else it holds"
    raise declared.scope.error("a static needs its type: `name: Array[T] = array(n)`", declared.node, hint)


def _makes_record(declared: StaticDeclaration) -> bool:
    assert isinstance(declared.value, ast.Call)
    return isinstance(declared.scope.meaning(declared.value.func), RecordClass)


def storage_of(declared: StaticDeclaration) -> ir.Storage:
    """How the static is stored."""
    if declared.storage is None:
        kind = type_of(declared)
        if isinstance(kind, Record):
            declared.storage, size = storage(kind), layout.size_of(kind)[0]
        else:
            declared.storage = ir.Run(storage(kind.element), _length(declared))
            size = layout.size_of(kind.element)[0] * declared.storage.length
        placed = isinstance(declared.value, ast.Call) and declared.scope.meaning(declared.value.func) == PLACED
        if size > LARGEST and not placed:
            sentence = f"`{declared.short}` would take {size:,} bytes; the largest static has {LARGEST:,}"
            raise declared.scope.error(sentence, declared.node, "keep less of it in memory at a time")
    return declared.storage


def _length(declared: StaticDeclaration) -> int:
    call = declared.value
    assert isinstance(call, ast.Call)
    placed = declared.scope.meaning(call.func) == PLACED
    given = call.args[1:] if placed else call.args[:1]
    if not given:
        raise declared.scope.error("an array needs its length", call, "write `array(n)`")
    length = constants.integer(declared.scope, given[0])
    if length < 0:
        raise declared.scope.error(f"an array cannot have {length} elements", given[0], "its length is 0 or more")
    return length


def variable(declared: StaticDeclaration) -> op.StaticVariable:
    """The static as the IR has it, with its first contents."""
    call = declared.value
    assert isinstance(call, ast.Call)
    made = op.StaticVariable(declared.name, storage_of(declared))
    maker = declared.scope.meaning(call.func)
    if maker == PLACED:
        require_unsafe(declared.scope, call, "placed")
        where = constants.evaluate(declared.scope, call.args[0]).value
        assert isinstance(where, (int, str))
        made.address = where
    elif isinstance(maker, RecordClass):
        kind = type_of(declared)
        assert isinstance(kind, Record)
        content = bytearray(classes.layout(kind.declaration).size)
        _fill(declared.scope, kind.declaration, content, 0, call)
        if any(content):
            made.initial = bytes(content)
    return made


def _fill(scope: Scope, record: RecordClass, content: bytearray, base: int, call: ast.Call) -> None:
    """Write the fields of a record, made by a `call` in `scope`, into `content`."""
    given = {each.arg: each.value for each in call.keywords}
    if call.args:
        hint = f"`{record.short}({next(iter(classes.record_fields(record)), '')}=...)`"
        raise scope.error("the fields of a record are given by name", call.args[0], hint)
    fields, place = classes.record_fields(record), classes.layout(record)
    for name in given:
        if name not in fields:
            raise scope.error(f"`{record.short}` has no field `{name}`", call, ", ".join(fields))
    classes.require_fields(scope, record, call)
    for name, field in fields.items():
        own = given.get(name)
        stands, expression = (scope, own) if own is not None else (record.scope, field.default)
        offset = base + place.fields[name].offset
        if isinstance(field.type, Record):
            if not isinstance(expression, ast.Call) or annotation.resolve(annotation.Context(stands), expression.func) != field.type:
                hint = f"write `{name}={field.type}(...)`, with its fields"
                raise stands.error(f"field `{name}` holds a record, which is made here", expression or call, hint)
            _fill(stands, field.type.declaration, content, offset, expression)
        elif expression is not None:
            found = constants.evaluate(scope, own) if own is not None else classes.default_value(record, expression)
            stored = place.fields[name].storage
            content[offset : offset + cell_bits(stored) // 8] = _bytes(stands, field, stored, found, expression)


def _bytes(scope: Scope, field: Field, stored: ir.Storage, found: Known, node: ast.expr) -> bytes:
    if isinstance(stored, ir.Run):
        raise scope.error("an array field begins as zeros", node, "fill it in a function")
    if not accepts(field.type, found.type):
        raise scope.error(f"field `{field.name}` is {field.type}, not {found.type}", node, f"write a value of type `{field.type}`")
    signed = isinstance(stored, ir.Cell) and stored.signed
    try:
        return found.integer().to_bytes(cell_bits(stored) // 8, "little", signed=signed)
    except OverflowError:
        hint = "give the field a wider type, or a smaller number"
        raise scope.error(f"{found.value} does not fit field `{field.name}`", node, hint) from None


def table(declared: ConstantDeclaration, element: Type, known: Known) -> op.StaticVariable:
    """A constant tuple of scalars laid out as an array."""
    stored = storage(element)
    size = cell_bits(stored) // 8
    content = b"".join((int(each.integer()) & (1 << 8 * size) - 1).to_bytes(size, "little") for each in known.items())
    return op.StaticVariable(declared.name, ir.Run(stored, len(known.items())), content, constant=True)

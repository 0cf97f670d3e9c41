"""Making records and arrays: in the function's own frame, or field by field into a place."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from exokernel.compiler.build import places
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import context, meaning, of_known
from exokernel.compiler.build.values import Located, Result, Value
from exokernel.compiler.check import annotation, classes, constants, types
from exokernel.compiler.check.declarations import Field, Intrinsic, RecordClass
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


@dataclass(frozen=True)
class Construction:
    """A record about to be made: the fields that were given, all computed."""

    record: RecordClass
    values: dict[str, Value | Construction]
    node: ast.expr


def construction(builder: FunctionBuilder, node: ast.expr) -> Construction | None:
    """Compute the arguments of `R(field=...)`; None when the node is anything else."""
    if not isinstance(node, ast.Call):
        return None
    found = meaning(builder, node.func)
    if not isinstance(found, RecordClass):
        return None
    record = _record_of(builder, node.func)
    if node.args:
        hint = f"`{record.short}({next(iter(classes.record_fields(record)), '')}=...)`"
        raise builder.error("the fields of a record are given by name", node.args[0], hint)
    fields, values = classes.record_fields(record), dict[str, Value | Construction]()
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg not in fields:
            raise builder.error(f"`{record.short}` has no field `{keyword.arg}`", keyword, ", ".join(fields))
        inner = construction(builder, keyword.value)
        kind = fields[keyword.arg].type
        if inner is not None:
            if kind != types.Record(inner.record):
                raise builder.mismatch(types.Record(inner.record), kind, keyword.value)
            values[keyword.arg] = inner
        else:
            value = builder.value(keyword.value, kind)
            _check_field(builder, fields[keyword.arg], value, keyword.value)
            values[keyword.arg] = builder.copy(value)
    classes.require_fields(builder.frame.scope, record, node)
    builder.program.record(record)
    return Construction(record, values, node)


def _check_field(builder: FunctionBuilder, field: Field, value: Value, node: ast.expr) -> None:
    if isinstance(field.type, types.Array):
        if value.type == field.type or (field.type == types.Array(types.U8) and value.type == types.OCTETS):
            return
    if not types.accepts(field.type, value.type):
        raise builder.mismatch(value.type, field.type, node, f"field `{field.name}`")


def _record_of(builder: FunctionBuilder, node: ast.expr) -> RecordClass:
    kind = annotation.resolve(context(builder), node)
    assert isinstance(kind, types.Record)
    return kind.declaration


def in_frame(builder: FunctionBuilder, made: Construction, name: str = "") -> Located:
    """A new record in the function's own frame."""
    storage = ir.Embedded(made.record.name)
    slot = builder.slot(name or made.record.short, storage)
    place = op.Place(op.Slot(slot), (), storage)
    builder.emit(op.Zero(place))
    fill(builder, place, made, fresh=True)
    return Located(types.Record(made.record), place)


def fill(builder: FunctionBuilder, place: op.Place, made: Construction, fresh: bool = False) -> None:
    """Store the fields of a record in order: those given, and the others' defaults or zero."""
    layout = classes.layout(made.record)
    for name, field in classes.record_fields(made.record).items():
        target = op.Place(place.base, (*place.path, op.FieldStep(name)), layout.fields[name].storage)
        given = made.values.get(name)
        if isinstance(given, Construction):
            fill(builder, target, given, fresh)
        elif given is not None:
            places.store(builder, target, field.type, given, made.node)
        else:
            _default(builder, target, made.record, field, fresh)


def _default(builder: FunctionBuilder, place: op.Place, record: RecordClass, field: Field, fresh: bool) -> None:
    if field.default is None:
        if not fresh:
            builder.emit(op.Zero(place))
    elif isinstance(field.type, types.Record):
        nested = _constant_record(builder, record, field)
        fill(builder, place, nested, fresh)
    else:
        known = classes.default_value(record, field.default)
        if not (fresh and known.value in (0, False)):
            places.store(builder, place, field.type, of_known(builder, known), field.node)


def _constant_record(builder: FunctionBuilder, record: RecordClass, field: Field) -> Construction:
    """The record that is the default of an embedded field."""
    assert isinstance(field.type, types.Record) and field.default is not None
    if not isinstance(field.default, ast.Call):
        hint = "write the class and its fields: `Inner(field=1)`"
        raise record.scope.error("the default of a record field makes a record", field.default, hint)
    classes.require_fields(record.scope, field.type.declaration, field.default)
    values: dict[str, Value | Construction] = {
        each.arg: of_known(builder, classes.default_value(record, each.value))
        for each in field.default.keywords
        if each.arg is not None
    }
    return Construction(field.type.declaration, values, field.default)


def array_length(builder: FunctionBuilder, node: ast.expr) -> int | None:
    """The length in `array(n)`; None when the node is anything else."""
    if isinstance(node, ast.Call) and meaning(builder, node.func) == Intrinsic("dialect.array"):
        if len(node.args) != 1:
            raise builder.error("an array needs its length", node, "write `array(n)`")
        length = constants.integer(builder.frame.scope, node.args[0])
        if length < 0:
            raise builder.error(f"an array cannot have {length} elements", node.args[0], "its length is 0 or more")
        return length
    return None


def new_array(builder: FunctionBuilder, kind: types.Array, length: int, name: str) -> Located:
    """A new array of zeros in the function's own frame."""
    builder.program.note_type(kind)
    storage = ir.Run(types.storage(kind.element), length)
    place = op.Place(op.Slot(builder.slot(name, storage)), (), storage)
    builder.emit(op.Zero(place))
    return Located(kind, place)


def make(builder: FunctionBuilder, node: ast.Call) -> Result:
    """`R(...)` as an expression of its own."""
    made = construction(builder, node)
    assert made is not None
    builder.at(node)
    return in_frame(builder, made)

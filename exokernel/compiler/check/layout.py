"""Layout of records: fields in order, each at its natural alignment, as `dialect.records` does."""

from __future__ import annotations

from exokernel.compiler.check import classes, types
from exokernel.compiler.check.declarations import Field, RecordClass
from exokernel.compiler.check.types import Array, Record, Type, storage
from exokernel.compiler.ir import types as ir
from exokernel.compiler.ir.extents import cell_bits


def lay_out(record: RecordClass) -> ir.Record:
    """Place the fields of a record."""
    made = ir.Record(record.name, device=record.device)
    for field in classes.record_fields(record).values():
        stored = field_storage(record, field)
        size, alignment = extent(record, stored, field.type)
        offset = -(-made.size // alignment) * alignment
        made.fields[field.name] = ir.Field(field.name, stored, offset)
        made.size, made.alignment = offset + size, max(made.alignment, alignment)
    made.size = -(-made.size // made.alignment) * made.alignment
    return made


def field_storage(record: RecordClass, field: Field) -> ir.Storage:
    """How a field is stored. Raises CompileError when its type has no storage."""
    try:
        if isinstance(field.type, Array):
            if field.length is None:
                raise record.scope.error("an array field needs its length", field.node, "write `= array(n)`")
            return ir.Run(storage(field.type.element), field.length)
        return storage(field.type)
    except TypeError as error:
        raise record.scope.error(
            f"field `{field.name}`: {error}",
            field.node,
            types.STORED,
        ) from None


def extent(record: RecordClass, stored: ir.Storage, type: Type) -> tuple[int, int]:
    """Size and alignment, in bytes, of a field of `record`."""
    if isinstance(stored, ir.Embedded):
        assert isinstance(type, Record)
        layout = classes.layout(type.declaration)
        return layout.size, layout.alignment
    if isinstance(stored, ir.Run):
        assert isinstance(type, Array)
        size, alignment = extent(record, stored.element, type.element)
        return size * stored.length, alignment
    size = cell_bits(stored) // 8
    return size, size


def size_of(type: Type) -> tuple[int, int]:
    """Size and alignment of a value of this type in memory."""
    if isinstance(type, Record):
        layout = classes.layout(type.declaration)
        return layout.size, layout.alignment
    size = cell_bits(storage(type)) // 8
    return size, size

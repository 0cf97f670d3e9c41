"""Memory: reading and writing fields, elements and slices.

A place is computed as far as it goes and touched once. When a later index is itself
computed by a call, the place so far is turned into a reference first, so that faults come
in the order CPython has them.
"""

from __future__ import annotations

import ast

from exokernel.compiler.build import tuples
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import expression
from exokernel.compiler.build.values import Located, Result, Value
from exokernel.compiler.check import classes, types
from exokernel.compiler.check.declarations import RecordClass, WordClass
from exokernel.compiler.check.types import Type, lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

ZERO = op.Constant(0, ir.INT)


def present(builder: FunctionBuilder, value: Value) -> Value:
    """The reference as one that is not None; that it is not is proved on the IR."""
    if not isinstance(value.type, types.Optional):
        return value
    target = builder.temporary(value.type.record)
    builder.emit(op.Assign(target, value.operand))
    return Value(value.type.record, target)


def base_of(builder: FunctionBuilder, result: Result) -> tuple[op.Static | op.Slot | op.Local, tuple[op.Step, ...]]:
    """The base and path of a record or array."""
    if isinstance(result, Located):
        return result.place.base, result.place.path
    operand = present(builder, result).operand
    if isinstance(operand, op.Constant):
        temporary = builder.temporary(result.type)
        builder.emit(op.Assign(temporary, operand))
        operand = temporary
    return operand, ()


def field_place(builder: FunctionBuilder, base: Result, record: RecordClass, name: str) -> op.Place:
    start, path = base_of(builder, base)
    builder.program.record(record)
    return op.Place(start, (*path, op.FieldStep(name)), classes.layout(record).fields[name].storage)


def field(builder: FunctionBuilder, base: Result, record: RecordClass, name: str) -> Result:
    """Read a field; a record or array within stays where it is."""
    kind = classes.record_fields(record)[name].type
    return read(builder, field_place(builder, base, record, name), kind)


def read(builder: FunctionBuilder, place: op.Place, kind: Type) -> Result:
    """What lies at a place."""
    if isinstance(kind, (types.Record, types.Array)):
        return Located(kind, place)
    target = builder.temporary(kind)
    builder.emit(op.Load(target, place))
    return Value(types.value_of(kind), target)


def word_field(builder: FunctionBuilder, base: Value, word: WordClass, name: str) -> Value:
    """The bits of one field of a word, as the field's type."""
    found = classes.word_fields(word)[name]
    kind = types.value_of(found.type)
    operand = base.operand
    if isinstance(operand, op.Constant):
        raw = int(operand.value or 0) >> found.low & (1 << found.size) - 1
        return Value(kind, op.Constant(bool(raw) if kind == types.BOOL else raw, lowered(kind)))
    if isinstance(kind, types.Word):
        number = builder.temporary(types.INT)
        builder.emit(op.Extract(number, operand, found.low, found.size))
        target = builder.temporary(kind)
        builder.emit(op.WordOf(target, number))
        return Value(kind, target)
    target = builder.temporary(kind)
    builder.emit(op.Extract(target, operand, found.low, found.size))
    return Value(kind, target)


@expression(ast.Subscript)
def subscript(builder: FunctionBuilder, node: ast.Subscript, expected: Type | None) -> Result:
    table = tuples.table(builder, node.value, 1)
    base = table if table is not None else builder.expression(node.value)
    if isinstance(node.slice, ast.Slice):
        return sliced(builder, node, base, node.slice)
    if table is not None:
        assert isinstance(table.type, types.Array)
        index = from_end(builder, number(builder, node.slice), length(builder, table))
        builder.at(node)
        place = op.Place(table.place.base, (op.IndexStep(index),), types.storage(table.type.element))
        return read(builder, place, table.type.element)
    return element(builder, node, base)


def element(builder: FunctionBuilder, node: ast.Subscript, base: Result) -> Result:
    """One element of an array, bytes, tuple or list."""
    match base.type:
        case types.Array(kind):
            return read(builder, element_place(builder, node, base, kind), kind)
        case types.Octets():
            octets = builder.materialise(base)
            index = number(builder, node.slice)
            if not isinstance(index, op.Constant):
                index = from_end(builder, index, length(builder, octets))
            target = builder.temporary(types.INT)
            builder.at(node)
            builder.emit(op.Octet(target, octets.operand, index))
            return Value(types.INT, target)
        case types.Tuple():
            return tuples.subscript(builder, node, builder.materialise(base))
        case types.List():
            from exokernel.compiler.build import lists

            return lists.element(builder, node)
        case types.Text():
            raise builder.error("a `str` has no elements", node, "take `.encode()` and index the bytes")
        case _:
            raise builder.error(f"`{base.type}` has no elements", node, "arrays, bytes, lists and tuples have")


def element_place(builder: FunctionBuilder, node: ast.Subscript, base: Result, kind: Type) -> op.Place:
    if isinstance(base, Located) and not _simple(node.slice) and checks(base.place):
        base = builder.materialise(base)
    index = number(builder, node.slice)
    builder.at(node)
    start, path = base_of(builder, base)
    return op.Place(start, (*path, op.IndexStep(index)), types.storage(kind))


def checks(place: op.Place) -> bool:
    """Whether getting to a place may fault."""
    return any(isinstance(step, op.IndexStep) for step in place.path)


def _simple(node: ast.expr) -> bool:
    """Whether computing an index has no effect but perhaps a fault."""
    return not any(isinstance(each, (ast.Call, ast.NamedExpr)) for each in ast.walk(node))


def number(builder: FunctionBuilder, node: ast.expr) -> op.Operand:
    """An index or bound: any number."""
    value = builder.value(node)
    if not types.is_number(value.type):
        raise builder.error(f"an index is a number, not `{value.type}`", node, "`int(...)` makes one of a word or a bool")
    if isinstance(value.operand, op.Constant) and int(value.operand.value or 0) < 0:
        raise builder.error("an index counts from the start: it is never negative", node, "subtract from `len(...)`")
    return value.operand


def from_end(builder: FunctionBuilder, index: op.Operand, length: op.Operand) -> op.Operand:
    """An index of a list, tuple or bytes, which in Python counts from the end when it is negative."""
    if isinstance(index, op.Constant):
        return index
    target, negative = builder.temporary(types.INT), builder.temporary(types.BOOL)
    turn, after = builder.new_block("negative"), builder.new_block("index")
    builder.emit(op.Assign(target, index))
    builder.emit(op.Compare(negative, op.Relation.LESS, index, ZERO))
    builder.branch(negative, turn, after)
    builder.start(turn)
    builder.emit(op.Binary(target, op.BinaryOperator.ADD, index, length, proved=True))
    builder.start(after)
    return target


def sliced(builder: FunctionBuilder, node: ast.Subscript, base: Result, bounds: ast.Slice) -> Value:
    """A view of some elements of an array, or some of the bytes."""
    if not isinstance(base.type, (types.Array, types.Octets)):
        hint = "take `.encode()` first" if isinstance(base.type, types.Text) else "arrays and bytes are: name the items"
        raise builder.error(f"`{base.type}` is not sliced", node, hint)
    if bounds.step is not None:
        raise builder.error("slices have no step", bounds.step, "loop over a range with that step")
    view = builder.materialise(base)
    if bounds.lower is None and bounds.upper is None:
        return view
    lower = _bound(builder, view, bounds.lower) if bounds.lower is not None else ZERO
    upper = _bound(builder, view, bounds.upper) if bounds.upper is not None else length(builder, view)
    target = builder.temporary(base.type)
    builder.at(node)
    builder.emit(op.Slice(target, view.operand, lower, upper))
    return Value(base.type, target)


def _bound(builder: FunctionBuilder, view: Value, node: ast.expr) -> op.Operand:
    """A bound of a slice. Those of bytes count from the end when negative, and stop at the start."""
    bound = number(builder, node)
    if isinstance(bound, op.Constant) or isinstance(view.type, types.Array):
        return builder.copy(Value(types.INT, bound)).operand
    turned = from_end(builder, bound, length(builder, view))
    assert isinstance(turned, op.Local)
    below = builder.temporary(types.BOOL)
    clamp, after = builder.new_block("below"), builder.new_block("bound")
    builder.emit(op.Compare(below, op.Relation.LESS, turned, ZERO))
    builder.branch(below, clamp, after)
    builder.start(clamp)
    builder.emit(op.Assign(turned, ZERO))
    builder.start(after)
    return turned


def length(builder: FunctionBuilder, result: Result) -> op.Operand:
    """How many elements an array or bytes has."""
    if isinstance(result, Located) and isinstance(result.place.storage, ir.Run):
        return op.Constant(result.place.storage.length, ir.INT)
    target = builder.temporary(types.INT)
    builder.emit(op.Length(target, builder.materialise(result).operand))
    return target


def locate(builder: FunctionBuilder, node: ast.expr) -> tuple[op.Place, Type]:
    """The place that an assignment target names.

    Raises:
        CompileError: it names none.
    """
    if isinstance(node, ast.Attribute):
        base = builder.expression(node.value)
        holder = base.type.record if isinstance(base.type, types.Optional) else base.type
        if isinstance(holder, types.Record):
            fields = classes.record_fields(holder.declaration)
            if node.attr not in fields:
                raise builder.error(f"`{holder}` has no field `{node.attr}`", node, ", ".join(fields))
            builder.at(node)
            return field_place(builder, base, holder.declaration, node.attr), fields[node.attr].type
        makers = {types.Word: f"make another: `.replace({node.attr}=...)`", types.Tuple: f"make another: `{holder}(...)`"}
        hint = makers.get(type(holder), "what is assigned to are fields of records")
        raise builder.error(f"`{holder}` is a value and cannot be assigned into", node, hint)
    assert isinstance(node, ast.Subscript)
    base = builder.expression(node.value)
    if isinstance(base.type, types.Array):
        return element_place(builder, node, base, base.type.element), base.type.element
    if isinstance(base.type, types.List):
        from exokernel.compiler.build import lists

        return lists.element_place(builder, node)
    hint = "values are made anew: words by `replace`, others by their constructor"
    raise builder.error(f"`{base.type}` is a value and cannot be assigned into", node, hint)


def store(builder: FunctionBuilder, place: op.Place, kind: Type, value: Result, node: ast.AST) -> None:
    """Write a value to a place; a record or array is copied."""
    match kind:
        case types.Record():
            source = value if isinstance(value, Located) else Value(value.type, builder.coerce(value, kind, node))
            if not types.accepts(kind, source.type):
                raise builder.mismatch(source.type, kind, node)
            start, path = base_of(builder, source)
            builder.emit(op.CopyRecord(place, op.Place(start, path, place.storage)))
        case types.Array():
            view = builder.materialise(Located(kind, place))
            copy_elements(builder, view, builder.materialise(value), node)
        case _:
            found = builder.materialise(value)
            operand = builder.coerce(found, kind, node)
            _check_fits(builder, kind, operand, node)
            builder.emit(op.Store(place, operand))


def _check_fits(builder: FunctionBuilder, kind: Type, operand: op.Operand, node: ast.AST) -> None:
    """Refuse a constant that would fault when stored."""
    if not (isinstance(operand, op.Constant) and isinstance(kind, types.Int) and isinstance(operand.value, int)):
        return
    cell = kind.cell
    low = -(1 << cell.bits - 1) if cell.signed else 0
    high = 1 << (cell.bits - 1 if cell.signed else cell.bits)
    if not low <= operand.value < high:
        hint = "use a wider type, or a Word for a pattern of bits"
        raise builder.error(f"{operand.value} does not fit {types.stored_name(kind)}", node, hint)


def copy_elements(builder: FunctionBuilder, target: Value, source: Value, node: ast.AST) -> None:
    """`target[:] = source`: the lengths must be the same."""
    same = target.type == source.type
    octets = isinstance(source.type, types.Octets) and target.type == types.Array(types.U8)
    if not (same or octets):
        hint = "element types must be the same: copy in a loop"
        raise builder.error(f"elements of `{source.type}` are not copied into `{target.type}`", node, hint)
    builder.emit(op.CopyElements(target.operand, source.operand))

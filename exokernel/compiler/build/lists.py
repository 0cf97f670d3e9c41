"""Lists: local, in the function's own frame, with a capacity the compiler can bound."""

from __future__ import annotations

import ast

from exokernel.compiler.build import capacity, iteration, places, sequences
from exokernel.compiler.build.comprehension import generated
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning
from exokernel.compiler.build.values import ListStorage, Result, Value, Variable
from exokernel.compiler.check import types
from exokernel.compiler.check.declarations import Intrinsic
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

ZERO, ONE = op.Constant(0, ir.INT), op.Constant(1, ir.INT)


def makes_list(builder: FunctionBuilder, node: ast.expr) -> bool:
    """Whether an expression makes a new list: `[...]`, `[... for ...]`, `list(...)`, `[x] * n`."""
    match node:
        case ast.List() | ast.ListComp():
            return True
        case ast.Call(func=function, args=[_]):
            return meaning(builder, function) == Intrinsic("builtins.list")
        case ast.BinOp(left=ast.List(), op=ast.Mult()):
            return True
        case _:
            return False


def make(builder: FunctionBuilder, node: ast.expr, expected: Type | None) -> Result:
    raise builder.error("a list needs a name here", node, "assign it first, or write a tuple")


def assign(builder: FunctionBuilder, target: ast.Name, node: ast.expr, kind: types.List | None) -> None:
    """`name = [...]`: new storage for the name's items."""
    known = builder.frame.variables.get(target.id)
    if known is not None and known.items is None:
        raise builder.error(f"`{target.id}` is `{known.type}` already", target, "one name has one type")
    if known is not None and isinstance(known.type, types.List):
        kind = known.type
    if known is not None and any(isinstance(each, ast.Name) and each.id == target.id for each in ast.walk(node)):
        raise builder.error("a list is not made from itself", node, "make another with another name")
    before = known.items if known is not None else None
    slot = before.slot if before is not None else builder.slot(target.id, ir.Run(ir.U8, 0))
    count = builder.temporary(types.INT)
    builder.emit(op.Assign(count, ZERO))
    maker = _Maker(builder, slot, count, kind.element if kind is not None else None)
    room = maker.fill(node)
    if maker.element is None:
        raise builder.error("nothing says what this list holds", node, f"annotate it: `{target.id}: list[int] = []`")
    more = capacity.appended(builder, target.id)
    if room is None or more is None:
        raise builder.error(
            f"the compiler cannot tell how long `{target.id}` may become",
            node,
            "append in loops over constant ranges or whole arrays, or use an Array",
        )
    capacity_now = room + more + (before.capacity if before is not None else 0)
    builder.occupy(slot, ir.Run(_storage(builder, node, maker.element), capacity_now))
    items = ListStorage(slot, maker.element, capacity_now, count)
    length = known.local if known is not None else builder.local(target.id, types.INT)
    builder.frame.variables[target.id] = Variable(types.List(maker.element), length, items)
    builder.emit(op.Assign(length, count))


def _storage(builder: FunctionBuilder, node: ast.expr, element: Type) -> ir.Storage:
    if isinstance(element, (types.Record, types.Array)):
        raise builder.error("a list holds values, not references", node, "use an Array of records")
    try:
        return types.storage(element)
    except TypeError as error:
        raise builder.error(str(error), node, types.STORED) from None


class _Maker:
    """Fills a new list."""

    def __init__(self, builder: FunctionBuilder, slot: str, count: op.Local, element: Type | None) -> None:
        self.builder, self.slot, self.count, self.element = builder, slot, count, element

    def fill(self, node: ast.expr) -> int | None:
        """Build the items; how many there may be at most, if that is known."""
        builder = self.builder
        match node:
            case ast.List(elts=items):
                for each in items:
                    self.append(builder.value(each, self.element), each)
                return len(items)
            case ast.ListComp(elt=element, generators=generators):
                after = builder.new_block("listed")
                room = generated(builder, generators, lambda: self.append(builder.value(element), element), after)
                builder.start(after)
                return room
            case ast.BinOp(left=ast.List(elts=[item]), right=right):
                return self._repeated(item, right)
            case ast.Call(args=[source]):
                after = builder.new_block("listed")
                room = iteration.produce(
                    builder, source, lambda each: self.append(sequences.as_value(builder, node, each), source), after
                )
                builder.start(after)
                return room
            case _:
                raise builder.error("this is no list", node, "write `[...]`, `[0] * n`, `list(...)` or a comprehension")

    def _repeated(self, item: ast.expr, count: ast.expr) -> int:
        builder = self.builder
        value = builder.copy(builder.value(item, self.element))
        times = builder.value(count).operand
        if not isinstance(times, op.Constant) or not isinstance(times.value, int):
            hint = "use an Array, or a comprehension over a constant range"
            raise builder.error("a list is repeated a constant number of times", count, hint)
        sequence = sequences.Sequence(ZERO, lambda _: times, 1, lambda _, __: value, times.value)
        after = builder.new_block("listed")
        iteration.counted(builder, item, sequence, lambda _: self.append(value, item), after)
        builder.start(after)
        return times.value

    def append(self, value: Value, node: ast.expr) -> None:
        builder = self.builder
        if self.element is None:
            self.element = types.value_of(value.type)
        operand = builder.coerce(value, self.element, node)
        place = op.Place(op.Slot(self.slot), (op.IndexStep(self.count),), _storage(builder, node, self.element))
        builder.emit(op.Store(place, operand))
        builder.emit(op.Binary(self.count, op.BinaryOperator.ADD, self.count, ONE, proved=True))


def variable(builder: FunctionBuilder, node: ast.expr) -> tuple[Variable, ListStorage]:
    """The list that an expression names."""
    found = builder.frame.variables.get(node.id) if isinstance(node, ast.Name) else None
    if found is None or found.items is None:
        raise builder.error("a list is used by its name", node, "lists are local: pass their items, or use an Array")
    return found, found.items


def length(builder: FunctionBuilder, node: ast.expr) -> op.Operand:
    return variable(builder, node)[0].local


def element_place(builder: FunctionBuilder, node: ast.Subscript) -> tuple[op.Place, Type]:
    """An element by index, checked against the length."""
    found, items = variable(builder, node.value)
    index = places.from_end(builder, builder.copy(Value(types.INT, places.number(builder, node.slice))).operand, found.local)
    within = builder.temporary(types.BOOL)
    builder.at(node)
    builder.emit(op.Compare(within, op.Relation.UNSIGNED_LESS, index, found.local))
    builder.emit(op.Assume(within, op.Fault.INDEX))
    return op.Place(op.Slot(items.slot), (op.IndexStep(index),), types.storage(items.element)), items.element


def element(builder: FunctionBuilder, node: ast.Subscript) -> Result:
    place, kind = element_place(builder, node)
    return places.read(builder, place, kind)


def sequence(builder: FunctionBuilder, node: ast.expr) -> sequences.Sequence:
    """The items as they are while the loop runs."""
    found, items = variable(builder, node)

    def read(inner: FunctionBuilder, counter: op.Local) -> sequences.Element:
        place = op.Place(op.Slot(items.slot), (op.IndexStep(counter),), types.storage(items.element))
        return places.read(inner, place, items.element)

    return sequences.Sequence(ZERO, lambda _: found.local, 1, read, items.capacity)


def method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute) -> Result:
    """`append`, `pop` and `clear`."""
    found, items = variable(builder, function.value)
    nothing = Value(types.NONE, op.Constant(None, ir.NONE))
    match function.attr, node.args:
        case "append", [given]:
            maker = _Maker(builder, items.slot, found.local, items.element)
            maker.append(builder.value(given, items.element), given)
            return nothing
        case "clear", []:
            builder.emit(op.Assign(found.local, ZERO))
            return nothing
        case "pop", []:
            filled = builder.temporary(types.BOOL)
            builder.emit(op.Compare(filled, op.Relation.GREATER, found.local, ZERO))
            builder.emit(op.Assume(filled, op.Fault.INDEX))
            builder.emit(op.Binary(found.local, op.BinaryOperator.SUBTRACT, found.local, ONE, proved=True))
            place = op.Place(op.Slot(items.slot), (op.IndexStep(found.local),), types.storage(items.element))
            return places.read(builder, place, items.element)
        case _:
            raise builder.error("a list has `append`, `pop()` and `clear`", function, "anything else is a loop over its items")

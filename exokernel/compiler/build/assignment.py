"""Assignment: to names, places and tuples of them; annotated and augmented."""

from __future__ import annotations

import ast

from exokernel.compiler.build import lists, operators, places, records
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import context
from exokernel.compiler.build.registry import statement
from exokernel.compiler.build.values import Located, Result, Value, Variable
from exokernel.compiler.check import annotation, types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op

ASSIGNED = "assign to a name, a field or an element"


@statement(ast.Assign)
def assign(builder: FunctionBuilder, node: ast.Assign) -> None:
    if len(node.targets) > 1:
        _several(builder, node)
        return
    target = node.targets[0]
    if isinstance(target, ast.Name):
        _to_name(builder, target, node.value)
    elif isinstance(target, (ast.Tuple, ast.List)):
        unpack(builder, target, _parallel(builder, target, node.value))
    else:
        to_place(builder, target, node.value)


def _several(builder: FunctionBuilder, node: ast.Assign) -> None:
    """`a = b = value`: computed once, assigned from left to right."""
    value = builder.copy(builder.value(node.value))
    for target in node.targets:
        assign_target(builder, target, value)


def _to_name(builder: FunctionBuilder, target: ast.Name, value: ast.expr) -> None:
    known = builder.frame.variables.get(target.id)
    if isinstance(value, (ast.List, ast.ListComp)) or lists.makes_list(builder, value):
        lists.assign(builder, target, value, None)
        return
    expected = known.type if known is not None else None
    made = records.construction(builder, value)
    if made is not None:
        assign_name(builder, target, builder.materialise(records.in_frame(builder, made, target.id)))
        return
    assign_name(builder, target, builder.value(value, expected))


def assign_name(builder: FunctionBuilder, target: ast.expr, value: Value) -> None:
    """Give a local name a value; the first one gives it its type."""
    assert isinstance(target, ast.Name)
    variable = builder.frame.variables.get(target.id)
    if variable is None:
        if value.type in (types.NONE, types.NEVER):
            raise builder.error(
                f"`{target.id}` would be None and nothing else",
                target,
                "declare what else it may be: `name: Kind | None = None`",
            )
        if isinstance(value.type, types.List):
            raise builder.error("a list stays with the name it was made for", target, "copy its items")
        variable = builder.declare(target.id, types.value_of(value.type))
    if isinstance(variable.type, types.List):
        raise builder.error(f"`{target.id}` is a list and stays one", target, "give what is not a list another name")
    operand = builder.coerce(value, variable.type, target, f"`{target.id}`")
    builder.emit(op.Assign(variable.local, operand))


def assign_target(builder: FunctionBuilder, target: ast.expr, value: Result) -> None:
    """Give a name, a place or a tuple of them a value already computed."""
    if isinstance(target, ast.Name):
        assign_name(builder, target, builder.materialise(value))
    elif isinstance(target, (ast.Tuple, ast.List)):
        unpack(builder, target, _items(builder, target, builder.materialise(value)))
    elif isinstance(target, (ast.Attribute, ast.Subscript)):
        _store(builder, target, value)
    else:
        raise builder.error("this cannot be assigned to", target, ASSIGNED)


def to_place(builder: FunctionBuilder, target: ast.expr, value: ast.expr) -> None:
    """`place = value`: the value first, then the place, as Python has it."""
    if not isinstance(target, (ast.Attribute, ast.Subscript)):
        raise builder.error("this cannot be assigned to", target, ASSIGNED)
    made = records.construction(builder, value)
    if made is not None and not (isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice)):
        place, kind = places.locate(builder, target)
        if kind != types.Record(made.record):
            raise builder.mismatch(types.Record(made.record), kind, value)
        builder.at(target)
        records.fill(builder, place, made)
        return
    result = builder.expression(value)
    if isinstance(result, Value):
        result = builder.copy(result) if any(isinstance(each, ast.NamedExpr) for each in ast.walk(target)) else result
    elif places.checks(result.place):
        result = builder.materialise(result)
    _store(builder, target, result)


def _store(builder: FunctionBuilder, target: ast.Attribute | ast.Subscript, value: Result) -> None:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Slice):
        view = places.sliced(builder, target, builder.expression(target.value), target.slice)
        if not isinstance(view.type, types.Array):
            hint = "copy into an array: `Array[u8] = array(n)`"
            raise builder.error(f"`{view.type}` is a value and cannot be assigned into", target, hint)
        builder.at(target)
        places.copy_elements(builder, view, builder.materialise(value), target)
        return
    place, kind = places.locate(builder, target)
    builder.at(target)
    places.store(builder, place, kind, value, target)


def _parallel(builder: FunctionBuilder, target: ast.Tuple | ast.List, value: ast.expr) -> list[Value]:
    """The items on the right of `a, b = ...`, all computed before any is assigned."""
    for each in target.elts:
        if isinstance(each, ast.Starred):
            raise builder.error("there are no starred targets", each, "name every item")
    if isinstance(value, ast.Tuple) and not any(isinstance(each, ast.Starred) for each in value.elts):
        if len(value.elts) != len(target.elts):
            raise builder.error(f"{len(value.elts)} values for {len(target.elts)} names", target, "each value needs a name")
        return [builder.copy(builder.value(each)) for each in value.elts]
    return _items(builder, target, builder.value(value))


def _items(builder: FunctionBuilder, target: ast.Tuple | ast.List, value: Value) -> list[Value]:
    if not isinstance(value.type, types.Tuple):
        raise builder.error(f"`{value.type}` is not a tuple", target, "only tuples are unpacked; elements are taken by index")
    if len(value.type.items) != len(target.elts):
        raise builder.error(f"{len(value.type.items)} values for {len(target.elts)} names", target, "each item needs a name")
    found = []
    for position, kind in enumerate(value.type.items):
        item = builder.temporary(kind)
        builder.emit(op.Item(item, value.operand, position))
        found.append(Value(kind, item))
    return found


def unpack(builder: FunctionBuilder, target: ast.Tuple | ast.List, items: list[Value]) -> None:
    for each, item in zip(target.elts, items):
        assign_target(builder, each, item)


@statement(ast.AnnAssign)
def annotated(builder: FunctionBuilder, node: ast.AnnAssign) -> None:
    if not isinstance(node.target, ast.Name):
        raise builder.error("only names are annotated", node.target, "fields have their annotation in the class")
    kind = annotation.resolve(context(builder), node.annotation)
    if isinstance(kind, types.List):
        if node.value is None:
            raise builder.error("a list needs its first items", node, "write `= []`")
        lists.assign(builder, node.target, node.value, kind)
        return
    declared = _declared(builder, node.target, types.value_of(kind))
    if node.value is None:
        return
    array = records.array_length(builder, node.value)
    if array is not None and isinstance(kind, types.Array):
        located = records.new_array(builder, kind, array, node.target.id)
        builder.emit(op.Assign(declared.local, builder.materialise(located).operand))
        return
    made = records.construction(builder, node.value)
    if made is not None:
        value = builder.materialise(records.in_frame(builder, made, node.target.id))
    else:
        value = builder.value(node.value, kind)
    builder.emit(op.Assign(declared.local, builder.coerce(value, declared.type, node.value, f"`{node.target.id}`")))


def _declared(builder: FunctionBuilder, target: ast.Name, kind: Type) -> Variable:
    known = builder.frame.variables.get(target.id)
    if known is None:
        return builder.declare(target.id, kind)
    if known.type != kind:
        raise builder.error(f"`{target.id}` is `{known.type}` already", target, "one name has one type")
    return known


@statement(ast.AugAssign)
def augmented(builder: FunctionBuilder, node: ast.AugAssign) -> None:
    target = node.target
    if isinstance(target, ast.Name):
        left = builder.value(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        if isinstance(left.type, types.List):
            raise builder.error("a list grows by `append`", node, "loop over what is to be added")
        result = operators.combine(builder, node, node.op, left, builder.value(node.value))
        assign_name(builder, target, result)
        return
    place, kind = places.locate(builder, target)
    place = _settled(builder, place)
    before = places.read(builder, place, kind)
    if isinstance(before, Located):
        raise builder.error(f"`{kind}` has no arithmetic", node, "name a field or an element of it")
    right = builder.value(node.value)
    builder.at(node)
    result = operators.combine(builder, node, node.op, before, right)
    places.store(builder, place, kind, result, node)


def _settled(builder: FunctionBuilder, place: op.Place) -> op.Place:
    """The place with its indices as they are now."""
    steps: list[op.Step] = []
    for step in place.path:
        if isinstance(step, op.IndexStep):
            steps.append(op.IndexStep(builder.copy(Value(types.INT, step.index)).operand))
        else:
            steps.append(step)
    return op.Place(place.base, tuple(steps), place.storage)

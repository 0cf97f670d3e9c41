"""What each operation of the IR means for one path.

A step changes the path it is given, or, for a call, gives the paths that come back. Each
operation that can fault demands that it does not. Control flow is the business of `execute`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Boolean, Cell, Run, Storage, Truth, Word
from exokernel.prover import terms
from exokernel.prover.arithmetic import BINARY, RELATIONS, fits
from exokernel.prover.execute import Executor, Frame, Unsupported
from exokernel.prover.layout import FRAME_ROWS, record_of
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number
from exokernel.prover.values import Literal, Opaque, Pointer, Span, Value, is_term

Operation = TypeVar("Operation", bound=op.Operation)
Step = Callable[[Executor, Frame, Path, Any], "list[Path] | None"]
STEPS: dict[type[op.Operation], Step] = {}


def means(kind: type[op.Operation]) -> Callable[[Step], Step]:
    def register(function: Step) -> Step:
        STEPS[kind] = function
        return function

    return register


def step(executor: Executor, frame: Frame, path: Path, operation: op.Operation) -> list[Path]:
    found = executor.meanings.get(type(operation)) or STEPS.get(type(operation))
    if found is None:
        raise Unsupported(f"{where(frame, operation)}: no meaning for {type(operation).__name__}")
    paths = found(executor, frame, path, operation)
    return [path] if paths is None else paths


def where(frame: Frame, operation: op.Operation) -> str:
    at = operation.location
    return f"{frame.function.name}" if at is None else f"{at.file}:{at.line} ({frame.function.name})"


def operand(path: Path, item: op.Operand) -> Any:
    if isinstance(item, op.Local):
        if item.name not in path.locals:
            raise Unsupported(f"the local {item.name} is not set on every path")
        return path.locals[item.name]
    return constant(item)


def constant(item: op.Constant) -> Value:
    if item.value is None:
        return Pointer("", (), terms.TRUE)
    if isinstance(item.value, (str, bytes)):
        return Literal(item.value)
    if isinstance(item.type, Boolean):
        return terms.truth(bool(item.value))
    width = item.type.width if isinstance(item.type, Word) else terms.BITS
    return number(int(item.value), width)


# Places


def pointer_to(executor: Executor, frame: Frame, path: Path, place: op.Place, location: op.Location | None) -> Pointer:
    """The path and indices of a place, having demanded that each index is within its array."""
    base: Value
    match place.base:
        case op.Static(name=name):
            base = Pointer(executor.layout.static(name), ())
        case op.Slot(name=name):
            base = Pointer(frame.prefix + name, ())
        case op.Local():
            base = operand(path, place.base)
    if isinstance(base, (Opaque, Literal)) or not isinstance(base, (Pointer, Span)):
        raise Unsupported(f"{frame.function.name}: a place at {base!r}")
    if isinstance(base, Pointer) and not place.path:
        return base
    for part in place.path:
        base = advance(executor, path, base, part, location)
    if isinstance(base, Span):
        raise Unsupported(f"{frame.function.name}: a view where a place is due")
    return base


def advance(
    executor: Executor, path: Path, base: Pointer | Span, part: op.Step, location: op.Location | None
) -> Pointer:
    if isinstance(part, op.FieldStep):
        if isinstance(base, Span):
            raise Unsupported("a field of a view")
        return Pointer(f"{base.path}|{part.name}", base.indices)
    index = operand(path, part.index)
    if isinstance(base, Span):
        length, start = base.length, base.start
    else:
        run, _ = executor.layout.resolve(base.path)
        if not isinstance(run, Run):
            raise Unsupported(f"{base.path} is indexed and is no array")
        length, start = number(run.length), number(0)
    indices = (*base.indices, terms.simplify(start + index))
    reached = Pointer(f"{base.path}[]", indices)
    looked_at = indices[0] if reached.path == FRAME_ROWS else None
    executor.demand(path, terms.within(index, length), f"the index of {base.path} is within it", location, looked_at)
    executor.journal.access(record_of(reached.path), indices)
    return reached


def load(path: Path, pointer: Pointer, storage: Storage) -> Term:
    raw = path.state.table(pointer.path).read(pointer.indices)
    match storage:
        case Cell():
            return terms.simplify(terms.widen(raw, terms.BITS, storage.signed))
        case Truth():
            return terms.simplify(terms.equal(raw, number(1, 1)))
        case _:
            return terms.simplify(raw)


def store(path: Path, pointer: Pointer, storage: Storage, value: Term) -> None:
    match storage:
        case Cell():
            value = terms.low_bits(value, storage.bits)
        case Truth():
            value = terms.choose(value, number(1, 1), number(0, 1))
    table = path.state.table(pointer.path).write(pointer.indices, terms.simplify(value))
    path.state = path.state.with_table(pointer.path, table)


@means(op.Load)
def load_step(executor: Executor, frame: Frame, path: Path, item: op.Load) -> None:
    pointer = pointer_to(executor, frame, path, item.place, item.location)
    executor.journal.reads.add(pointer.path)
    value = load(path, pointer, item.place.storage)
    if item.place.storage == Cell(64):
        executor.demand(path, value >= 0, f"{pointer.path} is below 2**63", item.location)
    path.locals[item.target.name] = value


@means(op.Store)
def store_step(executor: Executor, frame: Frame, path: Path, item: op.Store) -> None:
    pointer = pointer_to(executor, frame, path, item.place, item.location)
    value, storage = operand(path, item.value), item.place.storage
    if isinstance(storage, Cell):
        claim = fits(value, storage.bits, storage.signed)
        executor.demand(path, claim, f"the value fits {pointer.path}", item.location)
    store(path, pointer, storage, value)


@means(op.Refer)
def refer_step(executor: Executor, frame: Frame, path: Path, item: op.Refer) -> None:
    place = item.place
    if isinstance(place.base, op.Local) and not place.path:
        path.locals[item.target.name] = operand(path, place.base)
        return
    pointer = pointer_to(executor, frame, path, place, item.location)
    if isinstance(place.storage, Run):
        length = number(place.storage.length)
        path.locals[item.target.name] = Span(pointer.path, pointer.indices, number(0), length)
    else:
        path.locals[item.target.name] = pointer


def copy(executor: Executor, path: Path, target: Pointer, source: Pointer, storage: Storage) -> None:
    """Copy every scalar of a record; arrays within are copied only if they have none."""
    for leaf in executor.layout.scalars("", storage):
        if "[]" in leaf:
            raise Unsupported(f"{target.path}: a copy of an array")
        kind = executor.layout.family(source.path + leaf).storage
        executor.journal.reads.add(source.path + leaf)
        value = load(path, Pointer(source.path + leaf, source.indices), kind)
        store(path, Pointer(target.path + leaf, target.indices), kind, value)


@means(op.CopyRecord)
def copy_record_step(executor: Executor, frame: Frame, path: Path, item: op.CopyRecord) -> None:
    target = pointer_to(executor, frame, path, item.target, item.location)
    source = pointer_to(executor, frame, path, item.source, item.location)
    copy(executor, path, target, source, item.target.storage)


@means(op.Zero)
def zero_step(executor: Executor, frame: Frame, path: Path, item: op.Zero) -> None:
    target = pointer_to(executor, frame, path, item.place, item.location)
    for leaf in executor.layout.scalars(target.path, item.place.storage):
        table = path.state.table(leaf)
        if len(table.family.lengths) == len(target.indices):
            table = table.write(target.indices, number(0, table.family.bits))
        else:
            table = table.fill(target.indices, None)
        path.state = path.state.with_table(leaf, table)


# Values


@means(op.Assign)
def assign_step(executor: Executor, frame: Frame, path: Path, item: op.Assign) -> None:
    path.locals[item.target.name] = operand(path, item.value)


@means(op.Unary)
def unary_step(executor: Executor, frame: Frame, path: Path, item: op.Unary) -> None:
    value = operand(path, item.operand)
    match item.operator:
        case op.UnaryOperator.NOT:
            result = terms.negate(value)
        case op.UnaryOperator.INVERT:
            result = ~value
        case op.UnaryOperator.NEGATE:
            executor.demand(path, value != number(-(2**63)), "- does not overflow", item.location)
            result = -value
    path.locals[item.target.name] = terms.simplify(result)


@means(op.Binary)
def binary_step(executor: Executor, frame: Frame, path: Path, item: op.Binary) -> None:
    result = BINARY[item.operator](operand(path, item.left), operand(path, item.right))
    executor.demand(path, result.safe, f"{item.operator.value} does not fault", item.location)
    path.locals[item.target.name] = terms.simplify(result.value)


@means(op.Compare)
def compare_step(executor: Executor, frame: Frame, path: Path, item: op.Compare) -> None:
    left, right = operand(path, item.left), operand(path, item.right)
    if not (is_term(left) and is_term(right)):
        raise Unsupported(f"{where(frame, item)}: a comparison of {left!r} and {right!r}")
    path.locals[item.target.name] = terms.simplify(RELATIONS[item.relation](left, right))


@means(op.IsNone)
def is_none_step(executor: Executor, frame: Frame, path: Path, item: op.IsNone) -> None:
    path.locals[item.target.name] = operand(path, item.reference).absent


@means(op.Extract)
def extract_step(executor: Executor, frame: Frame, path: Path, item: op.Extract) -> None:
    part = terms.slice_bits(operand(path, item.word), item.low + item.size - 1, item.low)
    is_truth = isinstance(item.target.type, Boolean)
    value = terms.equal(part, number(1, 1)) if is_truth else terms.widen(part, terms.BITS)
    path.locals[item.target.name] = terms.simplify(value)


@means(op.Insert)
def insert_step(executor: Executor, frame: Frame, path: Path, item: op.Insert) -> None:
    word, value = operand(path, item.word), operand(path, item.value)
    if terms.is_truth(value):
        field = terms.choose(value, number(1, item.size), number(0, item.size))
    else:
        executor.demand(path, fits(value, item.size, False), "the value fits the word's field", item.location)
        field = terms.low_bits(value, item.size)
    high, parts = item.low + item.size, []
    if high < word.size():
        parts.append(terms.slice_bits(word, word.size() - 1, high))
    parts.append(field)
    if item.low:
        parts.append(terms.slice_bits(word, item.low - 1, 0))
    path.locals[item.target.name] = terms.simplify(terms.joined(parts))


@means(op.WordOf)
def word_of_step(executor: Executor, frame: Frame, path: Path, item: op.WordOf) -> None:
    assert isinstance(item.target.type, Word)
    path.locals[item.target.name] = terms.low_bits(operand(path, item.value), item.target.type.width)


@means(op.IntegerOf)
def integer_of_step(executor: Executor, frame: Frame, path: Path, item: op.IntegerOf) -> None:
    value = operand(path, item.value)
    is_truth = terms.is_truth(value)
    path.locals[item.target.name] = terms.choose(value, number(1), number(0)) if is_truth else terms.widen(value, 64)


@means(op.MakeTuple)
def make_tuple_step(executor: Executor, frame: Frame, path: Path, item: op.MakeTuple) -> None:
    path.locals[item.target.name] = tuple(operand(path, each) for each in item.items)


@means(op.Item)
def item_step(executor: Executor, frame: Frame, path: Path, item: op.Item) -> None:
    path.locals[item.target.name] = operand(path, item.value)[item.index]


@means(op.Length)
def length_step(executor: Executor, frame: Frame, path: Path, item: op.Length) -> None:
    view = operand(path, item.view)
    is_literal = isinstance(view, Literal)
    path.locals[item.target.name] = number(len(view.content)) if is_literal else view.length


@means(op.Slice)
def slice_step(executor: Executor, frame: Frame, path: Path, item: op.Slice) -> None:
    view, lower, upper = (operand(path, each) for each in (item.view, item.lower, item.upper))
    executor.demand(path, terms.both((lower >= 0, upper >= 0)), "the bounds of a view are not negative", item.location)
    low = terms.choose(lower < view.length, lower, view.length)
    high = terms.choose(upper < view.length, upper, view.length)
    length = terms.simplify(terms.choose(low < high, high - low, number(0)))
    path.locals[item.target.name] = Span(view.path, view.indices, terms.simplify(view.start + low), length)


@means(op.SymbolAddress)
def symbol_address_step(executor: Executor, frame: Frame, path: Path, item: op.SymbolAddress) -> None:
    path.locals[item.target.name] = terms.variable(f"address of {item.symbol}")


@means(op.Assume)
def assume_step(executor: Executor, frame: Frame, path: Path, item: op.Assume) -> None:
    what = "a match is total" if item.fault is op.Fault.UNREACHABLE else "the assertion holds"
    executor.demand(path, operand(path, item.condition), what, item.location)


@means(op.Call)
def call_step(executor: Executor, frame: Frame, path: Path, item: op.Call) -> list[Path]:
    arguments = tuple(operand(path, each) for each in item.arguments)
    function = executor.program.functions.get(item.function)
    model = executor.models(item.function)
    if model is not None and function is not None:
        result = model(executor, path, function, arguments)
        if item.target is not None:
            path.locals[item.target.name] = result
        if item.error is not None:
            path.locals[item.error.name] = number(0)
        return [] if path.impossible else [path]
    returned = []
    for outcome in executor.call(item.function, arguments, path):
        after = replace(path, locals=dict(path.locals), state=outcome.state, start=outcome.start)
        after.conditions, after.trail = outcome.conditions, outcome.trail
        if item.target is not None:
            after.locals[item.target.name] = outcome.value
        if item.error is not None:
            after.locals[item.error.name] = outcome.error
        returned.append(after)
    return returned


@means(op.Instruct)
def instruct_step(executor: Executor, frame: Frame, path: Path, item: op.Instruct) -> None:
    raise Unsupported(f"{where(frame, item)}: the instruction {item.instruction} outside what is modelled")

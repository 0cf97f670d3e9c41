"""Checks that a program in the IR makes sense: names exist, types agree, blocks end.

Run after the front end in tests and whenever IR was read from text: a failure is a fault of the
compiler, never of the program compiled, so it raises one exception that lists everything found.
It does not check initialisation, lifetimes or ranges: those are properties of the source.
"""

from __future__ import annotations

from collections.abc import Iterator

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import text
from exokernel.compiler.ir.types import BOOL, BYTES, INT, NONE, TEXT, Boolean, Bytes, Cell, Embedded, Integer
from exokernel.compiler.ir.types import Record, Reference, Run, Storage, Text, Truth, Tuple, Value, View, Word
from exokernel.compiler.ir.types import WordCell

TERMINATORS = (op.Jump, op.Branch, op.Switch, op.Return, op.Raise, op.Stop)


class VerifyError(Exception):
    """The IR is malformed; the message has one line per problem."""


def verify(program: op.Program) -> None:
    """Raise VerifyError unless every function of the program is well formed."""
    problems = [
        f"{function.name}: {problem}"
        for function in program.functions.values()
        for problem in FunctionVerifier(program, function).problems()
    ]
    if problems:
        raise VerifyError("\n".join(problems))


def element_of(kind: Value) -> Storage | None:
    """What a view-like value is a run of, if it is one."""
    match kind:
        case View():
            return kind.element
        case Bytes() | Text():
            return Cell(8)
        case _:
            return None


def loaded(storage: Storage) -> Value | None:
    """The type of value that a scalar storage holds."""
    match storage:
        case Cell():
            return INT
        case Truth():
            return BOOL
        case WordCell():
            return storage.word
        case _:
            return None


def fits(given: Value, wanted: Value) -> bool:
    """Whether a value of one type may go where another is declared."""
    if isinstance(given, Reference) and isinstance(wanted, Reference):
        return given.record == wanted.record and (wanted.optional or not given.optional)
    if isinstance(given, Tuple) and isinstance(wanted, Tuple) and len(given.items) == len(wanted.items):
        return all(map(fits, given.items, wanted.items))
    return given == wanted or (given == NONE and isinstance(wanted, Reference) and wanted.optional)


class FunctionVerifier:
    def __init__(self, program: op.Program, function: op.Function) -> None:
        self.program = program
        self.function = function
        self.blocks = {block.name for block in function.blocks}
        self.locals = {local.name: local.type for local in [*function.parameters, *function.locals]}

    def problems(self) -> Iterator[str]:
        if len(self.blocks) != len(self.function.blocks):
            yield "two blocks have one name"
        if not self.function.blocks and "naked" not in self.function.attributes:
            yield "has no blocks"
        for block in self.function.blocks:
            for problem in self.block(block):
                yield f"block {block.name}: {problem}"

    def block(self, block: op.Block) -> Iterator[str]:
        if not block.operations or not isinstance(block.operations[-1], TERMINATORS):
            yield "does not end in a terminator"
        for operation in block.operations:
            if isinstance(operation, TERMINATORS) and operation is not block.operations[-1]:
                yield f"{text.operation(operation)}: a terminator before the end"
            for problem in self.operation(operation):
                yield f"{text.operation(operation)}: {problem}"

    def operation(self, item: op.Operation) -> Iterator[str]:
        for value in vars(item).values():
            parts = value if isinstance(value, tuple) else (value,)
            for part in parts:
                if isinstance(part, op.Local):
                    yield from self.local(part)
                elif isinstance(part, op.Place):
                    yield from self.place(part)
        match item:
            case op.Jump() | op.Branch() | op.Switch() | op.Return() | op.Raise():
                yield from self.terminator(item)
            case op.Call() | op.Instruct():
                yield from self.call(item)
            case op.Load() | op.Store() | op.Refer() | op.CopyRecord() | op.Zero():
                yield from self.memory(item)
            case op.Slice() | op.Length() | op.Octet() | op.CopyElements() | op.BytesOf():
                yield from self.views(item)
            case _:
                yield from self.scalar(item)

    def local(self, local: op.Local) -> Iterator[str]:
        known = self.locals.get(local.name)
        if known is None and local.name[0].isdigit():
            self.locals[local.name] = local.type
        elif known is None:
            yield f"no local is called {local.name}"
        elif known != local.type:
            yield f"{local.name} is {known}, not {local.type}"

    def wanted(self, operand: op.Operand, *kinds: Value) -> Iterator[str]:
        if not any(fits(operand.type, kind) for kind in kinds):
            yield f"{text.operand(operand)} is {operand.type}, not {' or '.join(map(str, kinds))}"

    # Places

    def place(self, place: op.Place) -> Iterator[str]:
        storage, element = self.base(place.base)
        if storage is None and element is None:
            yield f"{place.base} is no place"
            return
        for step in place.path:
            if isinstance(step, op.IndexStep):
                yield from self.wanted(step.index, INT)
                found = element if element is not None else getattr(storage, "element", None)
            else:
                found = self.field(storage, step.name)
            if found is None:
                yield f"{storage or element} has no {text.place(place)}"
                return
            storage, element = found, None
        reached = storage if storage is not None else element
        if reached != place.storage:
            yield f"{text.place(place)} is in fact {reached}"

    def base(self, base: op.Static | op.Slot | op.Local) -> tuple[Storage | None, Storage | None]:
        """The storage at a base, or the element of the view in it."""
        match base:
            case op.Static():
                static = self.program.statics.get(base.name)
                return (static.storage if static else None), None
            case op.Slot():
                return self.function.slots.get(base.name), None
            case op.Local():
                if isinstance(base.type, Reference):
                    return Embedded(base.type.record), None
                return None, element_of(base.type)

    def field(self, storage: Storage | None, name: str) -> Storage | None:
        if not isinstance(storage, Embedded):
            return None
        record = self.program.records.get(storage.record, Record(storage.record))
        return record.fields[name].storage if name in record.fields else None

    def memory(self, item: op.Load | op.Store | op.Refer | op.CopyRecord | op.Zero) -> Iterator[str]:
        match item:
            case op.Load() | op.Store():
                value = item.target if isinstance(item, op.Load) else item.value
                kind = loaded(item.place.storage)
                yield from self.wanted(value, kind) if kind else ["the place is no scalar"]
            case op.Refer():
                storage = item.place.storage
                if isinstance(item.target.type, Reference):
                    if storage != Embedded(item.target.type.record):
                        yield "the place is not of that record"
                elif getattr(storage, "element", storage) != element_of(item.target.type):
                    yield "the place is no run of that element"
            case op.CopyRecord():
                if item.target.storage != item.source.storage:
                    yield "the records differ"
            case op.Zero():
                pass

    # Values

    def narrowed(self, kind: Value) -> Value:
        return Reference(kind.record) if isinstance(kind, Reference) else kind

    def views(self, item: op.Slice | op.Length | op.Octet | op.CopyElements | op.BytesOf) -> Iterator[str]:
        match item:
            case op.CopyElements():
                if element_of(item.target.type) != element_of(item.source.type):
                    yield "the elements differ"
                viewed = item.target
            case op.BytesOf():
                viewed = item.value
                yield from self.wanted(item.target, BYTES, TEXT)
            case op.Slice():
                viewed = item.view
                yield from self.wanted(item.target, item.view.type)
                yield from [*self.wanted(item.lower, INT), *self.wanted(item.upper, INT)]
            case op.Length():
                viewed = item.view
                yield from self.wanted(item.target, INT)
            case op.Octet():
                viewed = item.view
                yield from [*self.wanted(item.index, INT), *self.wanted(item.target, INT)]
        if element_of(viewed.type) is None:
            yield f"{text.operand(viewed)} is {viewed.type}, no view"

    def scalar(self, item: op.Operation) -> Iterator[str]:
        match item:
            case op.Assign():
                narrowed = self.narrowed(item.value.type)  # the front end has shown it is not None
                if not (fits(item.value.type, item.target.type) or fits(narrowed, item.target.type)):
                    yield from self.wanted(item.value, item.target.type)
            case op.Unary():
                kind: Value = BOOL if item.operator is op.UnaryOperator.NOT else INT
                yield from [*self.wanted(item.operand, kind), *self.wanted(item.target, kind)]
            case op.Binary():
                logical = item.operator in (op.BinaryOperator.AND, op.BinaryOperator.OR, op.BinaryOperator.XOR)
                yield from self.wanted(item.left, *([INT, BOOL] if logical else [INT]))
                yield from self.wanted(item.right, item.left.type)
                yield from self.wanted(item.target, item.left.type)
            case op.Compare():
                yield from self.compare(item)
            case op.IsNone():
                if not isinstance(item.reference.type, Reference):
                    yield "only a reference can be absent"
            case op.Extract() | op.Insert():
                yield from self.word_field(item)
            case op.WordOf():
                yield from self.wanted(item.value, INT)
                if not isinstance(item.target.type, Word):
                    yield "the target is no word"
            case op.MakeTuple():
                yield from self.wanted(item.target, Tuple(tuple(one.type for one in item.items)))
            case op.Item():
                items = item.value.type.items if isinstance(item.value.type, Tuple) else ()
                if item.index >= len(items) or not fits(items[item.index], item.target.type):
                    yield "the tuple has no such item"
            case op.Assume():
                yield from self.wanted(item.condition, BOOL)

    def compare(self, item: op.Compare) -> Iterator[str]:
        yield from self.wanted(item.target, BOOL)
        yield from self.wanted(item.right, item.left.type)
        equality = item.relation in (op.Relation.EQUAL, op.Relation.NOT_EQUAL)
        if not isinstance(item.left.type, (Integer, Boolean, Text, Bytes)):
            if not (equality and isinstance(item.left.type, Word)):
                yield f"values of {item.left.type} are not compared so"

    def word_field(self, item: op.Extract | op.Insert) -> Iterator[str]:
        word = item.word.type
        if not isinstance(word, Word):
            yield "the operand is no word"
        elif not (0 <= item.low and 0 < item.size and item.low + item.size <= word.width):
            yield "the field is not within the word"
        if isinstance(item, op.Insert):
            yield from self.wanted(item.target, word)

    # Control

    def terminator(self, item: op.Jump | op.Branch | op.Switch | op.Return | op.Raise) -> Iterator[str]:
        targets: tuple[str, ...] = ()
        match item:
            case op.Jump():
                targets = (item.block,)
            case op.Branch():
                targets = (item.then, item.otherwise)
                yield from self.wanted(item.condition, BOOL)
            case op.Switch():
                targets = (*(block for _, block in item.cases), item.default)
            case op.Return():
                if (item.value is None) != (self.function.result == NONE):
                    yield f"the function returns {self.function.result}"
                elif item.value is not None:
                    yield from self.wanted(item.value, self.function.result)
            case op.Raise():
                yield from self.wanted(item.error, INT)
                if not self.function.raises:
                    yield "the function does not raise"
        yield from (f"no block is called {name}" for name in targets if name not in self.blocks)

    def call(self, item: op.Call | op.Instruct) -> Iterator[str]:
        form: op.Function | op.InstructionForm | None
        if isinstance(item, op.Instruct):
            form = self.program.instructions.get(item.instruction)
        else:
            form = self.program.functions.get(item.function)
            if item.error is None and isinstance(form, op.Function) and form.raises:
                yield "the error it may raise is not looked at"
        if form is None:
            yield "there is nothing of that name"
            return
        if len(form.parameters) != len(item.arguments):
            yield f"{len(form.parameters)} arguments are wanted"
        for parameter, argument in zip(form.parameters, item.arguments):
            yield from self.wanted(argument, parameter.type)
        if item.target is not None and not fits(form.result, item.target.type):
            yield f"the result is {form.result}"

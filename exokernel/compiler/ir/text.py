"""The IR as readable text: what tests compare and the prover quotes.

Each operation is one line, `target = name operands ; line:column`. A local is `%name`, a static
`@name`, a frame slot `$name`; a name with unusual characters stands in backquotes. The type of a
temporary is written where it is assigned. `ir.reader` reads the text back; printing what it
read gives the same text. This module does not check that a program makes sense: see `ir.verify`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import BYTES, TEXT, Embedded, Nothing, Record, Reference
from exokernel.compiler.ir.types import Run, Storage, Tuple, Value, View, Word, WordCell

PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.]*\Z")
UNARY_NAMES = {
    op.UnaryOperator.NEGATE: "negate",
    op.UnaryOperator.INVERT: "invert",
    op.UnaryOperator.NOT: "not",
}
RESERVED = re.compile(r"(int|bool|none|text|bytes|word|ref|view|true|false|[ui]\d+)\Z")


def mnemonic(kind: type[op.Operation]) -> str:
    """The name of an operation in the text: its class name in lower case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def quoted(name: str) -> str:
    """A name as it is written: in backquotes when it could be taken for something else."""
    return name if PLAIN.match(name) and not RESERVED.match(name) else f"`{name}`"


def value_type(kind: Value) -> str:
    match kind:
        case Word():
            return f"word {quoted(kind.name)}:{kind.width}"
        case Reference():
            return f"ref {quoted(kind.record)}{'?' if kind.optional else ''}"
        case View():
            return f"view {storage_type(kind.element)}"
        case Tuple():
            return f"({', '.join(map(value_type, kind.items))})"
        case _:
            return str(kind)


def storage_type(kind: Storage) -> str:
    match kind:
        case WordCell():
            return value_type(kind.word)
        case Embedded():
            return quoted(kind.record)
        case Run():
            return f"{storage_type(kind.element)}[{kind.length}]"
        case _:
            return str(kind)


def operand(item: op.Operand) -> str:
    if isinstance(item, op.Local):
        return f"%{quoted(item.name)}"
    value = item.value
    if isinstance(value, bytes):
        text = "b" + json.dumps(value.decode("latin-1"))
    elif isinstance(value, str):
        text = json.dumps(value)
    elif value is None:
        text = "none"
    else:
        text = str(value).lower()  # True and False
    implied = isinstance(item.type, (Word, Reference, Nothing)) or (
        isinstance(value, str) and item.type != TEXT or isinstance(value, bytes) and item.type != BYTES
    )
    return f"{text} as {value_type(item.type)}" if implied else text


def place(item: op.Place) -> str:
    match item.base:
        case op.Static():
            text = f"@{quoted(item.base.name)}"
        case op.Slot():
            text = f"${quoted(item.base.name)}"
        case op.Local():
            text = f"%{quoted(item.base.name)}"
    for step in item.path:
        if isinstance(step, op.FieldStep):
            text += f"->{quoted(step.name)}"
        else:
            text += f"[{operand(step.index)}{' proved' if step.proved else ''}]"
    return f"{text}: {storage_type(item.storage)}"


def target(local: op.Local) -> str:
    """A local that is assigned; a temporary (which no `local` line declares) with its type."""
    shown = operand(local)
    return f"{shown}: {value_type(local.type)}" if local.name[0].isdigit() else shown


def operation(item: op.Operation) -> str:
    """One operation without its location."""
    goal: op.Local | None = getattr(item, "target", None) if not isinstance(item, COPIES) else None
    text = f"{target(goal)} = {body(item)}" if goal is not None else body(item)
    return text + (" proved" if getattr(item, "proved", False) else "")


COPIES = (op.CopyRecord, op.CopyElements)  # whose `target` is an operand, not a result


def body(item: op.Operation) -> str:
    match item:
        case op.Assign():
            return operand(item.value)
        case op.Unary():
            return f"{UNARY_NAMES[item.operator]} {operand(item.operand)}"
        case op.Binary():
            return f"{operand(item.left)} {item.operator.value} {operand(item.right)}"
        case op.Compare():
            return f"{operand(item.left)} {item.relation.value} {operand(item.right)}"
        case op.Call():
            failing = f" error {target(item.error)}" if item.error else ""
            return f"call {quoted(item.function)}({listed(item.arguments)}){failing}"
        case op.Instruct():
            return f"instruct {quoted(item.instruction)}({listed(item.arguments)})"
        case op.Switch():
            cases = ", ".join(f"{value}: {quoted(block)}" for value, block in item.cases)
            return f"switch {operand(item.value)} {{{cases}}} else {quoted(item.default)}"
        case op.SymbolAddress():
            kind = "function_address" if item.is_function else "symbol_address"
            return f"{kind} {quoted(item.symbol)}"
        case _:
            return regular(item)


def listed(items: tuple[op.Operand, ...]) -> str:
    return ", ".join(map(operand, items))


def regular_fields(kind: type[op.Operation]) -> list[tuple[str, str]]:
    """The operand fields of an operation that has no syntax of its own: (name, annotation)."""
    hidden = {"location", "proved"} | (set() if issubclass(kind, COPIES) else {"target"})
    return [(part.name, str(part.type)) for part in fields(kind) if part.name not in hidden]


def regular(item: op.Operation) -> str:
    shown = [argument(getattr(item, name)) for name, _ in regular_fields(type(item))]
    return f"{mnemonic(type(item))} {', '.join(text for text in shown if text)}".rstrip()


def argument(value: object) -> str:
    match value:
        case op.Local() | op.Constant():
            return operand(value)
        case op.Place():
            return place(value)
        case op.Fault():
            return value.name
        case tuple():
            return listed(value)
        case int():
            return str(value)
        case str():
            return quoted(value)
        case _:
            return ""


def located(text: str, location: op.Location | None, file: str) -> str:
    """An operation's line with its location; the file only when it is not the function's."""
    if location is None:
        return text
    where = f"{location.line}:{location.column}"
    if location.file != file:
        where = f"{location.file}:{where}"
    if location.function:
        where += f" in {location.function}"
    return f"{text:<56} ; {where}"


def function(item: op.Function) -> str:
    """One function, with its locals, slots and blocks."""
    return "\n".join(function_lines(item)) + "\n"


def function_lines(item: op.Function) -> Iterator[str]:
    parameters = ", ".join(f"%{quoted(one.name)}: {value_type(one.type)}" for one in item.parameters)
    head = f"function {quoted(item.name)}({parameters}) -> {value_type(item.result)}"
    if item.raises:
        head += f" raises {', '.join(map(str, sorted(item.raises)))}"
    file = ""
    if item.location is not None:
        file = item.location.file
        head += f" at {json.dumps(file)}:{item.location.line}:{item.location.column}"
    yield head + ":"
    for key, value in sorted(item.attributes.items()):
        yield f"  attribute {key} {json.dumps(value)}"
    for local in item.locals:
        yield f"  local %{quoted(local.name)}: {value_type(local.type)}"
    for name, storage in item.slots.items():
        yield f"  slot ${quoted(name)}: {storage_type(storage)}"
    for block in item.blocks:
        yield f"block {quoted(block.name)}:"
        for one in block.operations:
            yield located("  " + operation(one), one.location, file)
    yield "end"


def record(item: Record) -> str:
    head = f"record {quoted(item.name)} size {item.size} align {item.alignment}"
    lines = [head + (" device:" if item.device else ":")]
    for part in item.fields.values():
        lines.append(f"  {part.offset} {quoted(part.name)}: {storage_type(part.storage)}")
    return "\n".join([*lines, "end"]) + "\n"


def static(item: op.StaticVariable) -> str:
    text = f"static @{quoted(item.name)}: {storage_type(item.storage)}"
    if item.initial is not None:
        text += f' = "{item.initial.hex()}"'
    if item.address is not None:
        text += f" at {json.dumps(item.address)}"
    if item.section:
        text += f" section {json.dumps(item.section)}"
    if item.alignment:
        text += f" align {item.alignment}"
    return text + (" constant" if item.constant else "") + "\n"


def instruction(item: op.InstructionForm) -> str:
    parameters = ", ".join(
        f"%{quoted(one.name)}: {value_type(one.type)} in {json.dumps(item.registers.get(one.name, 'r'))}"
        for one in item.parameters
    )
    text = f"instruction {quoted(item.name)}({parameters}) -> {value_type(item.result)}"
    text += f" in {json.dumps(item.result_register)} is {json.dumps(item.template)}"
    return text + "".join(f" clobbers {json.dumps(one)}" for one in item.clobbers) + "\n"


def program(item: op.Program) -> str:
    """A whole program; parts in the order they have in it."""
    parts = [f"error {number} {quoted(name)}\n" for number, name in sorted(item.errors.items())]
    parts += map(record, item.records.values())
    parts += map(static, item.statics.values())
    parts += map(instruction, item.instructions.values())
    parts += [f"assembly {json.dumps(text)}\n" for text in item.assembly]
    parts += ["\n" + function(one) for one in item.functions.values()]
    return "".join(parts)

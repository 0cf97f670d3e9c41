"""Reads the text that `ir.text` prints: for tests written by hand and for saved programs.

Reports the first thing it cannot read, with its line. It checks syntax only; `ir.verify`
says whether the program makes sense.
"""

from __future__ import annotations

import json
import re

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import text
from exokernel.compiler.ir.tokens import ReadError, Tokens, read_storage_type, read_value_type
from exokernel.compiler.ir.types import BOOL, BYTES, INT, NONE, TEXT, Field, Record, Value

BINARY = {one.value: one for one in op.BinaryOperator}
RELATIONS = {one.value: one for one in op.Relation}
UNARY = {name: one for one, name in text.UNARY_NAMES.items()}
INFIX = {op.Assign, op.Unary, op.Binary, op.Compare, op.Call, op.Instruct, op.Switch, op.SymbolAddress}
REGULAR = {
    text.mnemonic(kind): kind
    for kind in vars(op).values()
    if isinstance(kind, type) and issubclass(kind, op.Operation) and kind not in INFIX | {op.Operation}
}


def read_program(source: str) -> op.Program:
    """The program a text describes. Raises ReadError where it describes none."""
    program, tokens = op.Program(), Tokens(source)
    while tokens.kind != "end":
        if tokens.kind == "line":
            tokens.take("line")
            continue
        name = tokens.take("name")
        if name not in PARTS:
            tokens.fail("a part of a program")
        PARTS[name](tokens, program)
    return program


def read_error(tokens: Tokens, program: op.Program) -> None:
    number = tokens.number()
    program.errors[number] = tokens.name()


def read_assembly(tokens: Tokens, program: op.Program) -> None:
    program.assembly.append(tokens.string())


def read_record(tokens: Tokens, program: op.Program) -> None:
    record = Record(tokens.name())
    program.records[record.name] = record
    tokens.expect("size")
    record.size = tokens.number()
    tokens.expect("align")
    record.alignment = tokens.number()
    record.device = tokens.has("device")
    tokens.expect(":")
    tokens.take("line")
    while not tokens.has("end"):
        offset, name = tokens.number(), tokens.name()
        tokens.expect(":")
        record.fields[name] = Field(name, read_storage_type(tokens), offset)
        tokens.take("line")


def read_static(tokens: Tokens, program: op.Program) -> None:
    name = tokens.take("static")
    tokens.expect(":")
    static = op.StaticVariable(name, read_storage_type(tokens))
    program.statics[name] = static
    if tokens.has("="):
        static.initial = bytes.fromhex(tokens.string())
    if tokens.has("at"):
        static.address = tokens.number() if tokens.kind == "number" else tokens.string()
    if tokens.has("section"):
        static.section = tokens.string()
    if tokens.has("align"):
        static.alignment = tokens.number()
    static.constant = tokens.has("constant")


def read_instruction(tokens: Tokens, program: op.Program) -> None:
    form = op.InstructionForm(tokens.name(), "", [], NONE)
    program.instructions[form.name] = form
    tokens.expect("(")
    while not tokens.has(")"):
        name = tokens.take("local")
        tokens.expect(":")
        form.parameters.append(op.Local(name, read_value_type(tokens)))
        tokens.expect("in")
        form.registers[name] = tokens.string()
        tokens.has(",")
    tokens.expect("->")
    form.result = read_value_type(tokens)
    tokens.expect("in")
    form.result_register = tokens.string()
    tokens.expect("is")
    form.template = tokens.string()
    while tokens.has("clobbers"):
        form.clobbers += (tokens.string(),)


def read_function(tokens: Tokens, program: op.Program) -> None:
    name = tokens.name()
    parameters: list[op.Local] = []
    tokens.expect("(")
    while not tokens.has(")"):
        parameter = tokens.take("local")
        tokens.expect(":")
        parameters.append(op.Local(parameter, read_value_type(tokens)))
        tokens.has(",")
    tokens.expect("->")
    result = read_value_type(tokens)
    raises: list[int] = []
    while tokens.has("raises" if not raises else ","):
        raises.append(tokens.number())
    function = op.Function(name, parameters, result, frozenset(raises), [])
    if tokens.has("at"):
        function.location = op.Location(tokens.string(), *read_position(tokens))
    tokens.expect(":")
    tokens.take("line")
    program.functions[name] = function
    FunctionReader(tokens, function).read()


def read_position(tokens: Tokens) -> tuple[int, int]:
    tokens.expect(":")
    line = tokens.number()
    tokens.expect(":")
    return line, tokens.number()


PARTS = {
    "error": read_error,
    "assembly": read_assembly,
    "record": read_record,
    "static": read_static,
    "instruction": read_instruction,
    "function": read_function,
}


class FunctionReader:
    """Reads the body of one function; knows the types of its locals."""

    def __init__(self, tokens: Tokens, function: op.Function) -> None:
        self.tokens = tokens
        self.function = function
        self.file = function.location.file if function.location else ""
        self.types: dict[str, Value] = {one.name: one.type for one in function.parameters}

    def read(self) -> None:
        tokens, function = self.tokens, self.function
        while not tokens.has("block"):
            if tokens.has("attribute"):
                key = tokens.name()
                function.attributes[key] = tokens.string()
            elif tokens.has("local"):
                function.locals.append(self.declared())
            elif tokens.has("slot"):
                name = tokens.take("slot")
                tokens.expect(":")
                function.slots[name] = read_storage_type(tokens)
            else:
                if tokens.has("end"):
                    return
                tokens.fail("a block")
            tokens.take("line")
        self.find_temporaries()
        self.read_blocks()

    def declared(self) -> op.Local:
        name = self.tokens.take("local")
        self.tokens.expect(":")
        self.types[name] = read_value_type(self.tokens)
        return op.Local(name, self.types[name])

    def find_temporaries(self) -> None:
        """Learn the types of temporaries, which may be used above the line that assigns them."""
        start = self.tokens.position
        while self.tokens.items[self.tokens.position][1] != "end":
            kind, found, _ = self.tokens.items[self.tokens.position]
            is_target = kind == "local" and found[1].isdigit()
            if is_target and self.tokens.items[self.tokens.position + 1][1] == ":":
                self.declared()
            else:
                self.tokens.position += 1
        self.tokens.position = start

    def read_blocks(self) -> None:
        tokens = self.tokens
        while True:
            block = op.Block(tokens.name())
            tokens.expect(":")
            tokens.take("line")
            self.function.blocks.append(block)
            while tokens.text not in ("block", "end"):
                operation = self.operation()
                operation.location = self.location()
                tokens.take("line")
                block.operations.append(operation)
            if tokens.has("end"):
                return
            tokens.expect("block")

    def location(self) -> op.Location | None:
        if self.tokens.kind != "location":
            return None
        found = re.match(r"; (?:(.+):)?(\d+):(\d+)(?: in (.*))?\Z", self.tokens.take("location").rstrip())
        if found is None:
            self.tokens.fail("a location")
        file, line, column, function = found.groups()
        return op.Location(file or self.file, int(line), int(column), function or "")

    def local(self) -> op.Local:
        name = self.tokens.take("local")
        if name not in self.types:
            raise ReadError(f"{self.function.name}: no local is called {name}")
        return op.Local(name, self.types[name])

    def target(self) -> op.Local:
        found = self.local()
        if self.tokens.has(":"):
            read_value_type(self.tokens)
        return found

    def operand(self) -> op.Operand:
        tokens = self.tokens
        if tokens.kind == "local":
            return self.local()
        value: int | bool | str | bytes | None
        kind: Value
        if tokens.kind == "number":
            value, kind = tokens.number(), INT
        elif tokens.kind == "string":
            value, kind = tokens.string(), TEXT
        elif tokens.kind == "bytes":
            value, kind = json.loads(tokens.take("bytes")[1:]).encode("latin-1"), BYTES
        elif tokens.text in ("true", "false"):
            value, kind = tokens.name() == "true", BOOL
        else:
            tokens.expect("none")
            value, kind = None, NONE
        if tokens.has("as"):
            kind = read_value_type(tokens)
        return op.Constant(value, kind)

    def place(self) -> op.Place:
        tokens = self.tokens
        base: op.Static | op.Slot | op.Local
        if tokens.kind == "static":
            base = op.Static(tokens.take("static"))
        elif tokens.kind == "slot":
            base = op.Slot(tokens.take("slot"))
        else:
            base = self.local()
        path: list[op.Step] = []
        while not tokens.has(":"):
            if tokens.has("->"):
                path.append(op.FieldStep(tokens.name()))
                continue
            tokens.expect("[")
            path.append(op.IndexStep(self.operand(), tokens.has("proved")))
            tokens.expect("]")
        return op.Place(base, tuple(path), read_storage_type(tokens))

    def operands(self, closing: str) -> tuple[op.Operand, ...]:
        found: list[op.Operand] = []
        while self.tokens.text != closing and self.tokens.kind not in ("line", "location"):
            found.append(self.operand())
            self.tokens.has(",")
        self.tokens.has(closing)
        return tuple(found)

    def operation(self) -> op.Operation:
        if self.tokens.kind != "local":
            return self.unassigned(None)
        goal = self.target()
        self.tokens.expect("=")
        name = self.tokens.text
        if self.tokens.kind == "name" and name not in ("true", "false", "none"):
            return self.unassigned(goal)
        return self.infix(goal)

    def infix(self, goal: op.Local) -> op.Operation:
        left = self.operand()
        sign = self.tokens.text
        if sign in BINARY:
            self.tokens.expect(sign)
            return op.Binary(goal, BINARY[sign], left, self.operand(), self.tokens.has("proved"))
        if sign in RELATIONS:
            self.tokens.expect(sign)
            return op.Compare(goal, RELATIONS[sign], left, self.operand())
        return op.Assign(goal, left)

    def unassigned(self, goal: op.Local | None) -> op.Operation:
        """An operation that begins with its name."""
        tokens = self.tokens
        name = tokens.name()
        if name in ("call", "instruct"):
            return self.call(name, goal)
        if name == "switch":
            return self.switch()
        if goal is not None and name in UNARY:
            return op.Unary(goal, UNARY[name], self.operand())
        if goal is not None and name in ("symbol_address", "function_address"):
            return op.SymbolAddress(goal, tokens.name(), name == "function_address")
        if name not in REGULAR:
            tokens.fail(f"an operation ({name} is none)")
        return self.regular(REGULAR[name], goal)

    def regular(self, kind: type[op.Operation], goal: op.Local | None) -> op.Operation:
        values: dict[str, object] = {} if goal is None else {"target": goal}
        for number, (name, annotation) in enumerate(text.regular_fields(kind)):
            if self.tokens.kind in ("line", "location"):
                break
            if number:
                self.tokens.expect(",")
            values[name] = self.argument(annotation)
        if self.tokens.has("proved"):
            values["proved"] = True
        try:
            return kind(**values)  # type: ignore[arg-type]  # the names come from the class itself
        except TypeError:
            self.tokens.fail(f"an operand of {text.mnemonic(kind)}")

    def argument(self, annotation: str) -> object:
        tokens = self.tokens
        match annotation:
            case "int":
                return tokens.number()
            case "str":
                return tokens.name()
            case "Place":
                return self.place()
            case "Fault":
                return op.Fault[tokens.name()]
            case "tuple[Operand, ...]":
                return self.operands("")
            case _:
                return self.operand()

    def call(self, name: str, goal: op.Local | None) -> op.Operation:
        callee = self.tokens.name()
        self.tokens.expect("(")
        arguments = self.operands(")")
        if name == "instruct":
            return op.Instruct(goal, callee, arguments)
        return op.Call(goal, callee, arguments, self.target() if self.tokens.has("error") else None)

    def switch(self) -> op.Operation:
        tokens = self.tokens
        value = self.operand()
        tokens.expect("{")
        cases: list[tuple[int, str]] = []
        while not tokens.has("}"):
            number = tokens.number()
            tokens.expect(":")
            cases.append((number, tokens.name()))
            tokens.has(",")
        tokens.expect("else")
        return op.Switch(value, tuple(cases), tokens.name())

"""Calls, machine instructions, and how blocks and functions end.

Every way out of a function goes through one return block that reads two kinds of slot, the
result's and the error's: LLVM then keeps both in registers, where a return in each place would
leave chains of tests behind. Who calls a function that raises does not look at its result; only
what leaves by a gate is zero then, so that nothing stale is seen outside.
"""

from __future__ import annotations

import re

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import BOOL, Value
from exokernel.compiler.lower.arithmetic import resized
from exokernel.compiler.lower.emitter import Emitter
from exokernel.compiler.lower.scalars import result_scalars, returned, scalars
from exokernel.compiler.lower.support import NOTE_RAISE_SITE

REGISTER = re.compile(r"([re]?[abcd]x|[re]?[sd]i|[re]?[sb]p|r\d+[bwd]?|[abcd][lh]|[xyz]mm\d+)\Z")
LETTERS = {"a": "{ax}", "b": "{bx}", "c": "{cx}", "d": "{dx}", "S": "{si}", "D": "{di}"}


def typed(values: tuple[str, ...], types: tuple[str, ...]) -> list[str]:
    return [f"{kind} {value}" for kind, value in zip(types, values)]


def call(emitter: Emitter, item: op.Call) -> None:
    callee = emitter.module.program.functions[item.function]
    arguments = ", ".join(
        one for argument in item.arguments for one in typed(emitter.value(argument), scalars(argument.type))
    )
    types = result_scalars(callee)
    text = f"call {returned(types)} {emitter.module.function_symbol(item.function)}({arguments})"
    if not types:
        emitter.emit(text)
        return
    pieces = unpacked(emitter, emitter.define(text), types)
    if callee.raises:
        if item.error is not None:
            emitter.assign(item.error, emitter.define(f"zext i32 {pieces[-1]} to i64"))
        pieces = pieces[:-1]
    elif item.error is not None:
        emitter.assign(item.error, "0")
    if item.target is not None:
        emitter.assign(item.target, *pieces)


def unpacked(emitter: Emitter, result: str, types: tuple[str, ...]) -> tuple[str, ...]:
    if len(types) == 1:
        return (result,)
    return tuple(emitter.define(f"extractvalue {returned(types)} {result}, {part}") for part in range(len(types)))


# Machine instructions


def constraint(letter: str) -> str:
    """A register or constraint letter as LLVM writes it."""
    return f"{{{letter}}}" if REGISTER.match(letter) else LETTERS.get(letter, letter)


def machine_type(kind: Value) -> tuple[str, ...]:
    """The scalars of a value as an instruction takes them: a truth is a byte."""
    return ("i8",) if kind == BOOL else scalars(kind)


def template_text(form: op.InstructionForm) -> str:
    """The template with operands numbered: results first, then parameters."""
    names = ["result"] * len(form.result_register.split(",")) if form.result_register else []
    numbers = {parameter.name: len(names) + at for at, parameter in enumerate(form.parameters)}
    if names:
        numbers["result"] = 0

    def operand(found: re.Match[str]) -> str:
        name, _, width = found.group(1).partition(":")
        return f"${{{numbers[name]}:{width}}}" if width else f"${numbers[name]}"

    return re.sub(r"\{(\w+(?::\w)?)\}", operand, form.template.replace("$", "$$"))


def constraints_text(form: op.InstructionForm) -> str:
    """Where results and operands are, and what else is changed."""
    results = [f"={constraint(one)}" for one in form.result_register.split(",") if one]
    operands = [
        constraint(form.registers.get(parameter.name, "r")) for parameter in form.parameters for _ in machine_type(parameter.type)
    ]
    changed = [f"~{{{one}}}" for one in sorted({*form.clobbers, "flags", "dirflag", "fpsr"})]
    return ",".join([*results, *operands, *changed])


def escaped(text: str) -> str:
    """Text between the quotes of an LLVM string."""
    return escaped_octets(text.encode())


def quoted(text: str) -> str:
    return f'"{escaped(text)}"'


def escaped_octets(octets: bytes) -> str:
    return "".join(chr(one) if 32 <= one < 127 and one not in b'"\\' else f"\\{one:02X}" for one in octets)


def instruct(emitter: Emitter, item: op.Instruct) -> None:
    form = emitter.module.program.instructions[item.instruction]
    arguments: list[str] = []
    for argument in item.arguments:
        for value, given, wanted in zip(emitter.value(argument), scalars(argument.type), machine_type(argument.type)):
            taken = value if given == wanted else resized(emitter, value, given, wanted)
            arguments.append(f"{wanted} {taken}")
    types = machine_type(form.result)
    text = (
        f'call {returned(types)} asm sideeffect "{escaped(template_text(form))}", '
        f'"{constraints_text(form)}"({", ".join(arguments)})'
    )
    if not types:
        emitter.emit(text)
        return
    pieces = unpacked(emitter, emitter.define(text), types)
    if form.result == BOOL:
        pieces = (emitter.define(f"icmp ne i8 {pieces[0]}, 0"),)
    emitter.assign(item.target, *pieces)


# Terminators


def block_label(name: str) -> str:
    return f'"b.{name}"'


def jump(emitter: Emitter, item: op.Jump) -> None:
    emitter.emit(f"br label %{block_label(item.block)}")


def branch(emitter: Emitter, item: op.Branch) -> None:
    condition = emitter.scalar(item.condition)
    raising = raising_blocks(emitter.function)
    is_guard = (item.then in raising) != (item.otherwise in raising)  # and stays a branch of its own
    if is_guard and "syscall" not in emitter.function.attributes:  # what a gate tests costs no more than a branch
        expected = "false" if item.then in raising else "true"
        condition = emitter.define(f"call i1 @llvm.expect.i1(i1 {condition}, i1 {expected})")
    then, otherwise = block_label(item.then), block_label(item.otherwise)
    emitter.emit(f"br i1 {condition}, label %{then}, label %{otherwise}")


def raising_blocks(function: op.Function) -> set[str]:
    """The blocks that end by raising, which is the rare way."""
    return {block.name for block in function.blocks if block.operations and isinstance(block.operations[-1], op.Raise)}


def switch(emitter: Emitter, item: op.Switch) -> None:
    (kind,) = scalars(item.value.type)
    value = emitter.scalar(item.value)
    cases = " ".join(f"{kind} {number}, label %{block_label(block)}" for number, block in item.cases)
    emitter.emit(f"switch {kind} {value}, label %{block_label(item.default)} [{cases}]")


def leave(emitter: Emitter, pieces: tuple[str, ...]) -> None:
    """Put the result and the error into their slots and go to the return block."""
    for number, (kind, piece) in enumerate(zip(result_scalars(emitter.function), pieces)):
        emitter.emit(f"store {kind} {piece}, ptr %.return.{number}")
    emitter.emit("br label %return")


def return_(emitter: Emitter, item: op.Return) -> None:
    pieces = () if item.value is None else emitter.value(item.value)
    leave(emitter, (*pieces, "0"))


def raise_(emitter: Emitter, item: op.Raise) -> None:
    if emitter.module.conventions.raise_sites and isinstance(item.error, op.Constant):
        emitter.emit(f'call void asm sideeffect "{NOTE_RAISE_SITE}", "~{{rax}},~{{memory}}"()')
    error = emitter.define(f"trunc i64 {emitter.scalar(item.error)} to i32")
    leave(emitter, (*("poison" for _ in scalars(emitter.function.result)), error))  # nobody looks at the value


def return_block(emitter: Emitter) -> None:
    """The one way out of the function."""
    types = result_scalars(emitter.function)
    emitter.entry += [f"  %.return.{number} = alloca {kind}" for number, kind in enumerate(types)]
    emitter.start("return")
    values = tuple(emitter.define(f"load {kind}, ptr %.return.{number}") for number, kind in enumerate(types))
    if len(types) > 1:
        whole = "poison"
        for number, (kind, value) in enumerate(zip(types, values)):
            whole = emitter.define(f"insertvalue {returned(types)} {whole}, {kind} {value}, {number}")
        values = (whole,)
    emitter.emit(f"ret {returned(types)} {values[0]}" if types else "ret void")


def stop(emitter: Emitter, item: op.Stop) -> None:
    emitter.lines += emitter.stopping(item.fault)


def assume(emitter: Emitter, item: op.Assume) -> None:
    emitter.check(emitter.scalar(item.condition), item.fault)

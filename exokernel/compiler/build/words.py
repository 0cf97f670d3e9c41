"""Making values of word, enumeration and name types."""

from __future__ import annotations

import ast

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import context
from exokernel.compiler.build.values import Value
from exokernel.compiler.check import annotation, classes, types
from exokernel.compiler.check.declarations import EnumClass, NameType, WordClass
from exokernel.compiler.check.types import lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


def make(builder: FunctionBuilder, node: ast.Call, word: WordClass) -> Value:
    """`Entry(present=True, ...)`: fields not named are 0."""
    if node.args:
        raise builder.error("the fields of a word are given by name", node.args[0], f"or `{word.short}.of(bits)`")
    kind = types.Word(word)
    return _with_fields(builder, node, word, Value(kind, op.Constant(0, lowered(kind))))


def replace(builder: FunctionBuilder, node: ast.Call, receiver: Value) -> Value:
    """`word.replace(field=...)`."""
    assert isinstance(receiver.type, types.Word)
    if node.args:
        hint = ", ".join(f"{each}=..." for each in classes.word_fields(receiver.type.declaration))
        raise builder.error("the fields of a word are given by name", node.args[0], hint)
    return _with_fields(builder, node, receiver.type.declaration, builder.copy(receiver))


def joined(builder: FunctionBuilder, node: ast.Call, receiver: Value, without: bool) -> Value:
    """`word.joined(other)` has the bits of both, `word.without(other)` those of the first alone."""
    receiver = builder.copy(receiver)
    if len(node.args) != 1 or node.keywords:
        raise builder.error(f"this takes another {receiver.type}", node, "its fields are changed by `replace`")
    given = builder.coerced(node.args[0], receiver.type)
    bits, target = integer(builder, Value(receiver.type, given)), builder.temporary(receiver.type)
    builder.at(node)
    if without and isinstance(bits, op.Constant):
        bits = op.Constant(~int(bits.value or 0), ir.INT)
    elif without:
        builder.emit(op.Unary(inverted := builder.temporary(types.INT), op.UnaryOperator.INVERT, bits))
        bits = inverted
    made = builder.temporary(types.INT)
    symbol = op.BinaryOperator.AND if without else op.BinaryOperator.OR
    builder.emit(op.Binary(made, symbol, integer(builder, receiver), bits))
    builder.emit(op.WordOf(target, made))
    return Value(receiver.type, target)


def _with_fields(builder: FunctionBuilder, node: ast.Call, word: WordClass, start: Value) -> Value:
    fields, given = classes.word_fields(word), []
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg not in fields:
            raise builder.error(f"`{word.short}` has no field `{keyword.arg}`", keyword, ", ".join(fields))
        field = fields[keyword.arg]
        value = builder.copy(builder.value(keyword.value, field.type))
        if not types.accepts(field.type, value.type):
            raise builder.mismatch(value.type, field.type, keyword.value, f"field `{field.name}`")
        given.append((field, value, keyword))
    current = start.operand
    for field, value, keyword in given:
        builder.at(keyword)
        current = _insert(builder, current, field.low, field.size, value, keyword)
    return Value(start.type, current)


def _insert(
    builder: FunctionBuilder, word: op.Operand, low: int, size: int, value: Value, node: ast.AST
) -> op.Operand:
    """The word with one field set; computed here when all is known."""
    if isinstance(value.operand, op.Constant):
        number = int(value.operand.value or 0)
        if not 0 <= number < 1 << size:
            hint = f"the largest that does is {(1 << size) - 1:#x}"
            raise builder.error(f"{number:#x} does not fit a field of {size} bits", node, hint)
        if isinstance(word, op.Constant):
            cleared = int(word.value or 0) & ~(((1 << size) - 1) << low)
            return op.Constant(cleared | number << low, word.type)
    operand = value.operand
    if isinstance(value.type, types.Word):
        operand = integer(builder, value)
    target = builder.temporary_of(word.type)
    builder.emit(op.Insert(target, word, low, size, operand))
    return target


def of(builder: FunctionBuilder, node: ast.Call, word: WordClass) -> Value:
    """`Word.of(number)`: its low bits."""
    if len(node.args) != 1 or node.keywords:
        raise builder.error(f"`{word.short}.of` takes one number", node, f"write `{word.short}.of(bits)`")
    kind = types.Word(word)
    value = builder.value(node.args[0])
    if not types.is_number(value.type):
        raise builder.mismatch(value.type, types.INT, node.args[0])
    if isinstance(value.operand, op.Constant):
        return Value(kind, op.Constant(int(value.operand.value or 0) & (1 << word.width) - 1, lowered(kind)))
    target = builder.temporary(kind)
    builder.at(node)
    builder.emit(op.WordOf(target, value.operand))
    return Value(kind, target)


def integer(builder: FunctionBuilder, value: Value) -> op.Operand:
    """The bits of a word, or a bool as 0 or 1."""
    if isinstance(value.operand, op.Constant):
        number = int(value.operand.value or 0)
        if isinstance(value.type, types.Word) and value.type.declaration.width == 64 and number >> 63:
            number -= 1 << 64
        return op.Constant(number, ir.INT)
    target = builder.temporary(types.INT)
    builder.emit(op.IntegerOf(target, value.operand))
    return target


def conversion(builder: FunctionBuilder, node: ast.Call, declared: NameType) -> Value:
    """`Frame(number)`: a claim about a number, erased."""
    name = node.func
    wanted = annotation.of_name(context(builder), name, declared)
    if len(node.args) != 1 or node.keywords:
        raise builder.error(f"`{wanted}` takes one number", node, f"write `{wanted}(number)`")
    value = builder.value(node.args[0])
    if not types.is_number(value.type):
        raise builder.mismatch(value.type, types.INT, node.args[0])
    return Value(types.value_of(wanted), value.operand)


def enumeration(builder: FunctionBuilder, node: ast.Call, enum: EnumClass) -> Value:
    """`Kind(number)`: faults unless a member has that number; flags take any."""
    if len(node.args) != 1 or node.keywords:
        raise builder.error(f"`{enum.short}` takes one number", node, f"write `{enum.short}(number)`, or name a member")
    value = builder.copy(builder.value(node.args[0]))
    if not types.is_number(value.type):
        raise builder.mismatch(value.type, types.INT, node.args[0])
    kind = types.Enum(enum)
    members = sorted(set(classes.enum_members(enum).values()))
    if isinstance(value.operand, op.Constant):
        if not enum.flags and value.operand.value not in members:
            hint = ", ".join(f"{name} is {number}" for name, number in classes.enum_members(enum).items())
            raise builder.error(f"{value.operand.value!r} is no {enum.short}", node, hint)
        return Value(kind, value.operand)
    if not enum.flags and value.type != kind:
        builder.at(node)
        _check_member(builder, value.operand, members)
    return Value(kind, value.operand)


def _check_member(builder: FunctionBuilder, operand: op.Operand, members: list[int]) -> None:
    """Fault (VALUE) unless the number is one of these."""
    named, unnamed = builder.new_block("named"), builder.new_block("unnamed")
    builder.end(op.Switch(operand, tuple((each, named.name) for each in members), unnamed.name))
    builder.start(unnamed)
    builder.end(op.Stop(op.Fault.VALUE))
    builder.start(named)

"""`print`: f-strings and their like, written piece by piece by the output module.

Everything is computed before anything is written, as CPython does when it builds the string.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from exokernel.compiler.build import calls
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import intrinsic
from exokernel.compiler.build.values import Result, Value
from exokernel.compiler.check import functions, types
from exokernel.compiler.check.declarations import FunctionDeclaration
from exokernel.compiler.check.types import Type, lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

BASES = {"": 10, "d": 10, "x": 16, "o": 8, "b": 2}
SPECIFICATION = re.compile(r"(?:(?P<fill>[^0])?(?P<align>>))?(?P<zero>0)?(?P<width>\d*)(?P<kind>[dxob]?)\Z")


@dataclass(frozen=True)
class Piece:
    """One thing to write: text, or a number in some form."""

    value: Value
    width: op.Operand = op.Constant(0, ir.INT)
    fill: str = " "
    base: int = 10
    node: ast.AST | None = None


@intrinsic("builtins.print")
def print_(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    """`print(*parts, sep=, end=, file=)`."""
    named = {each.arg: each.value for each in node.keywords}
    unknown = sorted(str(key) for key in set(named) - {"sep", "end", "file", "flush"})
    if unknown:
        raise builder.error(f"`print` has no `{unknown[0]}` here", node, "it has `sep`, `end` and `file`")
    separator = _text(builder, named.get("sep"), " ")
    stream = _stream(builder, node, named.get("file"))
    ending = _text(builder, named.get("end"), "\n")
    pieces: list[Piece] = []
    for position, each in enumerate(node.args):
        if position:
            pieces.append(separator)
        pieces.extend(pieces_of(builder, each))
    builder.at(node)
    for piece in _joined([*pieces, ending]):
        _write(builder, node, stream, piece)
    return Value(types.NONE, op.Constant(None, ir.NONE))


def _text(builder: FunctionBuilder, node: ast.expr | None, default: str) -> Piece:
    if node is None:
        return Piece(Value(types.TEXT, op.Constant(default, ir.TEXT)))
    return Piece(Value(types.TEXT, builder.copy(Value(types.TEXT, builder.coerced(node, types.TEXT))).operand))


def _writer(builder: FunctionBuilder, node: ast.AST, name: str) -> FunctionDeclaration:
    """A function of the output module."""
    module = builder.program.options.output
    scope = builder.program.world.scope(module) if module else None
    found = scope.lookup(name) if scope is not None and name in scope.statements else None
    if not isinstance(found, FunctionDeclaration):
        hint = "use a library that prints, such as `exokernel.libos.exos`"
        raise builder.error(f"`print` needs `{name}` of an output module, and `{module}` has none", node, hint)
    return found


def _stream(builder: FunctionBuilder, node: ast.Call, given: ast.expr | None) -> op.Operand:
    """Where to write: the stream named, or the first."""
    writer = _writer(builder, node, "write_text")
    kind = functions.signature(writer, {}).parameters[0].type
    if given is None:
        return op.Constant(0, lowered(kind))
    return builder.copy(Value(kind, builder.coerced(given, kind))).operand


def pieces_of(builder: FunctionBuilder, node: ast.expr) -> list[Piece]:
    """An argument of `print`, computed and taken apart."""
    if not isinstance(node, ast.JoinedStr):
        return [_piece(builder, node, builder.copy(builder.value(node)))]
    pieces = []
    for each in node.values:
        if isinstance(each, ast.FormattedValue):
            pieces.extend(_formatted(builder, each))
        else:
            pieces.append(_piece(builder, each, builder.value(each)))
    return pieces


def _formatted(builder: FunctionBuilder, node: ast.FormattedValue) -> list[Piece]:
    if node.conversion != -1:
        raise builder.error("there are no conversions like `!r`", node, "print the text itself")
    if isinstance(node.value, ast.JoinedStr):
        return pieces_of(builder, node.value)
    value = builder.copy(builder.value(node.value))
    piece = _piece(builder, node, value)
    if node.format_spec is None:
        return [piece]
    assert isinstance(node.format_spec, ast.JoinedStr)
    if not types.is_number(value.type):
        raise builder.error(f"`{value.type}` takes no format", node, "only numbers are given a width or a base")
    return [_with_format(builder, node, piece, node.format_spec.values)]


def _with_format(builder: FunctionBuilder, node: ast.AST, piece: Piece, parts: list[ast.expr]) -> Piece:
    """A number with width, fill and base; the width may be computed."""
    text, width = "", None
    for each in parts:
        if isinstance(each, ast.FormattedValue):
            if width is not None or each.format_spec is not None:
                raise builder.error("only the width of a format is computed", each, "write the fill and the base out")
            width = builder.copy(Value(types.INT, builder.coerced(each.value, types.INT))).operand
            text += "1"
        else:
            assert isinstance(each, ast.Constant)
            text += str(each.value)
    found = SPECIFICATION.match(text)
    if found is None or (found["align"] and found["zero"]):
        raise builder.error(
            f"the format `{text}` is not known", node, "a width, a 0 or a fill before `>`, and one of d x o b"
        )
    fill = "0" if found["zero"] else found["fill"] or " "
    known = width if width is not None else op.Constant(int(found["width"] or 0), ir.INT)
    return Piece(piece.value, known, fill, BASES[found["kind"]], node)


def _piece(builder: FunctionBuilder, node: ast.expr, value: Value) -> Piece:
    if value.type == types.BOOL:
        return Piece(_named_truth(builder, value), node=node)
    if value.type == types.TEXT or types.is_number(value.type):
        return Piece(value, node=node)
    octets = value.type == types.OCTETS
    hint = "write bytes with the output module, or see them as text with `text_of`" if octets else "print its parts"
    raise builder.error(f"`{value.type}` is not printed", node, hint)


def _named_truth(builder: FunctionBuilder, value: Value) -> Value:
    """A bool as the text Python has for it."""
    if isinstance(value.operand, op.Constant):
        return Value(types.TEXT, op.Constant(str(bool(value.operand.value)), ir.TEXT))
    target = builder.temporary(types.TEXT)
    false, after = builder.new_block("false"), builder.new_block("named")
    builder.emit(op.Assign(target, op.Constant("True", ir.TEXT)))
    builder.branch(value.operand, after, false)
    builder.start(false)
    builder.emit(op.Assign(target, op.Constant("False", ir.TEXT)))
    builder.start(after)
    return Value(types.TEXT, target)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """The pieces with neighbouring constant texts made one, and empty ones left out."""
    found: list[Piece] = []
    for piece in pieces:
        text = _constant_text(piece)
        if text == "":
            continue
        before = _constant_text(found[-1]) if found else None
        if text is not None and before is not None:
            found[-1] = Piece(Value(types.TEXT, op.Constant(before + text, ir.TEXT)))
        else:
            found.append(piece)
    return found


def _constant_text(piece: Piece) -> str | None:
    operand = piece.value.operand
    if isinstance(operand, op.Constant) and isinstance(operand.value, str):
        return operand.value
    return None


def _write(builder: FunctionBuilder, node: ast.Call, stream: op.Operand, piece: Piece) -> None:
    if piece.value.type == types.TEXT:
        arguments = [stream, piece.value.operand]
        name = "write_text"
    else:
        fill = op.Constant(piece.fill, ir.TEXT)
        arguments = [stream, piece.value.operand, piece.width, fill, op.Constant(piece.base, ir.INT)]
        name = "write_integer"
    writer = builder.program.instance(_writer(builder, node, name))
    calls.invoke(builder, writer, list(arguments))

"""What the compiler says when it refuses a program: file, line, caret, one sentence, a hint.

A `CompileError` is raised by any stage and rendered once, by whoever called the compiler.
Nothing here knows a rule of the language; the sentences stand where the rules are checked.
"""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """A piece of one source line; line and columns count from 1, `end` is past the last."""

    file: str
    line: int
    column: int
    end: int
    text: str  # the source line

    @classmethod
    def of(cls, file: str, lines: list[str], node: ast.AST) -> Span:
        """The span of a syntax node; of a node over several lines, its first line."""
        line = getattr(node, "lineno", 1)
        text = lines[line - 1] if line <= len(lines) else ""
        column = _characters(text, getattr(node, "col_offset", 0)) + 1
        last = getattr(node, "end_lineno", line)
        end = _characters(text, getattr(node, "end_col_offset", 0)) + 1 if last == line else len(text) + 1
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            column = text.find(node.name) + 1 or column
            end = column + len(node.name)
        return cls(file, line, column, max(end, column + 1), text)

    @classmethod
    def at(cls, file: str, lines: list[str], line: int, column: int) -> Span:
        """The span of whatever word begins at a position."""
        text = lines[line - 1] if 0 < line <= len(lines) else ""
        word = re.match(r"\w+|.", text[column - 1 :]) if column > 0 else None
        return cls(file, line, max(column, 1), max(column, 1) + (len(word.group()) if word else 1), text)


def _characters(text: str, octets: int) -> int:
    """How many characters the first `octets` of a line are: Python counts columns in UTF-8."""
    return len(text.encode()[:octets].decode(errors="ignore"))


class CompileError(Exception):
    """The program is refused. `others` are further, independent refusals of the same program."""

    def __init__(self, sentence: str, span: Span | None, hint: str = "", follows: bool = False) -> None:
        super().__init__(sentence)
        self.sentence, self.span, self.hint = sentence, span, hint
        self.follows = follows  # only because of another refusal
        self.others: list[CompileError] = []

    def render(self) -> str:
        """The diagnostics as a user reads them, without a final newline."""
        return "\n".join(error._render_one() for error in [self, *self.others])

    def _render_one(self) -> str:
        if self.span is None:
            lines = [f"error: {self.sentence}"]
        else:
            span = self.span
            blank = "".join("\t" if each == "\t" else " " for each in span.text[: span.column - 1])
            lines = [
                f"{span.file}:{span.line}:{span.column}: error: {self.sentence}",
                f"    {span.text}",
                f"    {blank}{'^' * (span.end - span.column)}",
            ]
        return "\n".join(lines + ([f"hint: {self.hint}"] if self.hint else []))


def nearest(name: str, known: Iterable[str], otherwise: str) -> str:
    """A hint that names the known name that is nearest to a wrong one, or `otherwise`."""
    found = difflib.get_close_matches(name, known, 1)
    return f"did you mean `{found[0]}`?" if found else otherwise


def combined(errors: Iterable[CompileError]) -> CompileError:
    """One error that renders as all of them, in source order and without repetition."""
    unique: dict[tuple[object, ...], CompileError] = {}
    found = list(errors)
    for error in [error for error in found if not error.follows] or found:
        unique.setdefault((error.span, error.sentence), error)
    ordered = sorted(unique.values(), key=_position)
    first, rest = ordered[0], ordered[1:]
    first.others = [*first.others, *rest]
    return first


def _position(error: CompileError) -> tuple[str, int, int]:
    return (error.span.file, error.span.line, error.span.column) if error.span else ("", 0, 0)

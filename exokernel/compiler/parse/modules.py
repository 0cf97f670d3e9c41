"""Modules as text and syntax: found by import name, parsed once, never executed.

Does not interpret a module: its names and their meanings belong to `check`.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from exokernel.compiler.diagnostics import CompileError, Span


SYNTAX = {  # words of CPython's, and what to write
    "was never closed": "close it, or take the opening one out",
    "unmatched": "take it out, or open it before",
    "expected ':'": "end the line with `:`",
    "expected an indented block": "indent the body by four spaces; an empty one is `pass`",
    "indent": "indent the lines of one block alike, by four spaces",
    "unterminated": "end it with the quote it begins with",
    "outside loop": "`break` and `continue` stand in a `for` or a `while`",
    "not properly in loop": "`break` and `continue` stand in a `for` or a `while`",
    "duplicate argument": "give each parameter a name of its own",
    "remaining patterns unreachable": "let the arm that takes everything be the last",
}
MISPLACED = ("outside loop", "not properly in loop", "duplicate argument", "remaining patterns unreachable")


@dataclass(eq=False)
class Module:
    """One parsed file. `display` is its path as diagnostics and debug information show it."""

    name: str
    path: Path
    display: str
    text: str
    tree: ast.Module
    trusted: bool  # part of the system (`exokernel/` of the first root), not of a user's program
    lines: list[str] = field(default_factory=list)

    def span(self, node: ast.AST) -> Span:
        return Span.of(self.display, self.lines, node)


@dataclass
class Loader:
    """Finds modules under `roots`, the first of which holds the system itself.

    `substitutions` sends one import name (or package) to another; `files` gives single
    modules an explicit path.
    """

    roots: tuple[Path, ...]
    substitutions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)

    def canonical(self, name: str) -> str:
        """The name after substitution, of the longest package that has one."""
        parts = name.split(".")
        for count in range(len(parts), 0, -1):
            target = self.substitutions.get(".".join(parts[:count]))
            if target is not None:
                return ".".join([target, *parts[count:]])
        return name

    def find(self, name: str) -> Path | None:
        """The file of a module, or None when there is none."""
        if name in self.files:
            return self.files[name]
        relative = Path(*name.split("."))
        for root in self.roots:
            for candidate in (root / relative.with_suffix(".py"), root / relative / "__init__.py"):
                if candidate.is_file():
                    return candidate
        return None

    def exists(self, name: str) -> bool:
        name = self.canonical(name)
        return name in self.modules or self.find(name) is not None

    def load(self, name: str) -> Module | None:
        """The module of this name, parsed; None when no file has it.

        Raises:
            CompileError: it cannot be read or is not Python.
        """
        name = self.canonical(name)
        if name not in self.modules:
            path = self.find(name)
            if path is None:
                return None
            self.modules[name] = self._read(name, path)
        return self.modules[name]

    def _read(self, name: str, path: Path) -> Module:
        display, trusted = self._display(path)
        text = _decoded(path, display)
        try:
            with warnings.catch_warnings(action="ignore"):  # what matters is refused later, with a hint
                tree = ast.parse(text, filename=display)
                _refuse_misplaced(text, display)
        except SyntaxError as error:
            hint = next((each for words, each in SYNTAX.items() if words in error.msg), "the mistake is at the mark or just before it")
            raise CompileError(f"this is not Python: {error.msg}", _syntax_span(display, error), hint) from None
        except (ValueError, RecursionError, MemoryError):
            lines = text.splitlines()
            longest = max(range(len(lines)), key=lambda number: len(lines[number]))
            span = Span.at(display, lines, longest + 1, 1)
            raise CompileError("this is nested too deeply", span, "give its parts names") from None
        module = Module(name, path, display, text, tree, trusted, text.splitlines())
        _refuse_surrogates(module)
        return module

    def _display(self, path: Path) -> tuple[str, bool]:
        resolved = path.resolve()
        for position, root in enumerate(self.roots):
            if resolved.is_relative_to(root.resolve()):
                relative = resolved.relative_to(root.resolve())
                return str(relative), position == 0 and relative.parts[0] == "exokernel"
        return str(path), False


def _decoded(path: Path, display: str) -> str:
    """The text of a file, or a refusal that shows the line at which it is none."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CompileError(f"{display} cannot be read: {error.strerror}", None, "make it a file that you may read") from None
    try:
        text, bad = content.decode("utf-8-sig"), content.find(b"\0")
    except UnicodeDecodeError as error:
        text, bad = content.decode("utf-8", "replace"), error.start
    if bad >= 0:
        before = content[:bad].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1
        span = Span.at(display, text.splitlines(), line, column)
        raise CompileError(f"the byte {content[bad]:#04x} is no text", span, "source files are UTF-8")
    return text


def _refuse_misplaced(text: str, display: str) -> None:
    """Raise the SyntaxErrors that CPython finds only after parsing; the others have better words of ours."""
    try:
        compile(text, display, "exec", dont_inherit=True)
    except SyntaxError as error:
        if any(words in error.msg for words in MISPLACED):
            raise


def _refuse_surrogates(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                node.value.encode()
            except UnicodeEncodeError:
                raise CompileError("text is UTF-8, which has no surrogates", module.span(node), "bytes hold anything: `b\"...\"`") from None


def _syntax_span(display: str, error: SyntaxError) -> Span:
    line, column = error.lineno or 1, max(error.offset or 1, 1)
    end = error.end_offset if error.end_lineno == error.lineno and error.end_offset else column + 1
    return Span(display, line, column, max(end, column + 1), (error.text or "").rstrip("\n"))

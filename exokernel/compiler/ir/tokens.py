"""Tokens and types of the IR's text: the lower half of `ir.reader`.

Knows how names, numbers, strings and types are written, and nothing about operations.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from exokernel.compiler.ir.types import BOOL, BYTES, INT, NONE, TEXT, Cell, Embedded, Reference, Run, Storage
from exokernel.compiler.ir.types import Truth, Tuple, Value, View, Word, WordCell

TOKEN = re.compile(
    r"""(?P<space>[ \t]+)|(?P<line>\n)|(?P<comment>\#[^\n]*)|(?P<location>;[^\n]*)
    |(?P<local>%(?:[\w.]+|`[^`]*`))|(?P<static>@(?:[\w.]+|`[^`]*`))|(?P<slot>\$(?:[\w.]+|`[^`]*`))
    |(?P<bytes>b"(?:[^"\\]|\\.)*")|(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<number>-?\d+(?![\w.]))|(?P<name>[\w.]+|`[^`]*`)
    |(?P<sign>->|<<<|>>>|<<|>>|//|\+%|-%|\*%|==|!=|<=|>=|<u|[-+*%&|^<>=:,(){}\[\]?])""",
    re.VERBOSE,
)


class ReadError(Exception):
    """The text is not IR: what was wrong, and on which line."""


class Tokens:
    """The tokens of a text, read from left to right."""

    def __init__(self, source: str) -> None:
        self.items: list[tuple[str, str, int]] = []
        self.position = 0
        at, line = 0, 1
        while at < len(source):
            found = TOKEN.match(source, at)
            if found is None:
                raise ReadError(f"line {line}: cannot read {source[at : at + 20]!r}")
            kind = str(found.lastgroup)
            if kind not in ("space", "comment") and not (kind == "line" and self.after_line()):
                self.items.append((kind, found.group(), line))
            line += kind == "line"
            at = found.end()
        self.items.append(("line", "", line))
        self.items.append(("end", "", line))

    def after_line(self) -> bool:
        return not self.items or self.items[-1][0] == "line"

    @property
    def kind(self) -> str:
        return self.items[self.position][0]

    @property
    def text(self) -> str:
        return self.items[self.position][1]

    def fail(self, wanted: str) -> NoReturn:
        _, found, line = self.items[self.position]
        raise ReadError(f"line {line}: {wanted} is wanted, not {found!r}")

    def take(self, kind: str) -> str:
        """The text of the next token, which must be of this kind; names without their backquotes."""
        if self.kind != kind:
            self.fail(f"a {kind}")
        found = self.text
        self.position += 1
        if kind in ("local", "static", "slot"):
            found = found[1:]
        return found.strip("`") if kind in ("local", "static", "slot", "name") else found

    def has(self, found: str) -> bool:
        """Step over the next token if it is this one."""
        if self.text != found or self.kind in ("string", "bytes", "end"):
            return False
        self.position += 1
        return True

    def expect(self, *wanted: str) -> None:
        for one in wanted:
            if not self.has(one):
                self.fail(repr(one))

    def number(self) -> int:
        return int(self.take("number"))

    def name(self) -> str:
        return self.take("number") if self.kind == "number" else self.take("name")

    def string(self) -> str:
        return str(json.loads(self.take("string")))


def read_value_type(tokens: Tokens) -> Value:
    if tokens.has("("):
        items: list[Value] = []
        while not tokens.has(")"):
            items.append(read_value_type(tokens))
            tokens.has(",")
        return Tuple(tuple(items))
    name = tokens.name()
    if name == "word":
        return read_word(tokens)
    if name == "ref":
        record = tokens.name()
        return Reference(record, tokens.has("?"))
    if name == "view":
        return View(read_storage_type(tokens))
    simple: dict[str, Value] = {"int": INT, "bool": BOOL, "none": NONE, "text": TEXT, "bytes": BYTES}
    return simple[name] if name in simple else tokens.fail("a type")


def read_word(tokens: Tokens) -> Word:
    name = tokens.name()
    tokens.expect(":")
    return Word(name, tokens.number())


def read_storage_type(tokens: Tokens) -> Storage:
    is_name = not tokens.text.startswith("`")
    name = tokens.name()
    storage: Storage = Embedded(name)
    if is_name and re.match(r"[ui]\d+\Z", name):
        storage = Cell(int(name[1:]), name[0] == "i")
    elif is_name and name == "bool":
        storage = Truth()
    elif is_name and name == "word":
        storage = WordCell(read_word(tokens))
    while tokens.has("["):
        storage = Run(storage, tokens.number())
        tokens.expect("]")
    return storage

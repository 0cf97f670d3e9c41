"""Types of the IR: what a local holds, and how memory is laid out.

Two families, never mixed. A *value type* is what a local or an operand has; it lives in
registers. A *storage type* is what a field, an element or a static occupies; it has a size
and an alignment. Enumerations, flags and name types are checked before the IR exists, so
here they are all INT. This module decides no layout beyond natural alignment.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Integer:
    """A count, index or name: 64 bits, signed."""

    def __str__(self) -> str:
        return "int"


@dataclass(frozen=True)
class Boolean:
    """True or False; one bit in a register, one byte in memory."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Nothing:
    """The result of a function that returns none."""

    def __str__(self) -> str:
        return "none"


@dataclass(frozen=True)
class Word:
    """An immutable machine word of `width` bits, seen as named fields."""

    name: str
    width: int

    def __str__(self) -> str:
        return f"word {self.name}:{self.width}"


@dataclass(frozen=True)
class Reference:
    """A reference to one record; never null unless `optional`."""

    record: str
    optional: bool = False

    def __str__(self) -> str:
        return f"ref {self.record}{'?' if self.optional else ''}"


@dataclass(frozen=True)
class View:
    """A reference to a run of elements, with its length: `Array[T]`."""

    element: Storage

    def __str__(self) -> str:
        return f"view {self.element}"


@dataclass(frozen=True)
class Text:
    """An immutable run of UTF-8 bytes (`str`), with its length in bytes."""

    def __str__(self) -> str:
        return "text"


@dataclass(frozen=True)
class Bytes:
    """An immutable run of bytes (`bytes`), with its length."""

    def __str__(self) -> str:
        return "bytes"


@dataclass(frozen=True)
class Tuple:
    """Several values at once: a tuple or a NamedTuple."""

    items: tuple[Value, ...]

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.items))})"


Value = Integer | Boolean | Nothing | Word | Reference | View | Text | Bytes | Tuple

INT, BOOL, NONE, TEXT, BYTES = Integer(), Boolean(), Nothing(), Text(), Bytes()


@dataclass(frozen=True)
class Cell:
    """One integer in memory. A store that does not fit faults, unless `bits` is 64 and signed."""

    bits: int
    signed: bool = False

    def __str__(self) -> str:
        return f"{'i' if self.signed else 'u'}{self.bits}"


@dataclass(frozen=True)
class Truth:
    """One boolean in memory: a byte that holds 0 or 1."""

    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class WordCell:
    """One word in memory."""

    word: Word

    def __str__(self) -> str:
        return str(self.word)


@dataclass(frozen=True)
class Embedded:
    """A record laid out in place."""

    record: str

    def __str__(self) -> str:
        return self.record


@dataclass(frozen=True)
class Run:
    """`length` elements laid out in place."""

    element: Storage
    length: int

    def __str__(self) -> str:
        return f"{self.element}[{self.length}]"


Storage = Cell | Truth | WordCell | Embedded | Run

U8, I64 = Cell(8), Cell(64, signed=True)


@dataclass(frozen=True)
class Field:
    """One field of a record, at `offset` bytes from its start."""

    name: str
    storage: Storage
    offset: int


@dataclass
class Record:
    """The machine layout of one record class. `device` makes every access volatile."""

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    size: int = 0
    alignment: int = 1
    device: bool = False

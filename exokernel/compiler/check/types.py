"""Types of the dialect, as a reader of the source thinks of them.

Richer than the IR's: names from different spaces are different types here and all INT
there. Whether one type may stand for another is `accepts`; how a type is stored is
`storage`. Nothing here reads syntax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    from exokernel.compiler.check.declarations import EnumClass, RecordClass, TupleClass, WordClass


@dataclass(frozen=True)
class Int:
    """An integer: plain, or a name from one space. `cell` says how a place stores it."""

    name: str = ""  # qualified NewType; empty for `int`
    cell: ir.Cell = ir.I64

    def __str__(self) -> str:
        return self.name.rpartition(".")[2] or "int"


@dataclass(frozen=True)
class Bool:
    def __str__(self) -> str:
        return "bool"


@dataclass(frozen=True)
class Nothing:
    def __str__(self) -> str:
        return "None"


@dataclass(frozen=True)
class Never:
    """The result of a function that does not return."""

    def __str__(self) -> str:
        return "NoReturn"


@dataclass(frozen=True)
class Text:
    def __str__(self) -> str:
        return "str"


@dataclass(frozen=True)
class Octets:
    def __str__(self) -> str:
        return "bytes"


@dataclass(frozen=True)
class Enum:
    declaration: EnumClass

    def __str__(self) -> str:
        return self.declaration.short


@dataclass(frozen=True)
class Word:
    declaration: WordClass

    def __str__(self) -> str:
        return self.declaration.short


@dataclass(frozen=True)
class Record:
    """A reference to a record."""

    declaration: RecordClass

    def __str__(self) -> str:
        return self.declaration.short


@dataclass(frozen=True)
class Optional:
    """A reference to a record, or None."""

    record: Record

    def __str__(self) -> str:
        return f"{self.record} | None"


@dataclass(frozen=True)
class Array:
    """A view of elements, which are stored as `element` says."""

    element: Type

    def __str__(self) -> str:
        return f"Array[{stored_name(self.element)}]"


@dataclass(frozen=True)
class Tuple:
    items: tuple[Type, ...]
    declaration: TupleClass | None = None  # of a NamedTuple

    def __str__(self) -> str:
        if self.declaration is not None:
            return self.declaration.short
        return f"tuple[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True)
class List:
    """A local list: elements in the function's own frame, up to a capacity."""

    element: Type

    def __str__(self) -> str:
        return f"list[{self.element}]"


Type = Int | Bool | Nothing | Never | Text | Octets | Enum | Word | Record | Optional | Array | Tuple | List

INT, BOOL, NONE, NEVER, TEXT, OCTETS = Int(), Bool(), Nothing(), Never(), Text(), Octets()
U8 = Int("", ir.U8)
STORED_WIDTHS = (8, 16, 32, 64)
STORED = "memory holds integers, bools, words, enumerations, records and arrays of them"


def stored_name(type: Type) -> str:
    """The name of a type where its width matters."""
    if isinstance(type, Int) and type.cell != ir.I64:
        return str(type.cell) if not type.name else f"{type}:{type.cell}"
    return str(type)


def value_of(type: Type) -> Type:
    """The type of a value loaded from a place of this type: widths do not travel."""
    return Int(type.name) if isinstance(type, Int) else type


def is_number(type: Type) -> bool:
    return isinstance(type, (Int, Enum))


def holds_list(type: Type) -> bool:
    """Whether a type is or contains a list, which never leaves the name it was made for."""
    return isinstance(type, List) or (isinstance(type, Tuple) and any(map(holds_list, type.items)))


def accepts(target: Type, source: Type) -> bool:
    """Whether a value of type `source` may be used where `target` is due.

    An optional reference is accepted for a plain one: that it is not None is proved on the IR.
    """
    target, source = value_of(target), value_of(source)
    match target, source:
        case _, Never():
            return True
        case Int(name=""), Int() | Enum():
            return True
        case Optional(), Nothing():
            return True
        case (Record(), Optional()) | (Optional(), Record()) | (Optional(), Optional()):
            return _record_of(target) == _record_of(source)
        case Tuple(), Tuple():
            return _accepts_tuple(target, source)
        case _:
            return target == source


def _record_of(type: Type) -> Type:
    return type.record if isinstance(type, Optional) else type


def _accepts_tuple(target: Tuple, source: Tuple) -> bool:
    if target.declaration is not None and source.declaration is not target.declaration:
        return False
    return len(target.items) == len(source.items) and all(
        accepts(each, other) for each, other in zip(target.items, source.items)
    )


def lowered(type: Type) -> ir.Value:
    """The IR type of a value of this type."""
    match type:
        case Int() | Enum():
            return ir.INT
        case Bool():
            return ir.BOOL
        case Nothing() | Never():
            return ir.NONE
        case Text():
            return ir.TEXT
        case Octets():
            return ir.BYTES
        case Word(declaration):
            return ir.Word(declaration.name, declaration.width)
        case Record(declaration):
            return ir.Reference(declaration.name)
        case Optional(record):
            return ir.Reference(record.declaration.name, optional=True)
        case Array(element):
            return ir.View(storage(element))
        case Tuple(items):
            return ir.Tuple(tuple(lowered(each) for each in items))
        case List(element):
            return ir.View(storage(element))


def storage(type: Type) -> ir.Storage:
    """How a place holds a value of this type. Arrays have no storage without a length.

    Raises:
        TypeError: values of this type cannot be stored.
    """
    match type:
        case Int(_, cell):
            return cell
        case Bool():
            return ir.Truth()
        case Enum(declaration):
            return ir.Cell(declaration.width)
        case Word(declaration) if declaration.width not in STORED_WIDTHS:
            raise TypeError(f"`{type}` has {declaration.width} bits, and memory holds 8, 16, 32 or 64")
        case Word(declaration):
            return ir.WordCell(ir.Word(declaration.name, declaration.width))
        case Record(declaration):
            return ir.Embedded(declaration.name)
        case _:
            raise TypeError(f"`{type}` cannot be stored")

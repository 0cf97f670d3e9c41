"""What operations are made of: source locations, operands, places, operators and faults.

`operations` gives all of these names too; nothing else needs to import this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from exokernel.compiler.ir.types import Storage, Value


@dataclass(frozen=True)
class Location:
    """Where in the source an operation comes from; lines and columns count from 1."""

    file: str
    line: int
    column: int = 0
    function: str = ""  # the generator or context manager it was inlined from, if any


# Operands


@dataclass(frozen=True)
class Local:
    """A variable of the function, or a temporary (whose name begins with a digit)."""

    name: str
    type: Value


@dataclass(frozen=True)
class Constant:
    """An integer, boolean, word (raw bits), text or bytes known at build time; None is the absent reference."""

    value: int | bool | str | bytes | None
    type: Value


Operand = Local | Constant

# Places: a base, then a path


@dataclass(frozen=True)
class Static:
    """A module-level static, by qualified name."""

    name: str


@dataclass(frozen=True)
class Slot:
    """A record or array stored in the function's own frame, by name."""

    name: str


@dataclass(frozen=True)
class FieldStep:
    """One field of the record reached so far."""

    name: str


@dataclass(frozen=True)
class IndexStep:
    """One element of the run or view reached so far. Faults (INDEX) unless 0 <= index < length.

    `proved` is set when the check has been shown unnecessary.
    """

    index: Operand
    proved: bool = False


Step = FieldStep | IndexStep


@dataclass(frozen=True)
class Place:
    """A piece of memory: `base` is a static, a frame slot, or a local holding a reference or view."""

    base: Static | Slot | Local
    path: tuple[Step, ...]
    storage: Storage  # what lies at the end of the path


class Fault(Enum):
    """Why a program stops. The numbers are those of `abi.faults`."""

    INDEX = 1
    OVERFLOW = 2
    DIVISION = 3
    ASSERTION = 4
    UNREACHABLE = 5
    VALUE = 6
    UNCAUGHT = 7


class BinaryOperator(Enum):
    """Integer arithmetic as in Python. ADD SUB MULTIPLY SHIFT_LEFT fault (OVERFLOW) outside 64 bits."""

    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    FLOOR_DIVIDE = "//"  # faults (DIVISION) on zero
    MODULO = "%"  # sign of the divisor; faults (DIVISION) on zero
    SHIFT_LEFT = "<<"  # faults (VALUE) on a negative count
    SHIFT_RIGHT = ">>"  # faults (VALUE) on a negative count; counts >= 64 give 0 or -1
    AND = "&"
    OR = "|"
    XOR = "^"
    WRAPPING_ADD = "+%"
    WRAPPING_SUBTRACT = "-%"
    WRAPPING_MULTIPLY = "*%"
    ROTATE_LEFT = "<<<"
    UNSIGNED_SHIFT_RIGHT = ">>>"


class UnaryOperator(Enum):
    NEGATE = "-"  # faults (OVERFLOW) on the least integer
    INVERT = "~"
    NOT = "not"


class Relation(Enum):
    EQUAL = "=="
    NOT_EQUAL = "!="
    LESS = "<"
    LESS_EQUAL = "<="
    GREATER = ">"
    GREATER_EQUAL = ">="
    UNSIGNED_LESS = "<u"

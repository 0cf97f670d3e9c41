"""Operations of the IR: a function is a graph of blocks, a block a list of operations.

The IR is the one form that the LLVM lowering, the prover and the eBPF back end read, so it
is small and says everything: each operation names its operands, its result and the source
line it came from, and means one thing. Locals are variables, not single assignments, and
hold values; memory is touched by LOAD, STORE and the operations that name a PLACE, and by
nothing else. An operation that can fault says so in its docstring; a fault ends the program.
Control leaves a block only by its last operation, a terminator. There is no hidden control
flow: a call that may raise puts the error number (0 for none) in a local that is then tested.

Nothing here checks a program or decides how it is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from exokernel.compiler.ir.types import Record, Storage, Value


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


# Operations


@dataclass(kw_only=True)
class Operation:
    location: Location | None = None


@dataclass
class Assign(Operation):
    target: Local
    value: Operand


@dataclass
class Unary(Operation):
    target: Local
    operator: UnaryOperator
    operand: Operand


@dataclass
class Binary(Operation):
    """INT x INT -> INT; AND, OR, XOR also on BOOL."""

    target: Local
    operator: BinaryOperator
    left: Operand
    right: Operand
    proved: bool = False  # shown not to fault


@dataclass
class Compare(Operation):
    """Two INTs, BOOLs, equal words (EQUAL, NOT_EQUAL), TEXTs or BYTES (all by contents) -> BOOL."""

    target: Local
    relation: Relation
    left: Operand
    right: Operand


@dataclass
class IsNone(Operation):
    target: Local
    reference: Operand


@dataclass
class Extract(Operation):
    """The field of `size` bits at `low` of a word, as an INT (>= 0) or, when the target is BOOL, a truth."""

    target: Local
    word: Operand
    low: int
    size: int


@dataclass
class Insert(Operation):
    """The word with one field replaced. Faults (OVERFLOW) if `value` does not fit the field."""

    target: Local
    word: Operand
    low: int
    size: int
    value: Operand
    proved: bool = False


@dataclass
class WordOf(Operation):
    """The word whose bits are the low bits of an INT."""

    target: Local
    value: Operand


@dataclass
class IntegerOf(Operation):
    """The bits of a word (zero-extended below 64), or a BOOL as 0 or 1."""

    target: Local
    value: Operand


@dataclass
class MakeTuple(Operation):
    target: Local
    items: tuple[Operand, ...]


@dataclass
class Item(Operation):
    target: Local
    value: Operand
    index: int


@dataclass
class Load(Operation):
    """Read a scalar: INT from a Cell, BOOL from a Truth, a word from a WordCell.

    An unsigned 64-bit cell faults (OVERFLOW) when its top bit is set.
    """

    target: Local
    place: Place


@dataclass
class Store(Operation):
    """Write a scalar. Faults (OVERFLOW) when an INT does not fit the cell."""

    place: Place
    value: Operand
    proved: bool = False


@dataclass
class Refer(Operation):
    """A reference to the record, or a view of the run or view, at a place."""

    target: Local
    place: Place


@dataclass
class Slice(Operation):
    """`view[lower:upper]`, of a view, BYTES or TEXT. Upper bounds clamp to the length, a lower
    bound above the upper gives an empty view; negative bounds fault (INDEX)."""

    target: Local
    view: Operand
    lower: Operand
    upper: Operand


@dataclass
class Length(Operation):
    target: Local
    view: Operand


@dataclass
class Octet(Operation):
    """One byte of a BYTES or TEXT operand. Faults (INDEX)."""

    target: Local
    view: Operand
    index: Operand
    proved: bool = False


@dataclass
class BytesOf(Operation):
    """The same bytes as another type: TEXT as BYTES, BYTES as TEXT, a view of u8 as BYTES."""

    target: Local
    value: Operand


@dataclass
class CopyRecord(Operation):
    """Store every field of a record into another of the same class."""

    target: Place
    source: Place


@dataclass
class CopyElements(Operation):
    """Copy all elements of one view (or BYTES) into another. Faults (INDEX) if lengths differ."""

    target: Operand
    source: Operand


@dataclass
class Zero(Operation):
    """Set every byte of a record, run or view to zero."""

    place: Place


@dataclass
class Call(Operation):
    """Call a function by its qualified name. `error` receives the error number of one that may raise."""

    target: Local | None
    function: str
    arguments: tuple[Operand, ...]
    error: Local | None = None


@dataclass
class Instruct(Operation):
    """Issue one declared machine instruction."""

    target: Local | None
    instruction: str
    arguments: tuple[Operand, ...]


@dataclass
class AtAddress(Operation):
    """A reference or view (of `length` elements) over memory at an address. Unsafe files only."""

    target: Local
    address: Operand
    length: Operand | None = None


@dataclass
class AddressOf(Operation):
    """The address of a place, as an INT. Unsafe files only."""

    target: Local
    place: Place


@dataclass
class SymbolAddress(Operation):
    """The address of a function (by qualified name) or a link symbol. Unsafe files only."""

    target: Local
    symbol: str
    is_function: bool = False


@dataclass
class Assume(Operation):
    """Fault unless `condition` holds: `assert`, and the totality of a match."""

    condition: Operand
    fault: Fault = Fault.ASSERTION


# Terminators


@dataclass
class Jump(Operation):
    block: str


@dataclass
class Branch(Operation):
    condition: Operand
    then: str
    otherwise: str


@dataclass
class Switch(Operation):
    value: Operand
    cases: tuple[tuple[int, str], ...]
    default: str


@dataclass
class Return(Operation):
    value: Operand | None = None


@dataclass
class Raise(Operation):
    """Leave the function with an error number."""

    error: Operand


@dataclass
class Stop(Operation):
    """Fault, unconditionally."""

    fault: Fault


# Programs


@dataclass
class Block:
    name: str
    operations: list[Operation] = field(default_factory=list)


@dataclass
class Function:
    """One function. Blocks are in source order, the first is the entry."""

    name: str  # qualified: module.Class.function
    parameters: list[Local]
    result: Value
    raises: frozenset[int]  # error numbers that may leave it; empty: it never raises
    blocks: list[Block]
    locals: list[Local] = field(default_factory=list)  # parameters not included; temporaries not included
    slots: dict[str, Storage] = field(default_factory=dict)  # places in its own frame
    attributes: dict[str, str] = field(default_factory=dict)  # exported=SYMBOL, interrupt, naked=TEXT, cold, inline, never_inline, noreturn, section=NAME, syscall=N, gate=SYMBOL
    location: Location | None = None


@dataclass
class StaticVariable:
    """A module-level static: zero unless `initial` gives its bytes, at `address` when placed."""

    name: str
    storage: Storage
    initial: bytes | None = None
    section: str = ""
    address: int | str | None = None
    constant: bool = False
    alignment: int = 0  # 0: natural


@dataclass
class InstructionForm:
    """A declared machine instruction: AT&T template with `{name}` operands, and its constraints."""

    name: str
    template: str
    parameters: list[Local]
    result: Value
    registers: dict[str, str] = field(default_factory=dict)  # parameter -> constraint letter, default "r"
    result_register: str = ""
    clobbers: tuple[str, ...] = ()


@dataclass
class Program:
    """All that is compiled into one image."""

    records: dict[str, Record] = field(default_factory=dict)
    statics: dict[str, StaticVariable] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    instructions: dict[str, InstructionForm] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)  # number -> qualified exception class
    assembly: list[str] = field(default_factory=list)

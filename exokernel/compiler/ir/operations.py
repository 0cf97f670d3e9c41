"""Operations of the IR: a function is a graph of blocks, a block a list of operations.

The IR is the one form that the LLVM lowering and the prover read, so it is small and says
everything: each operation names its operands, its result and the source line it came from,
and means one thing. Locals are variables, not single assignments, and
hold values; memory is touched by LOAD, STORE and the operations that name a PLACE, and by
nothing else. An operation that can fault says so in its docstring; a fault ends the program.
Control leaves a block only by its last operation, a terminator. There is no hidden control
flow: a call that may raise puts the error number (0 for none) in a local that is then tested.

Nothing here checks a program or decides how it is compiled.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exokernel.compiler.ir.operands import (
    BinaryOperator as BinaryOperator,
    Constant as Constant,
    Fault as Fault,
    FieldStep as FieldStep,
    IndexStep as IndexStep,
    Local as Local,
    Location as Location,
    Operand as Operand,
    Place as Place,
    Relation as Relation,
    Slot as Slot,
    Static as Static,
    Step as Step,
    UnaryOperator as UnaryOperator,
)
from exokernel.compiler.ir.types import Record, Storage, Value

# Operations


@dataclass(kw_only=True)
class Operation:
    location: Location | None = None


@dataclass
class Assign(Operation):
    """Copy a value. An optional reference may be assigned to one that is not: it was shown to be there."""

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

"""What each LLVM instruction means for one path.

Integers are vectors of their width (a truth is one bit), pointers are sums (see `addresses`),
aggregates are tuples. Whatever the kernel's optimised code does not contain has no meaning.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import z3

from exokernel.prover import terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import Sum, as_sum, chosen, is_within, keeps_all, load, store
from exokernel.prover.llvm.reader import Constants, Instruction, plain
from exokernel.prover.llvm.undefined import demanded, flags_of, promised, promised_to_convert
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number

if TYPE_CHECKING:
    from exokernel.prover.llvm.execute import Machine

WORDS_OF_ATTRIBUTES = re.compile(
    r"\b(noundef|nuw|nsw|exact|disjoint|samesign|inbounds|nneg|signext|zeroext|nonnull|fastcc|volatile"
    r"|range\([^)]*\)|captures\([^)]*\)|align \d+|readonly|readnone|writeonly|immarg|dereferenceable\(\d+\))\s*"
)
POINTER = re.compile(r"^inttoptr \(i64 (-?\d+) to ptr\)$")

SYMBOL = re.compile(r"^ptrtoint \(ptr (@[^ ]+) to i64\)$")


class Values:
    """Reads operands in the locals of a path."""

    def __init__(self, machine: Machine, path: Path) -> None:
        self.machine, self.path = machine, path

    def typed(self, text: str) -> Any:
        """An operand with its type before it."""
        text = WORDS_OF_ATTRIBUTES.sub("", text).strip(" ,")
        if text.startswith("{"):
            close = text.index("}")
            return self.aggregate(text[: close + 1], text[close + 1 :].strip())
        kind, _, operand = text.partition(" ")
        return self.operand(kind, operand.strip())

    def operand(self, kind: str, text: str) -> Any:
        if text.startswith("%"):
            if text not in self.path.locals:
                raise Unsupported(f"{text} is not set on every path")
            return self.path.locals[text]
        if kind == "ptr":
            return self.pointer(text)
        symbol = SYMBOL.match(text)
        if symbol:
            return Sum(symbol=plain(symbol.group(1))).term
        width = int(kind[1:])
        if text in ("true", "false"):
            return number(text == "true", width)
        if text in ("poison", "undef"):
            return self.machine.anything(width)
        return number(int(text), width)

    def pointer(self, text: str) -> Sum:
        found = POINTER.match(text)
        if found:
            return Sum(int(found.group(1)))
        if text.startswith("@"):
            return Sum(symbol=plain(text))
        if text == "null":
            return Sum(0)
        inner = re.match(r"^getelementptr (?:inbounds |nuw )*\((\w+|\[\d+ x i8\]), ptr (.*), i64 (-?\d+)\)$", text)
        if inner:
            return self.pointer(inner.group(2)).plus(Sum(int(inner.group(3)) * size_of(inner.group(1))))
        raise Unsupported(f"the pointer {text}")

    def aggregate(self, kind: str, text: str) -> Any:
        if text.startswith("%"):
            return self.path.locals[text]
        parts = [part.strip() for part in kind.strip("{} ").split(",")]
        if text in ("poison", "undef", "zeroinitializer"):
            widths = [int(each[1:]) for each in parts]
            if text == "zeroinitializer":
                return tuple(number(0, width) for width in widths)
            return tuple(map(self.machine.anything, widths))
        return tuple(self.typed(each.strip()) for each in text.strip("{} ").split(","))

    def truth(self, text: str) -> Term:
        return terms.equal(self.operand("i1", text), number(1, 1))

    def incoming(self, text: str, source: str) -> Any:
        """What a phi node takes from a block."""
        kind, _, rest = text.partition(" [")
        kind = kind.strip()
        for value, block in re.findall(r'([^\[\],]+(?:\([^)]*\))?), %("[^"]*"|[\w.$-]+) \]', "[" + rest):
            if block.strip('"') == source:
                return self.operand(kind, value.strip())
        raise Unsupported(f"phi {text} from {source}")


def size_of(kind: str) -> int:
    """Bytes of a type."""
    array = re.match(r"^\[(\d+) x (\w+)\]$", kind)
    if array:
        return int(array.group(1)) * size_of(array.group(2))
    return {"ptr": 8, "i1": 1}.get(kind) or int(kind[1:]) // 8


ARITHMETIC: dict[str, Callable[[Term, Term], Term]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": z3.LShR,
    "ashr": lambda a, b: a >> b,
    "udiv": z3.UDiv,
    "urem": z3.URem,
    "sdiv": lambda a, b: a / b,
    "srem": z3.SRem,
}
COMPARISONS: dict[str, Callable[[Term, Term], Term]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ult": z3.ULT,
    "ule": z3.ULE,
    "ugt": z3.UGT,
    "uge": z3.UGE,
    "slt": lambda a, b: a < b,
    "sle": lambda a, b: a <= b,
    "sgt": lambda a, b: a > b,
    "sge": lambda a, b: a >= b,
}


def bit(condition: Term) -> Term:
    return terms.choose(terms.simplify(condition), number(1, 1), number(0, 1))


def perform(machine: Machine, values: Values, one: Instruction) -> Any:
    """The result of an instruction; a list of paths for a call that comes back by several."""
    rest = WORDS_OF_ATTRIBUTES.sub("", one.rest).strip()
    if one.operation in ARITHMETIC:
        return arithmetic(machine, values, one)
    if one.operation == "icmp":
        relation, kind, left, right = re.match(r"^(\w+) (\w+) (.*), (.*)$", rest).groups()  # type: ignore[union-attr]
        first, second = (term_of(values.operand(kind, each)) for each in (left, right))
        promises = promised("icmp", flags_of(one.rest), first, second)
        return machine.trusted(values.path, one, promises, bit(COMPARISONS[relation](first, second)))
    if one.operation in ("zext", "sext", "trunc", "inttoptr", "ptrtoint", "freeze"):
        return conversion(machine, values, one)
    if one.operation == "select":
        condition, then, otherwise = split_operands(rest)
        chosen = terms.equal(values.typed(condition), number(1, 1))
        left, right = values.typed(then), values.typed(otherwise)
        if isinstance(left, Sum) or isinstance(right, Sum):
            left, right = as_sum(left).term, as_sum(right).term
        return terms.simplify(terms.choose(terms.simplify(chosen), left, right))
    if one.operation == "getelementptr":
        return element_pointer(values, rest)
    if one.operation == "load":
        kind, _, pointer = rest.partition(", ")
        return read(machine, values, kind, pointer, one.result)
    if one.operation == "store":
        return write(machine, values, rest)
    if one.operation in ("insertvalue", "extractvalue"):
        return aggregate(values, one.operation, rest)
    if one.operation == "call":
        from exokernel.prover.llvm.calls import call

        return call(machine, values, one)
    raise Unsupported(f"the LLVM instruction {one.operation} {rest}")


def term_of(value: Any) -> Term:
    return value.term if isinstance(value, Sum) else value


def arithmetic(machine: Machine, values: Values, one: Instruction) -> Term:
    plain_text, operation, flags = WORDS_OF_ATTRIBUTES.sub("", one.rest).strip(), one.operation, flags_of(one.rest)
    kind, left, right = re.match(r"^(\w+) (.*), (.*)$", plain_text).groups()  # type: ignore[union-attr]
    first, second = term_of(values.operand(kind, left)), term_of(values.operand(kind, right))
    for claim in demanded(operation, first, second):
        machine.note_bounds(values.path, claim)
    shift = terms.literal(second)
    if operation == "shl" and shift is not None and first.size() == terms.BITS:
        result = number(2**shift) * first  # a multiple, for `decomposed` to see
    elif operation == "or" and "disjoint" in flags:
        result = first + second
    else:
        result = ARITHMETIC[operation](first, second)
    return machine.trusted(values.path, one, promised(operation, flags, first, second), result)


def conversion(machine: Machine, values: Values, one: Instruction) -> Any:
    operation = one.operation
    operand, _, kind = WORDS_OF_ATTRIBUTES.sub("", one.rest).strip().partition(" to ")
    value = values.typed(operand)
    if operation in ("inttoptr", "freeze"):
        return as_sum(value) if operation == "inttoptr" else value
    if operation == "ptrtoint":
        return value.term
    width = int(kind[1:])
    is_cut, is_signed = operation == "trunc", operation == "sext"
    result = terms.simplify(terms.low_bits(value, width) if is_cut else terms.widen(value, width, is_signed))
    return machine.trusted(values.path, one, promised_to_convert(operation, flags_of(one.rest), value, width), result)


def split_operands(text: str) -> list[str]:
    """Operands separated by commas that are in no brackets."""
    found, depth, start = [], 0, 0
    for place, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            found.append(text[start:place].strip())
            start = place + 1
    return [*found, text[start:].strip()]


def element_pointer(values: Values, rest: str) -> Sum:
    kind, pointer, *indices = split_operands(rest)
    if len(indices) != 1:
        raise Unsupported(f"getelementptr {rest}")
    base, index = values.typed(pointer), values.typed(indices[0])
    return as_sum(base).plus(as_sum(term_of(index)).times(size_of(kind)))


def read(machine: Machine, values: Values, kind: str, pointer: str, result: str) -> Any:
    address = as_sum(values.typed(pointer))
    width = 64 if kind == "ptr" else int(kind[1:])
    table = machine.constants.get(address.symbol)
    if table is not None:
        if width != 8 * table.size:
            raise Unsupported(f"{kind} in a table of {table.size} bytes each")
        places = places_in(table, address)
        machine.note_bounds(values.path, terms.either(places))
        return symbols_at(values.path, table, places, result) if kind == "ptr" else chosen(table.items, places, width)
    machine.note_bounds(values.path, is_within(machine.map, address, max(width // 8, 1)))
    return terms.low_bits(load(machine.map, values.path.state, address, max(width // 8, 1)), width)


def places_in(table: Constants, address: Sum) -> list[Term]:
    """Of each item of a constant table: whether it lies at an address."""
    place = replace(address, symbol="").term
    return [terms.simplify(terms.equal(place, number(table.size * index))) for index in range(len(table.items))]


def symbols_at(path: Path, table: Constants, places: list[Term], result: str) -> list[Path]:
    """A pointer of a constant table: a path for each that it may be."""
    found = [path.fork(condition) for condition in places]
    for each, symbol in zip(found, table.items):
        each.locals[result] = Sum(symbol=symbol)
    return [each for each in found if not each.impossible]


def write(machine: Machine, values: Values, rest: str) -> None:
    operand, pointer = split_operands(rest)[:2]
    value = term_of(values.typed(operand))
    if value.size() == 1:
        value = terms.widen(value, 8)
    if value.size() % 8:
        raise Unsupported(f"a store of {value.size()} bits")
    put(machine, values.path, as_sum(values.typed(pointer)), value)


def put(machine: Machine, path: Path, address: Sum, value: Term) -> None:
    machine.note_bounds(path, is_within(machine.map, address, value.size() // 8))
    machine.note_bounds(path, keeps_all(machine.map, address, value))
    path.state = store(machine.map, path.state, address, value)


def aggregate(values: Values, operation: str, rest: str) -> Any:
    parts = split_operands(rest)
    whole = values.typed(parts[0])
    if operation == "extractvalue":
        return whole[int(parts[1])]
    place = int(parts[2])
    return (*whole[:place], values.typed(parts[1]), *whole[place + 1 :])

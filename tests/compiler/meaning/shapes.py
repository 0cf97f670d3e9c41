"""Shapes of programs: functions of functions, classes with all they may have, constants, odd nestings."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, ClassVar, Final, Generic, NamedTuple, NewType, Self, TypeVar

from exokernel.dialect import Array, Enumeration, Flags, Record, Width, Word, array, bit, bits, inline, never_inline
from exokernel.dialect import offset_of, size_of, u8, u16, u32, u64, wrapping_add, wrapping_sub

Slot = NewType("Slot", int)
StoredSlot = Annotated[Slot, Width(8)]
Pair = tuple[int, int]
T = TypeVar("T")

LIMIT: Final = 2**4
MASK = LIMIT - 1
PRIMES = tuple(number for number in range(2, 60) if all(number % other != 0 for other in range(2, number)))
FIRST, SECOND = PRIMES[0], PRIMES[1]


def checksum(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0xEDB88320 if value & 1 == 1 else value >> 1
    return value


CHECKSUMS = tuple(checksum(value) for value in range(256))
assert CHECKSUMS[1] == 0x77073096
GREETING = "".join(f"{number:02x}" for number in PRIMES[:4]).encode()


class Mishap(Exception):
    number: ClassVar[int] = 0


class Deep(Mishap):
    number = 2001


class Deeper(Deep):
    number = 2002


class Mode(Enumeration, bits=8):
    IDLE = 0
    BUSY = 1
    DONE = 7

    @property
    def is_over(self) -> bool:
        return self == Mode.DONE

    def next(self) -> "Mode":
        return Mode.BUSY if self == Mode.IDLE else Mode.DONE


class Marks(Flags, bits=16):
    NONE = 0
    A = 1
    B = 2
    C = 256

    def without_a(self) -> "Marks":
        return self & ~Marks.A


class Link(Word, width=32):
    slot: Slot = bits(0, 6)
    live: bool = bit(6)
    mode: Mode = bits(8, 8)
    marks: Marks = bits(16, 9)

    @staticmethod
    def idle(slot: Slot) -> "Link":
        return Link(slot=slot, mode=Mode.IDLE)

    def busy(self) -> Self:
        return self.replace(mode=Mode.BUSY, live=True)


class Range(NamedTuple):
    low: int
    high: int = LIMIT

    @property
    def size(self) -> int:
        return self.high - self.low

    def cut(self, at: int) -> "tuple[Range, Range]":
        return Range(self.low, at), Range(at, self.high)


class Node(Record):
    SIZE: ClassVar[int] = 5
    slot: StoredSlot = Slot(3)
    link: Link = Link(slot=Slot(9), live=True)
    mode: Mode = Mode.BUSY
    values: Array[u16] = array(SIZE)
    count: int = 0

    @property
    def total(self) -> int:
        return sum(self.values) + self.count

    def numbered(self) -> Iterator[tuple[int, int]]:
        for position, value in enumerate(self.values):
            if value != 0:
                yield position, value

    def bump(self, by: int = 1, *, twice: bool = False) -> int:
        self.count += by * 2 if twice else by
        return self.count


class Tree(Record):
    left: Node
    right: Node = Node(count=4, slot=Slot(1))
    marks: Marks = Marks.B | Marks.C
    wide: u64 = LIMIT * 3


class Ring(Record, Generic[T]):
    head: u8 = 0
    filled: u8 = 0
    items: Array[T] = array(4)

    def put(self, item: T) -> bool:
        if self.filled == len(self.items):
            return False
        self.items[(self.head + self.filled) % 4] = item
        self.filled += 1
        return True

    def take(self) -> T:
        if self.filled == 0:
            raise Deep
        item = self.items[self.head]
        self.head = (self.head + 1) % 4
        self.filled -= 1
        return item

    def all_items(self) -> Iterator[T]:
        for position in range(self.filled):
            yield self.items[(self.head + position) % 4]


tree: Tree = Tree(left=Node(count=2))
nodes: Array[Node] = array(3)
ring: Ring[int] = Ring[int]()
modes: Ring[Mode] = Ring[Mode]()
trace: Array[u32] = array(64)
state: Node = Node()


def digest() -> int:
    value = tree.left.total + tree.right.total * 3 + int(tree.left.link) % 1009 + tree.wide + int(tree.marks)
    for node in nodes:
        value = wrapping_add(value * 3 % 1_000_003, node.count % 1000 + node.slot)
    for mark in trace:
        value = (value * 31 + mark) % 1_000_003
    return value + ring.filled


def clear() -> None:
    state.count = 0
    ring.filled = 0
    ring.head = 0
    modes.filled = 0
    modes.head = 0
    tree.left = Node(count=2)
    tree.right = Node(count=4)
    for position in range(len(nodes)):
        nodes[position] = Node(count=0, slot=Slot(position))
    for position in range(len(trace)):
        trace[position] = 0


def mark(value: int) -> int:
    trace[state.count % 64] = value & 0xFFFF
    state.count += 1
    return value


def constants(one: int, two: int) -> int:
    total = PRIMES[one % len(PRIMES)] + FIRST * SECOND + MASK
    for prime in PRIMES:
        total = total * 2 % 10007 + prime
    return total + CHECKSUMS[two % 256] + GREETING[one % 8] + Node.SIZE


def layout(one: int, two: int) -> int:
    return size_of(Tree) * 1000 + size_of(Node) * 10 + offset_of(Node, "count") + size_of(u16) + size_of(Mode)


def initial_values(one: int, two: int) -> int:
    return tree.left.slot * 1000 + tree.right.slot + int(tree.right.link) + tree.left.mode + int(tree.marks)


def methods(one: int, two: int) -> int:
    node = nodes[one % 3]
    node.slot = Slot(two % 50)
    node.values[two % 5] = one & MASK
    node.link = Link.idle(node.slot).busy()
    result = node.bump() + node.bump(3) + node.bump(by=2, twice=True) + node.total
    if node.link.mode == Mode.BUSY and not node.link.mode.is_over:
        result += 1000
    return result + int(node.link.marks.without_a()) + node.link.mode.next()


def named_tuples(one: int, two: int) -> int:
    low, high = Range(one % 100).cut(two % 100)
    return low.size * 3 + high.size + Range(high=one % 7, low=2).size


def generics(one: int, two: int) -> int:
    for value in (one, two, one % 5, 7, 8):
        if not ring.put(value % 1000):
            mark(value & 0xFF)
    modes.put(Mode.DONE)
    total = 0
    for item in ring.all_items():
        total += item
    try:
        while True:
            total = total * 2 + ring.take()
    except Deep:
        total += 5
    return total + modes.take()


def method_generator(one: int, two: int) -> int:
    total = 0
    for position, value in nodes[one % 3].numbered():
        total += position * value
        if total > 50:
            break
    for _, (position, value) in enumerate(nodes[two % 3].numbered()):
        total += position + value
    return total


@contextmanager
def changed(node: Node, count: int) -> Iterator[Node]:
    before = node.count
    node.count = count
    mark(count & 0xF)
    try:
        yield node
    finally:
        node.count = before


@contextmanager
def guarded(limit: int) -> Iterator[int]:
    mark(limit & 0xFF)
    if limit == 5:
        raise Deeper
    try:
        yield limit
    except Deeper:
        mark(77)
        raise Deep
    mark(78)


def managers(one: int, two: int) -> int:
    try:
        with guarded(one % 7) as limit, changed(nodes[0], two % 1000) as node:
            for turn in range(4):
                with changed(node, turn):
                    if turn == limit:
                        return node.bump()
                    if turn == two % 5:
                        raise Deeper
                    if turn == 2:
                        break
                    mark(turn)
            return node.count
    except Deep:
        return -node_count(0)


@never_inline
def node_count(index: int) -> int:
    return nodes[index].count


def unrolled(one: int, two: int) -> int:
    total = 0
    for value in (one % 10, two % 10, 3):
        if value == 4:
            continue
        if value == 5:
            break
        items = [value, value + 1]
        items.append(total % 100)
        total += sum(items)
        try:
            if value == 6:
                raise Deep
        except Mishap:
            total += 100
        finally:
            kept = [total]
            mark(kept[0])
    else:
        total += 1000
    return total


def recursive(one: int, two: int) -> int:
    return power(one % 10, abs(two % 12), 1)


def power(base: int, exponent: int, unit: int) -> int:
    if exponent == 0:
        return unit
    half = power(base, exponent // 2, unit)
    return half * half * (base if exponent % 2 == 1 else unit)


def references(one: int, two: int) -> int:
    larger = larger_of(nodes[one % 3], nodes[two % 3])
    larger.count += 1
    swap(nodes[0], nodes[1])
    fill(larger.values[1:4], one & 0xFF)
    return larger.count + nodes[0].count * 2 + larger.values[2]


def larger_of(one: Node, two: Node) -> Node:
    return one if one.count > two.count else two


def swap(one: Node, two: Node) -> None:
    keep = Node()
    copy(keep, one)
    copy(one, two)
    copy(two, keep)


def copy(target: Node, source: Node) -> None:
    target.count = source.count
    target.values[:] = source.values
    target.link = source.link


def fill(values: Array[u16], value: int) -> None:
    for position in range(len(values)):
        values[position] = value


def optionals(one: int, two: int) -> int:
    node = node_with(one % 60)
    steps = 0
    while node is not None and steps < 5:
        steps += 1
        node = node_with(node.slot + steps)
    other = node_with(two % 60)
    if other is None or other.count < 0:
        return steps
    chosen = other if steps > 1 else node_with(0)
    return chosen.slot if chosen is not None else -steps


def node_with(slot: int) -> Node | None:
    for node in nodes:
        if node.slot == slot:
            return node
    return None


def several_results(one: int, two: int) -> int:
    quotient, remainder = divided(one, two)
    low, (middle, high) = split(quotient), (remainder, quotient)
    return low[0] + low[1] * 3 + middle + high


def divided(one: int, two: int) -> Pair:
    return one // two, one % two


def split(value: int) -> Pair:
    return value % 100, value // 100 % 100


@inline
def clamp(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


def nested_choice(one: int, two: int) -> int:
    value = clamp(one, -50, 50)
    sign = -1 if value < 0 else 0 if value == 0 else 1
    flag = value > 3 if two > 0 else value < 3 or two == -7
    return wrapping_sub(sign * 100, value) + (int(flag) if not flag == (two == 2) else 7)


def exceptions_nest(one: int, two: int) -> int:
    total = 0
    for turn in range(3):
        try:
            try:
                total += risky(one + turn)
            except Deeper:
                total += 10
                total += risky(two + turn)
            finally:
                total += 100
        except Deep:
            total += 1000
            continue
        finally:
            total += mark(total % 7)
        total += 3
    return total


def risky(value: int) -> int:
    if value % 4 == 1:
        raise Deep(value)
    if value % 4 == 2:
        raise Deeper(f"{value}")
    return value % 4


def while_else(one: int, two: int) -> int:
    value, steps = abs(one % 1000) + 1, 0
    while value != 1:
        value = value // 2 if value % 2 == 0 else 3 * value + 1
        steps += 1
        if steps == two:
            break
    else:
        steps += 1000
    return steps


def augmented(one: int, two: int) -> int:
    value = one % 1000
    value += two % 10
    value -= 3
    value *= 2
    value //= 3
    value %= 101
    value <<= 2
    value >>= 1
    value |= 5
    value &= 0xFFF
    value ^= 9
    marks = Marks(value & 3)
    marks |= Marks.C
    marks &= ~Marks.B
    return value + int(marks)

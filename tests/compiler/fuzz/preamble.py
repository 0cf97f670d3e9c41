"""What every generated program begins with: the statics it changes, and functions it may call."""

PREAMBLE = '''\
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, NamedTuple

from exokernel.dialect import Array, Enumeration, Flags, Record, Word, array, bit, bits, i16, rotate_left, u8, u16, u32, u64
from exokernel.dialect import unsigned_less, unsigned_shift_right, wrapping_add, wrapping_multiply, wrapping_sub


class Mishap(Exception):
    number: ClassVar[int] = 0


class Broken(Mishap):
    """One of them."""

    number = 203


class Missing(Mishap):
    """The other."""

    number = 205


class Color(Enumeration, bits=8):
    RED = 0
    GREEN = 1
    BLUE = 2


class Mode(Flags, bits=8):
    READ = 1
    WRITE = 2
    RUN = 4


class Tag(Word, width=64):
    low: int = bits(0, 4)
    middle: int = bits(4, 12)
    flag: bool = bit(16)
    high: int = bits(32, 20)


class Small(Word, width=16):
    left: int = bits(0, 8)
    right: int = bits(8, 8)


class Pair(NamedTuple):
    first: int
    second: int


class Point(Record):
    x: int = 0
    small: u8 = 0
    tag: Tag = Tag()
    on: bool = False
    color: Color = Color.RED

    def weight(self, factor: int) -> int:
        return self.x // 16 + self.small * factor

    def grow(self, by: int) -> None:
        self.x = wrapping_add(self.x, by)
        self.on = not self.on


class Box(Record):
    inner: Point = Point()
    line: Array[u16] = array(6)
    count: u32 = 0


class Fuel(Record):
    left: int = 0


fuel: Fuel = Fuel()
octets: Array[u8] = array(16)
shorts: Array[i16] = array(8)
halves: Array[u32] = array(8)
whole: Array[int] = array(8)
naturals: Array[u64] = array(4)
points: Array[Point] = array(4)
box: Box = Box()
TABLE = (3, 1, 4, 1, 5, 9, 2, 6)


def spend() -> bool:
    fuel.left -= 1
    return fuel.left > 0


def both(a: int, b: int) -> Pair:
    return Pair(wrapping_sub(a, b), a ^ b)


def counting(limit: int) -> Iterator[int]:
    position = 0
    while position < limit:
        yield position * 3
        position += 1


def kept(limit: int) -> Iterator[int]:
    try:
        yield limit
        for value in counting(limit):
            yield value
    finally:
        box.line[1] = limit


@contextmanager
def counted(amount: int) -> Iterator[int]:
    box.count += amount
    try:
        yield amount + 1
    finally:
        box.count -= amount


def risky(a: int, b: int) -> int:
    if a % 3 == 1:
        raise Broken
    if b % 5 == 2:
        raise Missing
    return wrapping_add(a, b)


def find_point(which: int) -> Point | None:
    for point in points:
        if point.small == which:
            return point
    return None


def total(data: Array[u8]) -> int:
    found = 0
    for value in data:
        found += value
    return found


def mixed(hash: int, value: int) -> int:
    return wrapping_multiply(rotate_left(hash, 5) ^ value, 0x51_7CC1_B727_220A)


def digest() -> int:
    hash = 7
    for value in octets:
        hash = mixed(hash, value)
    for value in shorts:
        hash = mixed(hash, value)
    for value in halves:
        hash = mixed(hash, value)
    for value in whole:
        hash = mixed(hash, value)
    for value in naturals:
        hash = mixed(hash, value)
    for point in points:
        hash = mixed(mixed(hash, point.x), point.small + int(point.on) * 256 + int(point.color) * 512)
        hash = mixed(hash, int(point.tag))
    for value in box.line:
        hash = mixed(hash, value)
    return mixed(mixed(hash, box.inner.x), box.count)


def refuel() -> None:
    fuel.left = 200


def clear() -> None:
    for number in range(16):
        octets[number] = number
    for number in range(8):
        shorts[number], halves[number], whole[number] = -number, number, number
    for number in range(4):
        naturals[number] = number
        points[number] = Point(x=number, small=number)
    box.inner = Point(x=9)
    box.count = 0
    for number in range(6):
        box.line[number] = number


def joined(first: int, *, second: int = 7, third: int = 1) -> int:
    return wrapping_add(wrapping_multiply(first, third), second)


def weigh(point: Point, scale: int = 2) -> int:
    return point.weight(scale) + int(point.on)


def perhaps(which: int) -> Point | None:
    if which % 2 == 0:
        return box.inner
    return find_point(which % 5)


def guarded(amount: int) -> int:
    with counted(amount % 10) as inside:
        if amount % 3 == 0:
            return inside
        for value in counting(amount % 4):
            if value == 3:
                return value + inside
    return box.count


def stubborn(amount: int) -> int:
    try:
        if amount % 2 == 0:
            return risky(amount, amount)
        box.line[amount % 6] = 1
    except Broken:
        return risky(amount + 1, amount)
    finally:
        box.inner.x = wrapping_add(box.inner.x, 1)
    return 5


def again(amount: int) -> int:
    try:
        return stubborn(amount)
    except Missing:
        box.line[0] = 9
        raise


def pairs(limit: int) -> Iterator[Pair]:
    for outer in range(limit):
        for inner in counting(outer):
            yield Pair(outer, inner)


def mode_of(value: int) -> Mode:
    mode = Mode.READ
    if value % 2 == 1:
        mode = mode | Mode.WRITE
    if value % 3 == 1:
        mode = (mode | Mode.RUN) & ~Mode.READ
    return mode


def color_of(value: int) -> Color:
    match value % 4:
        case 0:
            return Color.RED
        case 1 | 2:
            return Color.BLUE
        case _:
            return Color.GREEN


def named(color: Color) -> str:
    match color:
        case Color.RED:
            return "red"
        case Color.GREEN:
            return "green"
        case Color.BLUE:
            return "blue"
'''

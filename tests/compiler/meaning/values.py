"""Values and places: words, flags, records, arrays, tuples, lists, text, matches."""

from typing import Generic, NamedTuple, NewType, TypeVar

from exokernel.dialect import Array, Enumeration, Flags, Record, Word, array, bit, bits, i8, i16, u8, u16, u32, u64
from exokernel.dialect import rotate_left, text_of, unsigned_less, unsigned_shift_right, wrapping_add, wrapping_multiply

Frame = NewType("Frame", int)
T = TypeVar("T")
E = TypeVar("E", bound=Record)


class Color(Enumeration, bits=8):
    RED = 1
    GREEN = 2
    BLUE = 5


class Access(Flags, bits=8):
    NONE = 0
    READ = 1
    WRITE = 2
    BOTH = READ | WRITE
    OTHER = 16


class Entry(Word, width=64):
    present: bool = bit(0)
    access: Access = bits(1, 5)
    software: int = bits(9, 3)
    frame: Frame = bits(12, 40)
    top: int = bits(56, 8)

    @property
    def twice(self) -> int:
        return self.frame * 2

    def moved(self, by: int) -> "Entry":
        return self.replace(frame=Frame(self.frame + by), present=True)


class Narrow(Word, width=16):
    low: int = bits(0, 4)
    high: int = bits(8, 8)


class Point(NamedTuple):
    x: int
    y: int = 5

    def shifted(self, by: int) -> "Point":
        return Point(self.x + by, self.y)


class Inner(Record):
    small: u8 = 3
    signed: i8 = 0
    entry: Entry = Entry(present=True)
    color: Color = Color.GREEN


class Outer(Record):
    flag: bool = False
    inner: Inner = Inner()
    wide: u64 = 0
    narrow: Narrow = Narrow()
    many: Array[u16] = array(6)
    others: Array[Inner] = array(3)

    def total(self) -> int:
        result = int(self.flag) + self.inner.small + self.wide
        for each in self.many:
            result += each
        for other in self.others:
            result += other.small * other.signed
        return result


class Stack(Record, Generic[T]):
    depth: int = 0
    items: Array[T] = array(4)

    def push(self, item: T) -> None:
        self.items[self.depth] = item
        self.depth += 1

    def pop(self) -> T:
        self.depth -= 1
        return self.items[self.depth]


outer: Outer = Outer(wide=17)
bytes_: Array[u8] = array(10)
signed: Array[i16] = array(4)
colors: Array[Color] = array(3)
numbers: Stack[int] = Stack[int]()
octets: Stack[u8] = Stack[u8]()

TABLE = tuple((number * 37 + 11) % 64 for number in range(20))
NAME = b"exokernel"
WORDS = ("one", "two", "three")


def digest() -> int:
    return outer.total() * 7 + sum(bytes_) + sum(signed) + numbers.depth + octets.depth + int(outer.inner.entry) % 1000


def clear() -> None:
    numbers.depth = 0
    octets.depth = 0
    outer.flag = False
    outer.wide = 17
    outer.narrow = Narrow()
    outer.inner = Inner(signed=0)
    for position in range(len(outer.many)):
        outer.many[position] = 0
    for position in range(len(outer.others)):
        outer.others[position] = Inner(signed=position)
    for position in range(len(bytes_)):
        bytes_[position] = 0
    for position in range(len(colors)):
        colors[position] = Color.RED


def words(one: int, two: int) -> int:
    entry = Entry(present=one > two, frame=Frame(one % 4096), software=two % 8)
    moved = entry.moved(3)
    if moved == entry:
        return -1
    outer.inner.entry = moved
    back = outer.inner.entry
    return back.frame * 2 + int(back.present) + back.software + back.twice + int(Entry.of(one)) % 97 + Narrow.of(one).high


def words_overflow(one: int, two: int) -> int:
    return int(Entry(software=one, top=two))


def narrow_words(one: int, two: int) -> int:
    word = Narrow.of(one).replace(low=two & 15)
    outer.narrow = word
    return int(outer.narrow) * 3 + (1 if word == Narrow.of(int(word) + 65536) else 0)


def flags(one: int, two: int) -> int:
    access = Access(one & 31)
    wanted = Access.READ | Access.WRITE
    result = 0
    if wanted in access:
        result += 1
    if access & Access.OTHER:
        result += 10
    if Access.NONE in access:
        result += 100
    rest = access & ~Access.READ
    if rest == Access.WRITE:
        result += 1000
    return result + int(rest) * 10000 + int(~(access & Access(31)))


def enumerations(one: int, two: int) -> int:
    color = Color(one % 6)
    colors[two % 3] = color
    match colors[two % 3]:
        case Color.RED:
            return 1
        case Color.GREEN | Color.BLUE:
            return color + 10


def stored(one: int, two: int) -> int:
    outer.inner.small = one
    outer.inner.signed = two
    outer.wide = one
    outer.many[two % 6] = one & 0xFFFF
    return outer.total()


def copies(one: int, two: int) -> int:
    outer.others[one % 3] = Inner(small=two & 255, signed=one % 100)
    outer.others[(one + 1) % 3] = outer.others[one % 3]
    outer.others[one % 3].small += 1
    local = Inner(small=9, entry=Entry(frame=Frame(7)))
    local.signed = -3
    outer.inner = local
    local.small = 1
    return outer.inner.small * 100 + outer.others[(one + 1) % 3].small + outer.inner.entry.frame + int(local.color)


def fresh_each_turn(one: int, two: int) -> int:
    total = 0
    for turn in range(one % 5):
        local = Inner(signed=turn)
        total += local.small + local.signed
        local.small = 200
        scratch: Array[u32] = array(3)
        scratch[turn % 3] += two & 0xFF
        total += scratch[0] + scratch[1] + scratch[2]
    return total


def aliases(one: int, two: int) -> int:
    place = outer.others[one % 3]
    place.small = 5
    outer.others[one % 3] = Inner(small=6)
    first = place.small
    view = outer.many[1:4]
    view[0] = 77
    return first * 1000 + outer.many[1] + len(view)


def slices(one: int, two: int) -> int:
    for position in range(10):
        bytes_[position] = position * 3
    view = bytes_[one:two]
    total = len(view)
    for each in view:
        total = total * 3 + each
    bytes_[0:3] = bytes_[5:8]
    bytes_[7:] = NAME[2:5]
    return total % 10007 + bytes_[0]


def stored_before_a_fault(one: int, two: int) -> int:
    for position in range(10):
        bytes_[position] = position * 3
    view = bytes_[one:two]
    bytes_[0:3] = bytes_[5:8]
    bytes_[7:] = NAME[2:5]
    return len(view)


def unequal_lengths(one: int, two: int) -> int:
    bytes_[0 : one % 5] = bytes_[5 : 5 + two % 5]
    return 1


def tuples(one: int, two: int) -> int:
    a, b = one, two
    a, b = b, a
    point = Point(a).shifted(1)
    x, y = point
    pair = (point, b)
    (c, d), e = pair
    if pair == (Point(x, y), b):
        c += 1
    return wrapping_add(wrapping_multiply(c, 3), wrapping_add(d, e)) // 2 + pair[0].y


def matches(one: int, two: int) -> int:
    match (one % 4, two > 0):
        case (0, True):
            return 1
        case (1 | 2 as which, False):
            return which * 10
        case (other, flag) if flag:
            return other * 100
        case _:
            return -1


def match_text(one: int, two: int) -> int:
    text = WORDS[1] if one > two else "six"
    match text:
        case "one" | "two":
            return 1
        case "six":
            return 6
        case _:
            return 0


def lists(one: int, two: int) -> int:
    squares = [number * number for number in range(8) if number != one % 8]
    squares.append(two % 100)
    last = squares.pop()
    evens: list[int] = []
    for number in range(6):
        if (number + one) % 2 == 0:
            evens.append(number)
    zeros = [4] * 5
    zeros[two % 5] = 9
    total = len(squares) * 1000 + len(evens) * 100 + last
    for each in squares:
        total += each
    for each in evens:
        total += each
    if one % 8 in evens:
        total += 5000
    return total + zeros[one % 5]


def list_faults(one: int, two: int) -> int:
    items = [1, 2, 3]
    for _ in range(one % 5):
        items.pop()
    return items[two % 9 - 4]


def generic(one: int, two: int) -> int:
    numbers.push(one)
    octets.push(two & 255)
    numbers.push(largest(one, two))
    return numbers.pop() + octets.pop() + numbers.pop() // 2


def largest(left: T, right: T) -> T:
    return left if pick(left) else right


def pick(value: T) -> bool:  # pyright: ignore[reportInvalidTypeVarUse]  compiled once for each type
    return True


def tables(one: int, two: int) -> int:
    total = TABLE[one % 50 - 25]
    for value in TABLE:
        total += value
    for index in (1, 5, two % 20):
        total += TABLE[index] * index
    if one in (1, 2, two):
        total += 100000
    if 3 <= one % 10 < 7:
        total += 200000
    if two in range(2, 50):
        total += 400000
    return total


def text(one: int, two: int) -> int:
    data = NAME[one % 12 : two % 12]
    total = len(data) * 1000
    if data == b"ker":
        total += 1
    if b"k" in data:
        total += 2
    if 101 in data:
        total += 4
    if data.startswith(b"ex"):
        total += 8
    if NAME.endswith(data):
        total += 16
    if text_of(NAME[0:3]) == "exo":
        total += 32
    total += NAME[one % 17 - 8] * 3 + len(NAME[one % 30 - 15 : two % 30 - 15]) + NAME.find(b"e", two % 40 - 20)
    return total + NAME.find(b"ke") * 100 + NAME.find(101, two % 30 - 15) + NAME.find(data, 2) + NAME.count(101) * 7 + NAME.count(b"e") * 11 + NAME.count(b"") + "aé".encode()[2]


def arithmetic(one: int, two: int) -> int:
    result = one // two if two != 0 else one
    result ^= one % 7 if one > 0 else two % -7 if two > 0 else 3
    result += rotate_left(one, two) % 1000 + unsigned_shift_right(two, one & 63) % 1000
    if unsigned_less(one, two):
        result = ~result
    return result + min(one % 100, two % 50, 7) + max(one % 3, two % 5) + abs(one % 10 - 5)


def shifts(one: int, two: int) -> int:
    return (one % 1000 << two % 70) + (one >> two % 130)


def overflows(one: int, two: int) -> int:
    return one * 3 - two + -one


def optional(one: int, two: int) -> int:
    found = find(one % 5)
    if found is None:
        return -1
    found.signed = 4
    again = find(two % 5)
    return found.small + (again.small if again is not None else 50)


def find(small: int) -> Inner | None:
    for each in outer.others:
        if each.small == small:
            return each
    return None


def short_circuit(one: int, two: int) -> int:
    if one > 0 and 100 // one > two or one < 0 and not 100 // one < two:
        return 1
    flag = one == 0 or 10 // one == two
    return 2 if flag else 3


def order(one: int, two: int) -> int:
    bytes_[step(one) % 10] = step(two) & 255
    outer.many[step(3)] += step(4)
    return wrapping_add(step(5), step(6))


def step(value: int) -> int:
    numbers.depth = (numbers.depth * 3 + value) % 1009
    return value


def walrus(one: int, two: int) -> int:
    total = 0
    while (rest := one - total) > 0 and total < 100:
        total += two % 5 + 1
    return rest


def joined(one: int, two: int) -> int:
    entry = Entry.of(one).without(Entry.of(two)).joined(Entry(top=3, present=True))
    narrow = Narrow.of(one).joined(Narrow(low=2)).without(Narrow.of(two))
    return wrapping_add(int(entry), int(narrow)) if entry.without(entry) == Entry() else 0


def extremes(one: int, two: int) -> int:
    count = max(min(one, 9), 0)
    most = max(value * two % 11 for value in range(count) if value != 1)
    least = min(value % 7 for value in outer.many)
    return most * 100 + least * 10 + max((one % 3, two % 3, 1))


def magnitudes(one: int, two: int) -> int:
    return abs(one) + sum((two, one % 5, -two))

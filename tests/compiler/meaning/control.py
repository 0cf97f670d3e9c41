"""Ways in and out of blocks: loops, exceptions, finally, with, generators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from exokernel.dialect import Array, Record, array


class Trouble(Exception):
    number: ClassVar[int] = 0


class Small(Trouble):
    number = 101


class Large(Trouble):
    number = 102


class Other(Exception):
    number = 103


class Log(Record):
    length: int = 0
    events: Array[int] = array(64)


log: Log = Log()


def note(event: int) -> None:
    if log.length < 64:
        log.events[log.length] = event
        log.length += 1


def digest() -> int:
    value = 7
    for position in range(log.length):
        value = (value * 31 + log.events[position] % 1_000_003) % 1_000_003
    return value


def clear() -> None:
    log.length = 0


def may_raise(kind: int) -> int:
    note(kind)
    if kind % 5 == 1:
        raise Small
    if kind % 5 == 2:
        raise Large(kind)
    if kind % 5 == 3:
        raise Other("never printed")
    return kind * 2


def caught_in_order(kind: int, _: int) -> int:
    try:
        value = may_raise(kind)
    except Small:
        note(1001)
        return -1
    except (Large, Other):
        note(1002)
        return -2
    else:
        note(1003)
        value += 1
    finally:
        note(1004)
    return value


def family(kind: int, other: int) -> int:
    try:
        try:
            return may_raise(kind) + may_raise(other)
        finally:
            note(2000)
            may_raise(0)
    except Trouble:
        note(2001)
        raise
    finally:
        note(2002)


def finally_overrides(kind: int, _: int) -> int:
    for turn in range(3):
        try:
            note(turn)
            if kind == turn:
                continue
            if kind == turn + 3:
                break
            if kind == turn + 6:
                return turn
            may_raise(kind)
        except Small:
            note(55)
        finally:
            note(3000 + turn)
    else:
        note(3333)
    return -5


def nested_loops(one: int, two: int) -> int:
    total = 0
    for outer in range(5):
        inner = 0
        while inner < 5:
            inner += 1
            if inner == one % 7:
                continue
            if outer == two % 7:
                break
            total += outer * inner
        else:
            total += 1000
        if total > 3000:
            break
    else:
        total += 7
    return total


@contextmanager
def bracket(number: int) -> Iterator[int]:
    note(4000 + number)
    try:
        yield number + 1
    finally:
        note(4100 + number)


@contextmanager
def quiet(number: int) -> Iterator[None]:
    note(4200)
    try:
        yield
    except Small:
        note(4300 + number)
    else:
        note(4400)
    note(4500)


@contextmanager
def plain() -> Iterator[None]:
    note(4600)
    yield
    note(4700)


@contextmanager
def both(number: int) -> Iterator[int]:
    with bracket(number) as inner:
        with plain():
            yield inner * 10
    note(4800)


def with_raise(kind: int, _: int) -> int:
    try:
        with bracket(1) as one, bracket(2) as two:
            note(one + two)
            return may_raise(kind) + one
    except Trouble:
        note(5000)
    return 9


def with_quiet(kind: int, _: int) -> int:
    value = -1
    with quiet(kind):
        value = may_raise(kind)
    note(5100)
    return value


def with_leave(kind: int, _: int) -> int:
    for turn in range(4):
        with plain():
            if turn == kind % 6:
                continue
            if turn + 1 == kind % 6:
                break
            with both(turn) as inner:
                if turn + 2 == kind % 6:
                    return inner
                note(inner)
    return 77


def naturals(limit: int) -> Iterator[int]:
    note(6000)
    try:
        for number in range(limit):
            if number == 3:
                yield -3
            else:
                yield number
    finally:
        note(6100)
    note(6200)


def pairs(limit: int) -> Iterator[tuple[int, int]]:
    for one in naturals(limit):
        for two in range(one):
            yield one, two


def generated(limit: int, stop: int) -> int:
    total = 0
    for number in naturals(limit % 9):
        if number == stop:
            break
        if number % 2 == 1:
            continue
        total += number
        note(number)
    else:
        note(6300)
    for one, two in pairs(limit % 7):
        total += one * two
        if total > 20 + stop % 50:
            return total
    return total


def generator_and_raise(limit: int, kind: int) -> int:
    try:
        for number in naturals(limit % 6):
            note(may_raise(kind + number))
    except Small:
        note(6400)
    except Large:
        note(6401)
        raise
    return limit


def generator_catches(kind: int, _: int) -> int:
    total = 0
    try:
        for number in guarded(kind):
            total += number
            may_raise(number)
    except Trouble:
        note(6500)
    return total


def guarded(kind: int) -> Iterator[int]:
    try:
        yield kind % 10
        may_raise(kind)
        yield 20
    except Small:
        note(6600)
        yield 30
    finally:
        note(6700)


def consumers(limit: int, other: int) -> int:
    found = any(number == other for number in range(limit % 10))
    every = all(number != other for number in naturals(limit % 5) if number != 2)
    total = sum(number * number for number in range(limit % 12) if number % 3 == 0)
    note(int(found))
    note(int(every))
    return total


def enumerated(start: int, stop: int) -> int:
    total = 0
    for position, number in enumerate(naturals(stop % 6), start % 100):
        total += position * number
    for position, (one, two) in enumerate(zip(log.events, range(5))):
        total += position * one + two
    for back in reversed(range(3)):
        total = total * 3 + back
    for step in range(10, -3, -4):
        total += step
    for step in range(1, 11, 3):
        total -= step
    return total


def loop_variable(stop: int, _: int) -> int:
    last = -1
    for last in range(stop % 5):
        pass
    return last


def bare_reraise(kind: int, _: int) -> int:
    try:
        try:
            may_raise(kind)
        except Trouble:
            note(7000)
            try:
                may_raise(3)
            except Other:
                note(7001)
            raise
    except Small:
        return 1
    return 2


def faults(kind: int, _: int) -> int:
    try:
        return log.events[kind] + 100 // kind
    finally:
        pass


def steps(limit: int) -> Iterator[int]:
    try:
        for step in range(limit):
            yield step
    finally:
        note(limit + 900)


def found_within(one: int, two: int) -> int:
    found = 0
    for turn in range(2):
        if any(step + other == one + turn for step in steps(3) for other in range(max(min(two, 4), 0))):
            found += 1
        if all(step != two for step in steps(4)):
            found += 10
    return found

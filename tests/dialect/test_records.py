"""Records and arrays are places: laid out like the machine's, checked like Python's."""

from typing import Annotated, Generic, NewType, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.dialect import (
    Array,
    Enumeration,
    Flags,
    Record,
    Width,
    Word,
    array,
    bit,
    bits,
    i16,
    offset_of,
    size_of,
    u8,
    u16,
    u32,
    u64,
)

Owner = NewType("Owner", int)
T = TypeVar("T")


class Phase(Enumeration, bits=8):
    IDLE = 0
    RUNNING = 1


class Mode(Flags, bits=16):
    FAST = 1
    LOUD = 2


class Key(Word, width=32):
    live: bool = bit(0)
    name: int = bits(8, 24)


class Inner(Record):
    small: u8 = 0
    large: u32 = 0


class Everything(Record):
    flag: bool = False
    short: u16 = 0
    count: int = 7
    owner: Annotated[Owner, Width(16)] = Owner(0)
    key: Key = Key()
    phase: Phase = Phase.IDLE
    mode: Mode = Mode(0)
    inner: Inner = Inner(large=9)
    signed: i16 = 0
    wide: u64 = 0
    tail: Array[u16] = array(3)


class Queue(Record, Generic[T]):
    head: u16 = 0
    items: Array[T] = array(4)

    def push(self, item: T) -> None:
        self.items[self.head] = item
        self.head += 1


class TwoQueues(Record):
    bytes_: Queue[u8]
    keys: Queue[Key]


def test_fields_lie_at_their_natural_alignment() -> None:
    offsets = {name: offset_of(Everything, name) for name in ("short", "count", "owner", "key")}
    assert offsets == {"short": 2, "count": 8, "owner": 16, "key": 20}
    assert offset_of(Everything, "inner") == 28
    assert size_of(Inner) == 8
    assert size_of(Everything) == 56


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**15), 2**15 - 1))
def test_a_field_gives_back_what_was_stored(count: int, signed: int) -> None:
    record = Everything(count=count)
    record.signed = signed
    assert (record.count, record.signed, record.inner.large) == (count, signed, 9)


@given(st.integers())
def test_a_value_that_does_not_fit_is_a_fault_and_changes_nothing(value: int) -> None:
    record = Everything(short=5)
    if 0 <= value < 2**16:
        record.short = value
        assert record.short == value
    else:
        with pytest.raises(OverflowError):
            record.short = value
        assert record.short == 5


def test_defaults_and_typed_fields() -> None:
    record = Everything(phase=Phase.RUNNING, mode=Mode.LOUD, key=Key(name=3), flag=True)
    assert record.phase is Phase.RUNNING and record.mode is Mode.LOUD
    assert record.key == Key(name=3) and record.flag is True
    assert Everything().count == 7


def test_an_unsigned_word_of_64_bits_holds_ints_only() -> None:
    record = Everything(wide=2**63 - 1)
    for value in (2**63, -1):
        with pytest.raises(OverflowError):
            record.wide = value


def test_reading_an_embedded_record_gives_the_place_and_storing_copies() -> None:
    outer, inner = Everything(), Inner(small=1)
    place = outer.inner
    outer.inner = inner
    inner.small = 2
    assert place.small == 1 and place.large == 0


@given(st.lists(st.integers(0, 255), min_size=1, max_size=20), st.data())
def test_a_slice_is_a_view(values: list[int], data: st.DataObject) -> None:
    whole: Array[u8] = array(len(values), of=u8)
    whole[:] = values
    low, high = (data.draw(st.integers(0, 25)) for _ in range(2))
    view = whole[low:high]
    assert list(view) == values[low:high]
    if len(view) != 0:
        view[0] = values[low] ^ 1
        assert whole[low] == values[low] ^ 1


def test_bounds_lengths_and_negative_indices_are_faults() -> None:
    run: Array[u16] = array(4, of=u16)
    for index in (-1, 4):
        with pytest.raises(IndexError):
            run[index]
        with pytest.raises(IndexError):
            run[index] = 1
    with pytest.raises(IndexError):
        run[-1:]
    with pytest.raises(IndexError):
        run[:] = [1, 2, 3]
    with pytest.raises(OverflowError):
        run[0] = 2**16


def test_overlapping_copies_read_before_they_write() -> None:
    run: Array[u8] = array(4, of=u8)
    run[:] = b"abcd"
    run[1:] = run[:3]
    assert bytes(run) == b"aabc"


def test_arrays_of_records_are_places() -> None:
    table: Array[Inner] = array(3, of=Inner)
    table[1].large = 5
    table[2] = Inner(small=7)
    assert [(each.small, each.large) for each in table] == [(0, 0), (0, 5), (7, 0)]


def test_a_generic_record_is_laid_out_for_its_type() -> None:
    assert size_of(Queue[u8]) == 6 and size_of(Queue[Key]) == 20
    queue = Queue[u8]()
    queue.push(200)
    assert (queue.head, queue.items[0]) == (1, 200)
    with pytest.raises(OverflowError):
        queue.push(256)
    both = TwoQueues(bytes_=queue, keys=Queue[Key]())
    both.keys.push(Key(live=True))
    assert both.bytes_.items[0] == 200 and both.keys.items[0].live


def test_mistaken_fields_are_refused() -> None:
    with pytest.raises(TypeError):
        Inner(huge=1)  # type: ignore[call-arg]
    with pytest.raises(AttributeError):
        Inner().huge = 1  # type: ignore[attr-defined]

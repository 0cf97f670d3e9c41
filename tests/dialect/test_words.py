"""Words are values whose fields never leak into one another."""

from typing import NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.dialect import Enumeration, Flags, Word, bit, bits

Frame = NewType("Frame", int)


class Level(Enumeration, bits=8):
    LEAF = 1
    ROOT = 4


class Rights(Flags, bits=8):
    READ = 1
    WRITE = 2
    GRANT = 4


class Entry(Word, width=64):
    present: bool = bit(0)
    rights: Rights = bits(1, 3)
    level: Level = bits(4, 4)
    frame: Frame = bits(12, 40)
    no_execute: bool = bit(63)


class Linear(Word, width=48):
    offset: int = bits(0, 12)
    index: int = bits(12, 9)


patterns = st.integers(0, 2**64 - 1)


@given(patterns)
def test_a_word_is_its_bits(pattern: int) -> None:
    assert int(Entry.of(pattern)) % 2**64 == pattern
    assert Entry.of(int(Entry.of(pattern))) == Entry.of(pattern)


@given(patterns, st.integers(0, 2**40 - 1))
def test_replacing_one_field_leaves_the_others(pattern: int, frame: int) -> None:
    before = Entry.of(pattern)
    after = before.replace(frame=Frame(frame))
    assert after.frame == frame
    assert after.replace(frame=before.frame) == before


def test_a_64_bit_word_is_a_signed_int_and_a_shorter_one_is_not() -> None:
    assert int(Entry(no_execute=True)) == -(2**63)
    assert int(Linear.of(-1)) == 2**48 - 1


def test_fields_have_their_types() -> None:
    entry = Entry(present=True, rights=Rights.READ | Rights.GRANT, level=Level.ROOT)
    assert entry.present is True
    assert Rights.GRANT in entry.rights and Rights.WRITE not in entry.rights
    assert entry.level is Level.ROOT
    assert entry.replace(level=7).level == 7
    assert repr(entry).startswith("Entry(present=True, rights=")


def test_a_value_that_does_not_fit_its_field_is_a_fault() -> None:
    for value in (2**40, -1):
        with pytest.raises(OverflowError):
            Entry(frame=Frame(value))


def test_words_cannot_be_assigned_to_or_tested() -> None:
    with pytest.raises(AttributeError):
        Entry().present = True  # type: ignore[misc]
    with pytest.raises(TypeError):
        bool(Entry())
    with pytest.raises(TypeError):
        Entry(absent=1)  # type: ignore[call-arg]


def test_overlapping_fields_are_refused_where_they_are_declared() -> None:
    with pytest.raises(TypeError, match="overlaps"):

        class Wrong(Word, width=8):
            low: int = bits(0, 5)
            high: int = bits(4, 4)


def test_equal_bits_of_different_words_are_not_equal() -> None:
    assert Entry.of(5) != Linear.of(5)
    assert len({Entry.of(5), Entry.of(5)}) == 1


def test_inverted_flags_are_the_other_named_ones() -> None:
    assert ~Rights.READ == Rights.WRITE | Rights.GRANT

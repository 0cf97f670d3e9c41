"""Integers wrap where they are asked to, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.dialect import (
    rotate_left,
    unsigned_less,
    unsigned_shift_right,
    wrapping_add,
    wrapping_multiply,
    wrapping_sub,
)

ints = st.integers(-(2**63), 2**63 - 1)


@given(ints, ints)
def test_wrapping_results_are_ints_equal_modulo_two_to_the_64(a: int, b: int) -> None:
    for wrapped, exact in (
        (wrapping_add(a, b), a + b),
        (wrapping_sub(a, b), a - b),
        (wrapping_multiply(a, b), a * b),
    ):
        assert -(2**63) <= wrapped < 2**63
        assert (wrapped - exact) % 2**64 == 0


@given(ints, st.integers(0, 200))
def test_rotating_there_and_back_changes_nothing(a: int, count: int) -> None:
    assert rotate_left(rotate_left(a, count), 64 - count % 64) == a


@given(ints, ints)
def test_unsigned_order_is_that_of_the_patterns(a: int, b: int) -> None:
    assert unsigned_less(a, b) == (a % 2**64 < b % 2**64)


@given(ints, st.integers(1, 200))
def test_an_unsigned_shift_fills_with_zeros(a: int, count: int) -> None:
    assert unsigned_shift_right(a, count) == (a % 2**64) >> count


def test_an_unsigned_shift_by_a_negative_count_is_a_fault() -> None:
    with pytest.raises(ValueError):
        unsigned_shift_right(1, -1)

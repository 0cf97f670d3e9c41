"""Digits of integers, against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from exokernel.dialect import array, u8
from exokernel.libos.formatting import LONGEST, write_digits

BASES = {2: "b", 8: "o", 10: "d", 16: "x"}


@given(st.integers(-(2**63), 2**63 - 1), st.sampled_from(sorted(BASES)))
def test_digits_are_those_of_the_number_without_its_sign(value: int, base: int) -> None:
    into = array(LONGEST, of=u8)
    start = write_digits(value, base, into)
    assert bytes(into[start:]).decode() == format(abs(value), BASES[base])

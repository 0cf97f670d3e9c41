"""Integers: how wide a stored one is, and the few operations that may wrap.

An `int` of the dialect is 64 bits, signed, and faults when a result leaves that range
(see `checked`). A width says only how a record field or an array element is stored; it
never changes what an expression means. Code that wants two's-complement wrap-around or
an unsigned comparison asks for it by name, here, and gets a signed 64-bit result.
"""

from dataclasses import dataclass
from typing import Annotated, Final

BITS: Final = 64
MODULUS: Final = 1 << BITS
SMALLEST: Final = -(1 << BITS - 1)
LARGEST: Final = (1 << BITS - 1) - 1


@dataclass(frozen=True)
class Width:
    """How many bits hold a stored integer, and whether the top one is a sign."""

    bits: int
    signed: bool = False


u8 = Annotated[int, Width(8)]
u16 = Annotated[int, Width(16)]
u32 = Annotated[int, Width(32)]
u64 = Annotated[int, Width(64)]
i8 = Annotated[int, Width(8, signed=True)]
i16 = Annotated[int, Width(16, signed=True)]
i32 = Annotated[int, Width(32, signed=True)]
i64 = Annotated[int, Width(64, signed=True)]


def as_signed(value: int) -> int:
    """Reduce `value` modulo 2**64 into the range of an `int` of the dialect."""
    value &= MODULUS - 1
    return value - MODULUS if value > LARGEST else value


def wrapping_add(left: int, right: int) -> int:
    """Add modulo 2**64."""
    return as_signed(left + right)


def wrapping_sub(left: int, right: int) -> int:
    """Subtract modulo 2**64."""
    return as_signed(left - right)


def wrapping_multiply(left: int, right: int) -> int:
    """Multiply modulo 2**64."""
    return as_signed(left * right)


def rotate_left(value: int, count: int) -> int:
    """Rotate the 64 bits of `value` left by `count` modulo 64."""
    count &= BITS - 1
    pattern = value & (MODULUS - 1)
    return as_signed(pattern << count | pattern >> BITS - count)


def unsigned_less(left: int, right: int) -> bool:
    """Compare the two 64-bit patterns as unsigned numbers."""
    return left & (MODULUS - 1) < right & (MODULUS - 1)


def unsigned_shift_right(value: int, count: int) -> int:
    """Shift the 64-bit pattern right, filling with zeros; 64 or more gives 0.

    Raises:
        ValueError: `count` is negative.
    """
    if count < 0:
        raise ValueError(f"shift by {count}")
    return as_signed((value & (MODULUS - 1)) >> count)

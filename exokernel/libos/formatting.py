"""Integers as digits, for the `print` of every library. Where they go is the library's business."""

from exokernel.dialect import Array, u8

LONGEST = 64  # digits of an integer, in base 2
DIGITS = b"0123456789abcdef"


def write_digits(value: int, base: int, into: Array[u8]) -> int:
    """Write the digits of a number, without its sign, to the end of `into`, and answer where they begin.

    Shape: `into` has LONGEST elements; `base` is 2 to 16.
    """
    start = LONGEST
    rest = value
    while rest != 0 or start == LONGEST:
        digit = rest % base
        rest //= base
        if value < 0 and digit > 0:  # division rounds down: go back up, since nothing is as large as the least number
            digit, rest = base - digit, rest + 1
        start -= 1
        into[start] = DIGITS[digit]
    return start

"""Integers as text, for the `print` of every library. Where it goes is the library's business."""

from collections.abc import Iterator

from exokernel.dialect import Array, array, u8

LONGEST = 64  # digits of an integer, in base 2
DIGITS = b"0123456789abcdef"
MINUS = b"-"


def octets_of(value: int, width: int, fill: str, base: int) -> Iterator[bytes]:
    """Yield, piece by piece, an integer in a base from 2 to 16, at least `width` wide, filled up in front.

    With zeros, a sign stands before them; with anything else, behind.
    """
    digits: Array[u8] = array(LONGEST)
    start = write_digits(value, base, digits)
    filled = width - (LONGEST - start) - (1 if value < 0 else 0)
    sign_first = value < 0 and fill == "0"
    if sign_first:
        yield MINUS
    for _ in range(filled):
        yield fill.encode()
    if value < 0 and not sign_first:
        yield MINUS
    yield bytes(digits[start:])


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

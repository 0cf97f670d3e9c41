"""What `print` becomes: bytes written at once."""

from exokernel.abi.console import Stream
from exokernel.dialect import Array, array, u8
from exokernel.libos.bare.console import write_octets

DIGITS = b"0123456789abcdef"
MINUS = 45
LONGEST = 65  # characters of an integer in base 2, with its sign


def write_text(stream: Stream, text: str) -> None:
    write_octets(stream, text.encode())


def write_bytes(stream: Stream, data: bytes) -> None:
    write_octets(stream, data)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Print an integer, at least `width` characters wide."""
    digits: Array[u8] = array(LONGEST)
    start = LONGEST
    rest = value
    while rest != 0 or start == LONGEST:
        start -= 1
        digits[start] = DIGITS[abs(rest) % base]
        rest = rest // base if rest >= 0 else -(-rest // base)
    if value < 0:
        start -= 1
        digits[start] = MINUS
    for _ in range(width - (LONGEST - start)):
        write_text(stream, fill)
    write_octets(stream, bytes(digits[start:]))

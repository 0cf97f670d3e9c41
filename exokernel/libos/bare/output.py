"""What `print` becomes: bytes written at once."""

from exokernel.abi.console import Stream
from exokernel.dialect import Array, array, u8
from exokernel.libos.bare.console import write_octets
from exokernel.libos.formatting import LONGEST, write_digits


def write_text(stream: Stream, text: str) -> None:
    write_octets(stream, text.encode())


def write_bytes(stream: Stream, data: bytes) -> None:
    write_octets(stream, data)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Print an integer, at least `width` characters wide."""
    digits: Array[u8] = array(LONGEST)
    start = write_digits(value, base, digits)
    for _ in range(width - (LONGEST - start) - (1 if value < 0 else 0)):
        write_text(stream, fill)
    if value < 0:
        write_text(stream, "-")
    write_octets(stream, bytes(digits[start:]))

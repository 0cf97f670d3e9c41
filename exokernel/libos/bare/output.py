"""What `print` becomes: bytes written at once."""

from exokernel.abi.console import Stream
from exokernel.libos.bare.console import write_octets
from exokernel.libos.formatting import octets_of


def write_text(stream: Stream, text: str) -> None:
    write_octets(stream, text.encode())


def write_bytes(stream: Stream, data: bytes) -> None:
    write_octets(stream, data)


def write_integer(stream: Stream, value: int, width: int, fill: str, base: int) -> None:
    """Print an integer, at least `width` characters wide."""
    for piece in octets_of(value, width, fill, base):
        write_octets(stream, piece)

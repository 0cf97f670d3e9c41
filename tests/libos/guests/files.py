"""Descriptors: reading in pieces, closing, and what is refused."""

from exokernel.dialect import Array, array, text_of, u8
from exokernel.libos.exos import (
    INPUT,
    OUTPUT,
    Descriptor,
    FileError,
    NotFound,
    NotOpen,
    close,
    open_file,
    read,
    size_of_file,
    variable,
)

PIECE = 5


def main() -> int:
    print(f"variable {variable('COLOUR')} {variable('SHAPE', 'none')}")
    try:
        file = open_file("data")
        print(f"size {size_of_file(file)}")
        pieces(file)
        close(file)
        pieces(INPUT)
    except FileError:
        print("a file was refused")
    refuse()
    return 0


def pieces(file: Descriptor) -> None:
    """Print a file piece by piece. Raises NotOpen."""
    buffer: Array[u8] = array(PIECE)
    while True:
        count = read(file, buffer)
        if count == 0:
            break
        print(f"{count}:{text_of(bytes(buffer[:count]))}", end=" ")
    print()


def refuse() -> None:
    try:
        open_file("missing")
    except NotFound:
        print("missing is not found")
    except FileError:
        print("missing is refused")
    buffer: Array[u8] = array(PIECE)
    try:
        read(Descriptor(17), buffer)
    except NotOpen:
        print("17 is not open")
    try:
        read(OUTPUT, buffer)
    except NotOpen:
        print("output is not read")

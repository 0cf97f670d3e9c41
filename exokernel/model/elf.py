"""The ELF file of a program whose code is Python: what the archive holds and `exec` reads.

All programs of a machine share one image, so their files differ in the entry alone. Pages of
the file lie in memory as they lie in the file. [ELF-64 object file format, version 1.5]
"""

import struct
from collections.abc import Sequence

from exokernel.model.image import Image, Piece, Region

PAGE = 4096
HEADER = struct.Struct("<4s5B7x2HL3QL6H")
SEGMENT = struct.Struct("<2L6Q")
EXECUTABLE_FILE, X86_64, LOADED = 2, 62, 1
READ, WRITE, EXECUTE = 4, 2, 1


def program_file(image: Image, entry: int) -> bytes:
    """Make the file of the program that begins at `entry`."""
    code, data, zeros = (image.regions[name] for name in ("code", "data", "zeros"))
    text = content_of(code, image.pieces)
    constants = content_of(data, image.pieces)
    data_offset = PAGE + len(text)
    base = code.start - PAGE  # the header is loaded before the code
    segments = [
        (LOADED, READ | EXECUTE, 0, base, base, data_offset, data_offset, PAGE),
        (
            *(LOADED, READ | WRITE, data_offset, data.start, data.start),
            *(len(constants), zeros.next - data.start, PAGE),
        ),
    ]
    header = HEADER.pack(
        *(b"\x7fELF", 2, 1, 1, 0, 0),
        *(EXECUTABLE_FILE, X86_64, 1, entry, HEADER.size, 0, 0),
        *(HEADER.size, SEGMENT.size, len(segments), 0, 0, 0),
    )
    table = b"".join(SEGMENT.pack(*segment) for segment in segments)
    return (header + table).ljust(PAGE, b"\0") + text + constants


def content_of(region: Region, pieces: Sequence[Piece]) -> bytes:
    """Collect the bytes of a region, in whole pages."""
    content = bytearray(-(-(region.next - region.start) // PAGE) * PAGE)
    for piece in pieces:
        if region.start <= piece.address < region.end:
            offset = piece.address - region.start
            content[offset : offset + len(piece.content)] = piece.content
    return bytes(content)

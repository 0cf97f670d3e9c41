"""Places the sections of one object, resolves its relocations and defines the layout's symbols.

Everything is one object, so there is nothing to search and nothing to merge. Debug sections are
kept, relocated, and not loaded. What is not supported (dynamic linking, thread-local storage,
GOT) is refused by name.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

from exokernel.compiler.link.elf import ABSOLUTE, FUNCTION, NOBITS, UNDEFINED, LinkError, ObjectFile, Relocation
from exokernel.compiler.link.elf import Section, Symbol, read_object
from exokernel.compiler.link.layout import PAGE, Layout, Segment, segment_of
from exokernel.compiler.link.writer import write_executable

KEPT = (".debug_",)
DROPPED = (".eh_frame",)


@dataclass
class Placed:
    """A segment with its sections: `members` are their numbers, in order of address."""

    segment: Segment
    address: int
    members: list[int]
    file_size: int = 0  # bytes that come from the file, whole pages; the rest is zero
    size: int = 0

    @property
    def end(self) -> int:
        return self.address + self.size


@dataclass
class Image:
    """An object whose sections have addresses."""

    object: ObjectFile
    layout: Layout
    segments: list[Placed]
    addresses: dict[int, int]  # by section number; debug sections are at 0
    symbols: dict[str, int]  # global ones
    entry: int = 0

    def executable(self) -> bytes:
        """The bytes of the ELF file."""
        return write_executable(self, self.entry)

    def functions(self) -> dict[str, int]:
        """The address of every function, local ones included."""
        return {one.name: value_of(self, one) for one in self.object.symbols if one.kind == FUNCTION}

    def section(self, name: str) -> bytes:
        """The content of a section after relocation; empty if there is none."""
        return next((bytes(one.content) for one in self.object.sections if one.name == name), b"")

    def physical(self, placed: Placed) -> int:
        return placed.address if placed.segment.low else (placed.address - self.layout.base) % 2**64


def link(content: bytes, layout: Layout, entry: str) -> bytes:
    """The executable made of an object file.

    Raises:
        LinkError: a symbol is undefined, a relocation is not supported or does not reach.
    """
    return link_image(content, layout, entry).executable()


def link_image(content: bytes, layout: Layout, entry: str) -> Image:
    """The object with everything at its address; raises as `link` does."""
    image = place(read_object(content), layout)
    for number, section in enumerate(image.object.sections):
        if number in image.addresses:
            for relocation in section.relocations:
                relocate(image, number, section, relocation)
    if entry not in image.symbols:
        raise LinkError(f"the entry {entry} is not defined")
    image.entry = image.symbols[entry]
    return image


def aligned(value: int, alignment: int) -> int:
    return -(-value // alignment) * alignment


def place(source: ObjectFile, layout: Layout) -> Image:
    """Give every section that is kept an address."""
    image = Image(source, layout, [], {}, {})
    members: dict[str, list[int]] = {segment.name: [] for segment in layout.segments}
    for number, section in enumerate(source.sections):
        if section.loaded and not section.name.startswith(DROPPED):
            members[segment_of(section, layout).name].append(number)
        elif section.name.startswith(KEPT):
            image.addresses[number] = 0
    position = layout.start
    for segment in layout.segments:
        position = aligned(position, PAGE)
        base = 0 if segment.low else layout.base
        placed = place_segment(image, segment, position + base, members[segment.name])
        image.segments.append(placed)
        position = placed.end - base
    define_symbols(image)
    return image


def place_segment(image: Image, segment: Segment, address: int, members: list[int]) -> Placed:
    sections = image.object.sections

    def order(number: int) -> tuple[bool, int]:
        name = sections[number].name
        return sections[number].kind == NOBITS, next(
            (at for at, one in enumerate(segment.sections) if name.startswith(one)), len(segment.sections)
        )

    placed = Placed(segment, address, sorted(members, key=order))
    position = address
    in_file = True
    for number in placed.members:
        section = sections[number]
        if in_file and section.kind == NOBITS:
            in_file, position = False, aligned(position, PAGE)
            placed.file_size = position - address
        position = aligned(position, section.alignment)
        image.addresses[number] = position
        position += section.size
    placed.size = aligned(position, PAGE) - address
    if in_file:
        placed.file_size = placed.size
    return placed


def define_symbols(image: Image) -> None:
    """The symbols of the object that are global, and those of the layout."""
    for placed in image.segments:
        name = placed.segment.name
        image.symbols[f"{name}_end" if placed.segment.low else f"image_{name}"] = (
            placed.end if placed.segment.low else placed.address
        )
        if name == "data":
            image.symbols["image_bss"] = placed.address + placed.file_size
    image.symbols["image_end"] = image.segments[-1].end
    for symbol in image.object.symbols:
        if symbol.binding and symbol.section != UNDEFINED:
            image.symbols[symbol.name] = value_of(image, symbol)


def value_of(image: Image, symbol: Symbol) -> int:
    """The address a symbol stands for."""
    if symbol.section == ABSOLUTE:
        return symbol.value
    if symbol.section == UNDEFINED:
        if symbol.name not in image.symbols:
            raise LinkError(f"the symbol {symbol.name} is used and nowhere defined")
        return image.symbols[symbol.name]
    return (image.addresses.get(symbol.section, 0) + symbol.value) % 2**64


# Relocations [System V ABI, AMD64 supplement §4.4]


def store_64(value: int) -> bytes:
    return struct.pack("<Q", value % 2**64)


def store_32_signed(value: int) -> bytes:
    value %= 2**64
    return struct.pack("<i", value - 2**64 if value >= 2**63 else value)


def store_32(value: int) -> bytes:
    return struct.pack("<I", value)


R_64, R_PC32, R_PLT32, R_32, R_32S, R_16, R_PC64 = 1, 2, 4, 10, 11, 12, 24
RELATIVE = {R_PC32, R_PLT32, R_PC64}
STORES: dict[int, Callable[[int], bytes]] = {
    R_64: store_64,
    R_PC64: store_64,
    R_PC32: store_32_signed,
    R_PLT32: store_32_signed,
    R_32: store_32,
    R_32S: store_32_signed,
    R_16: lambda value: struct.pack("<H", value),
}


def relocate(image: Image, number: int, section: Section, relocation: Relocation) -> None:
    """Write the value a relocation asks for into its section."""
    symbol = image.object.symbols[relocation.symbol]
    if relocation.kind not in STORES:
        raise LinkError(f"relocation type {relocation.kind} against {symbol.name} is not supported")
    value = value_of(image, symbol) + relocation.addend
    if relocation.kind in RELATIVE:
        value -= image.addresses[number] + relocation.offset
    try:
        stored = STORES[relocation.kind](value)
    except struct.error:
        where = f"{section.name}+{relocation.offset:#x}"
        raise LinkError(f"{symbol.name or 'a section'} is too far from {where} ({value:#x})") from None
    section.content[relocation.offset : relocation.offset + len(stored)] = stored

"""Writes the executable: headers, segments, then what debuggers want.

Every segment lies in the file at a page, so that a loader may map it in place. The file holds
the debug sections and the symbol table behind the segments; bytes depend on the input alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exokernel.compiler.link.elf import ABSOLUTE, FILE_HEADER, IDENTITY, LOCAL, PROGBITS, PROGRAM_HEADER
from exokernel.compiler.link.elf import SECTION_HEADER, STRTAB, SYMBOL, SYMTAB, Symbol
from exokernel.compiler.link.layout import PAGE, READABLE

if TYPE_CHECKING:
    from exokernel.compiler.link.linker import Image, Placed

EXECUTABLE_FILE, X86_64 = 2, 62
LOAD, NOTE = 1, 4  # segment types
NOTE_ALIGNMENT = 4  # what loaders expect of an ELF note


@dataclass
class StringTable:
    content: bytearray = field(default_factory=lambda: bytearray(1))
    known: dict[str, int] = field(default_factory=dict)

    def add(self, text: str) -> int:
        if text not in self.known:
            self.known[text] = len(self.content)
            self.content += text.encode() + b"\0"
        return self.known[text]


class Writer:
    """The file as it grows."""

    def __init__(self, image: Image) -> None:
        self.image = image
        self.file = bytearray()
        self.programs: list[tuple[int, ...]] = []
        self.headers: list[tuple[int, ...]] = [(0,) * 10]
        self.names = StringTable()
        self.numbers: dict[int, int] = {}  # of sections: in the object -> in the executable

    def align(self, alignment: int) -> int:
        self.file += bytes(-len(self.file) % alignment)
        return len(self.file)

    def section(self, name: str, kind: int, flags: int, address: int, offset: int, size: int, **more: int) -> None:
        self.headers.append(
            (
                *(self.names.add(name), kind, flags, address, offset, size),
                *(more.get("link", 0), more.get("info", 0), more.get("alignment", 1), more.get("entry", 0)),
            )
        )

    def segment(self, placed: Placed) -> None:
        """A segment's bytes, its program header and its section headers."""
        if not placed.size:
            return
        offset = self.align(PAGE)
        content = bytearray(placed.file_size)
        for number in placed.members:
            section = self.image.object.sections[number]
            at = self.image.addresses[number] - placed.address
            content[at : at + len(section.content)] = section.content
            self.numbers[number] = len(self.headers)
            self.section(
                section.name, section.kind, section.flags, placed.address + at, offset + at, section.size,
                alignment=section.alignment,
            )
            if section.name.startswith(".note"):
                self.note(offset + at, placed.address + at, section.size)
        self.file += content
        flags, physical = placed.segment.flags, self.image.physical(placed)
        self.programs.append((LOAD, flags, offset, placed.address, physical, placed.file_size, placed.size, PAGE))

    def note(self, offset: int, address: int, size: int) -> None:
        self.programs.append((NOTE, READABLE, offset, address, address, size, size, NOTE_ALIGNMENT))

    def debug_sections(self) -> None:
        for number, section in enumerate(self.image.object.sections):
            if number in self.image.addresses and number not in self.numbers:
                self.numbers[number] = len(self.headers)
                strings = {"entry": 1} if section.flags & MERGED_STRINGS == MERGED_STRINGS else {}
                flags = section.flags & MERGED_STRINGS
                self.section(section.name, PROGBITS, flags, 0, len(self.file), section.size, **strings)
                self.file += section.content

    def symbols(self) -> None:
        """The symbol table: the object's symbols and the layout's, local ones first."""
        strings = StringTable()
        image = self.image
        kept = [one for one in image.object.symbols if one.section in self.numbers or one.section == ABSOLUTE]
        defined = {one.name for one in kept if one.binding != LOCAL}
        kept += [Symbol(name, 1, 0, ABSOLUTE, value, 0) for name, value in image.symbols.items() if name not in defined]
        kept.sort(key=lambda one: one.binding != LOCAL)
        content = bytearray(SYMBOL.size)
        for one in kept:
            number = self.numbers.get(one.section, ABSOLUTE)
            address = (image.addresses.get(one.section, 0) + one.value) % 2**64
            content += SYMBOL.pack(strings.add(one.name), one.binding << 4 | one.kind, 0, number, address, one.size)
        local = 1 + sum(one.binding == LOCAL for one in kept)
        offset = self.align(8)
        self.file += content
        self.section(
            ".symtab", SYMTAB, 0, 0, offset, len(content), link=len(self.headers) + 1, info=local, alignment=8,
            entry=SYMBOL.size,
        )
        self.section(".strtab", STRTAB, 0, 0, len(self.file), len(strings.content))
        self.file += strings.content

    def finish(self, entry: int) -> bytes:
        """The section headers, and the headers at the front."""
        name = self.names.add(".shstrtab")
        self.headers.append((name, STRTAB, 0, 0, len(self.file), len(self.names.content), 0, 0, 1, 0))
        self.file += self.names.content
        at = self.align(8)
        for header in self.headers:
            self.file += SECTION_HEADER.pack(*header)
        count = len(self.headers)
        head = FILE_HEADER.pack(
            IDENTITY, EXECUTABLE_FILE, X86_64, 1, entry, FILE_HEADER.size, at, 0, FILE_HEADER.size,
            PROGRAM_HEADER.size, len(self.programs), SECTION_HEADER.size, count, count - 1,
        )
        head += b"".join(PROGRAM_HEADER.pack(*one) for one in self.programs)
        self.file[: len(head)] = head
        return bytes(self.file)


MERGED_STRINGS = 0x30  # section flags: the strings in it may be merged


def write_executable(image: Image, entry: int) -> bytes:
    """The bytes of the ELF file."""
    writer = Writer(image)
    writer.file += bytes(PAGE)
    for placed in image.segments:
        writer.segment(placed)
    writer.align(PAGE)
    writer.debug_sections()
    writer.symbols()
    return writer.finish(entry)

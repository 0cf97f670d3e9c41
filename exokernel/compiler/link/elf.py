"""Reads an ELF64 relocatable object: sections, symbols, relocations. [ELF-64 object file format]

Little-endian, x86-64, RELA relocations: what LLVM writes. It interprets nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")
FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")
IDENTITY = b"\x7fELF\x02\x01\x01"

PROGBITS, SYMTAB, STRTAB, RELA, NOBITS = 1, 2, 3, 4, 8  # section types
WRITE, ALLOCATE, EXECUTE = 1, 2, 4  # section flags
UNDEFINED, ABSOLUTE = 0, 0xFFF1  # section numbers that are none
LOCAL = 0  # symbol binding
FUNCTION = 2  # symbol type


class LinkError(Exception):
    """The object cannot be linked; says which symbol or relocation."""


@dataclass
class Relocation:
    offset: int  # in the section it applies to
    kind: int
    symbol: int
    addend: int


@dataclass
class Section:
    name: str
    kind: int
    flags: int
    size: int
    alignment: int
    content: bytearray
    relocations: list[Relocation] = field(default_factory=list)

    @property
    def loaded(self) -> bool:
        return bool(self.flags & ALLOCATE)


@dataclass
class Symbol:
    name: str
    binding: int
    kind: int
    section: int
    value: int
    size: int


@dataclass
class ObjectFile:
    sections: list[Section]  # numbered as in the file
    symbols: list[Symbol]


def string_at(table: bytes, offset: int) -> str:
    return table[offset : table.index(b"\0", offset)].decode()


def read_object(data: bytes) -> ObjectFile:
    """Take an object file apart."""
    if data[: len(IDENTITY)] != IDENTITY:
        raise LinkError("not a 64-bit little-endian ELF file")
    headers_at = FILE_HEADER.unpack_from(data)[6]
    count, names_at = struct.unpack_from("<HH", data, 60)
    headers = [SECTION_HEADER.unpack_from(data, headers_at + 64 * number) for number in range(count)]
    contents = [data[head[4] : head[4] + head[5]] if head[1] != NOBITS else b"" for head in headers]
    sections = [
        Section(string_at(contents[names_at], head[0]), head[1], head[2], head[5], max(head[8], 1), bytearray(content))
        for head, content in zip(headers, contents)
    ]
    symbols: list[Symbol] = []
    for head, content in zip(headers, contents):
        if head[1] == SYMTAB:
            symbols = [read_symbol(entry, contents[head[6]]) for entry in SYMBOL.iter_unpack(content)]
        elif head[1] == RELA:
            sections[head[7]].relocations = [
                Relocation(offset, information & 0xFFFFFFFF, information >> 32, addend)
                for offset, information, addend in RELOCATION.iter_unpack(content)
            ]
    return ObjectFile(sections, symbols)


def read_symbol(entry: tuple[int, int, int, int, int, int], names: bytes) -> Symbol:
    name, information, _, section, value, size = entry
    return Symbol(string_at(names, name), information >> 4, information & 15, section, value, size)

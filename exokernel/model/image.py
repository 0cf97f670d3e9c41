"""The memory image of a kernel or of programs: where statics, symbols and functions lie.

Code is Python and has no bytes, so each entry point is given sixteen of its own: an
undefined instruction and the number of the function. They are loaded and mapped like any
code, and the processor finds by them what it is to run. Making an ELF file is `elf`'s.
"""

import struct
from collections.abc import Callable
from typing import Any, NamedTuple

from exokernel.abi.faults import Fault
from exokernel.dialect import memory
from exokernel.dialect.memory import Memory
from exokernel.model.assembler import Assembly, Fixup

ENTRY_SIZE = 16  # bytes of each code address
ENTRY_MARK = b"\x0f\x0bexok"  # UD2: no real processor gets past it
FAILED_CHECK = b"\x67\x0f\xb9\x40"  # `ud1 kind(%eax), %eax`; the kind follows


class Piece(NamedTuple):
    """Some bytes of an image and where they belong."""

    address: int
    content: bytes


class Region:
    """A run of addresses given out from its start."""

    def __init__(self, start: int, end: int) -> None:
        self.start, self.next, self.end = start, start, end

    def take(self, size: int, alignment: int) -> int:
        address = -(-self.next // alignment) * alignment
        self.next = address + size
        if self.next > self.end:
            raise MemoryError(f"no room for {size} bytes below {self.end:#x}")
        return address


class Image:
    """What a linker would have made of some modules. Complete after `close`."""

    def __init__(self, **regions: Region) -> None:
        self.regions = regions  # code, data, zeros, and of a kernel: boot
        self.symbols: dict[str, int] = {}
        self.exports: dict[str, Callable[..., Any]] = {}
        self.pieces: list[Piece] = []
        self._functions: dict[int, str] = {}  # what runs at a code address: a symbol
        self._by_function: dict[Callable[..., Any], int] = {}
        self._fixups: list[Fixup] = []

    def static_storage(self, size: int, alignment: int, content: bytes) -> tuple[Memory, int]:
        """Place a static: what `memory.static_storage` asks for."""
        address = self.regions["data" if content else "zeros"].take(size, alignment)
        if content:
            self.pieces.append(Piece(address, content))
        return memory.absolute, address

    def assemble(self, text: str) -> None:
        """Lay out the data of some assembly and define its labels."""
        assembly = Assembly(self.regions, self._new_code)
        assembly.add(text)
        self.symbols.update(assembly.labels)
        self.pieces += [Piece(address, content) for address, content in assembly.pieces]
        self._fixups += assembly.fixups

    def symbol_address(self, name: str) -> int:
        """Find a symbol. Raises LookupError."""
        if name not in self.symbols:
            if name not in self.exports:
                raise LookupError(f"no symbol {name}")
            self._define_export(name)
        return self.symbols[name]

    def entry_address(self, function: Callable[..., Any]) -> int:
        """Find the code address of an exported function. Raises LookupError."""
        for name, exported in self.exports.items():
            if exported is function:
                return self.symbol_address(name)
        if function not in self._by_function:
            name = f"{function.__module__}.{function.__qualname__}"
            self.exports[name] = function
            self._by_function[function] = self.symbol_address(name)
        return self._by_function[function]

    def function_at(self, address: int) -> str:
        """Name the symbol whose code begins at an address; empty if none does."""
        return self._functions.get(address, "")

    def add_faults(self) -> None:
        """Make the instructions that a compiler would have put at failing checks."""
        for kind in Fault:
            address = self.regions["code"].take(ENTRY_SIZE, ENTRY_SIZE)
            self.symbols[fault_symbol(kind)] = address
            self.pieces.append(Piece(address, FAILED_CHECK + bytes([kind])))

    def close(self) -> None:
        """Give every export its address and fill in what assembly said of symbols."""
        for name in self.exports:
            self.symbol_address(name)
        for fixup in self._fixups:
            if fixup.symbol not in self.symbols:  # code that the compiler would have made
                self._define_export(fixup.symbol)
            value = self.symbol_address(fixup.symbol) + fixup.addend
            content = struct.pack("<Q", value % 2**64)[: fixup.size]
            self.pieces.append(Piece(fixup.address, content))
        self._fixups.clear()

    def _define_export(self, name: str) -> None:
        self.symbols[name] = self._new_code(name)

    def _new_code(self, name: str) -> int:
        address = self.regions["code"].take(ENTRY_SIZE, ENTRY_SIZE)
        self._functions[address] = name
        self.pieces.append(Piece(address, entry_bytes(address)))
        return address


def fault_symbol(kind: Fault) -> str:
    """Name the instruction that a failed check of this kind is said to be at."""
    return f"fault {int(kind)}"


def entry_bytes(address: int) -> bytes:
    """Make the bytes that stand for the code at an address."""
    return ENTRY_MARK + struct.pack("<Q", address % 2**64) + bytes(2)

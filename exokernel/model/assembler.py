"""As much of an assembler as CPython needs: labels, and the layout of data.

Instructions are passed over: what a code label does is said in Python (see
`exokernel.dialect.unsafe.means`). Expressions are a number, a symbol, or a symbol plus a
number, as our assembly has them.
"""

import re
from ast import literal_eval
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

LABEL = re.compile(r"\s*([A-Za-z_.$][\w.$]*):(.*)")
SUM = re.compile(r"\s*([A-Za-z_.$][\w.$]*)\s*(?:([+-])\s*(\w+))?\s*$")
SIZES = {".byte": 1, ".word": 2, ".short": 2, ".long": 4, ".int": 4, ".quad": 8}


class Fixup(NamedTuple):
    """A place in data that holds a symbol's address."""

    address: int
    size: int
    symbol: str
    addend: int


class Room(Protocol):
    """Addresses to give out."""

    def take(self, size: int, alignment: int) -> int: ...


class Assembly:
    """The labels, data and references of some assembly text."""

    def __init__(self, rooms: Mapping[str, Room], new_code: Callable[[str], int]) -> None:
        self.labels: dict[str, int] = {}
        self.pieces: list[tuple[int, bytes]] = []
        self.fixups: list[Fixup] = []
        self._rooms = rooms
        self._new_code = new_code
        self._section = "code"

    def add(self, text: str) -> None:
        """Lay out a text. Raises ValueError for an expression it does not know."""
        for line in text.splitlines():
            line = line.split("#")[0].strip()
            while label := LABEL.match(line):
                self._label(label[1])
                line = label[2].strip()
            if line.startswith("."):
                name, _, arguments = line.partition(" ")
                self._directive(name, arguments.strip())

    def _label(self, name: str) -> None:
        if self._section == "code":
            self.labels[name] = self._new_code(name)
        else:
            self.labels[name] = self._place(0, 1)

    def _directive(self, name: str, arguments: str) -> None:
        match name:
            case ".text" | ".data" | ".bss" | ".rodata" | ".section":
                self._section = _section(name, arguments)
            case _ if self._section == "code":
                pass
            case ".p2align" | ".balign" | ".align":
                step = int(arguments.split(",")[0], 0)
                self._place(0, 1 << step if name == ".p2align" else step)
            case ".skip" | ".zero" | ".space":
                self._place(_number(arguments), 1)
            case ".fill":
                count, size, value = (int(each, 0) for each in arguments.split(","))
                self._bytes(value.to_bytes(size, "little") * count)
            case ".asciz" | ".ascii" | ".string":
                end = b"" if name == ".ascii" else b"\0"
                self._bytes(str(literal_eval(arguments)).encode() + end)
            case _ if name in SIZES:
                for each in arguments.split(","):
                    self._value(each.strip(), SIZES[name])

    def _place(self, size: int, alignment: int) -> int:
        """Take the next addresses of the section."""
        return self._rooms[self._section].take(size, alignment)

    def _bytes(self, content: bytes) -> None:
        self.pieces.append((self._place(len(content), 1), content))

    def _value(self, expression: str, size: int) -> None:
        address = self._place(size, 1)
        known = SUM.match(expression)
        if known is None:
            value = int(expression, 0) % (1 << 8 * size)
            self.pieces.append((address, value.to_bytes(size, "little")))
        else:
            addend = int(known[3], 0) if known[3] else 0
            self.fixups.append(
                Fixup(address, size, known[1], -addend if known[2] == "-" else addend)
            )


def _section(directive: str, arguments: str) -> str:
    """Which of an image's regions a directive means."""
    name, _, flags = arguments.partition(",")
    name = name if directive == ".section" else directive
    if name.startswith(".bss"):
        return "zeros"
    if name.startswith(".boot.data"):
        return "boot"  # linked where it lies in physical memory
    if name.startswith((".data", ".rodata", ".note")):
        return "data"
    return "code"


def _number(text: str) -> int:
    """A number or a product of numbers."""
    product = 1
    for factor in text.split("*"):
        product *= int(factor, 0)
    return product

"""How much stack compiled code can take: an upper bound, known before it runs.

A function's frame is the largest distance between its stack pointer and its caller's that the
call-frame information states. With the call graph, which has no cycles and no indirect calls,
the deepest chain bounds the stack. Assembly counts only through what it states itself.
[DWARF 4 §6.4]
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

CIE = 0xFFFFFFFF
ADVANCE, OFFSET, RESTORE = 1, 2, 3  # in the two high bits of an instruction
DEFINE_CFA, DEFINE_CFA_REGISTER, DEFINE_CFA_OFFSET = 0x0C, 0x0D, 0x0E
UNKNOWN = 1 << 30  # bytes; from where the frame is not counted from the stack pointer, it is not known
# How many operands the other instructions have: "u" LEB128, "1" "2" "4" "8" bytes, "b" a block.
OPERANDS = {
    0x00: "", 0x01: "8", 0x02: "1", 0x03: "2", 0x04: "4", 0x05: "uu", 0x06: "u", 0x07: "u", 0x08: "u", 0x09: "uu",
    0x0A: "", 0x0B: "", 0x0F: "b", 0x10: "ub", 0x11: "uu", 0x12: "uu", 0x13: "u", 0x14: "uu", 0x15: "uu", 0x16: "ub",
    0x2E: "u",
}  # fmt: skip


class UnboundedStack(Exception):
    """Functions that call each other in a circle."""


@dataclass(frozen=True)
class Depth:
    """The deepest chain of calls from a function: its bytes, return addresses included."""

    bytes: int
    path: tuple[str, ...]


def uleb(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 number and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def frame_sizes(debug_frame: bytes) -> dict[int, int]:
    """Bytes of stack by address of function, the return address included."""
    return {address: largest for address, largest in frames(debug_frame)}


def frames(section: bytes) -> Iterator[tuple[int, int]]:
    at = 0
    while at + 8 <= len(section):
        length, identity = struct.unpack_from("<II", section, at)
        end = at + 4 + length
        if length and identity != CIE:
            address = struct.unpack_from("<Q", section, at + 8)[0]
            yield address, largest_offset(section[at + 24 : end])
        at = end


def largest_offset(instructions: bytes) -> int:
    """The greatest CFA offset the instructions of one function define."""
    at, largest = 0, 8
    while at < len(instructions):
        code = instructions[at]
        at += 1
        if code >> 6 == OFFSET:
            _, at = uleb(instructions, at)
        elif code in (DEFINE_CFA, DEFINE_CFA_OFFSET, DEFINE_CFA_REGISTER):
            if code == DEFINE_CFA:
                _, at = uleb(instructions, at)
            value, at = uleb(instructions, at)
            largest = UNKNOWN if code == DEFINE_CFA_REGISTER else max(largest, value)
        elif code >> 6 not in (ADVANCE, RESTORE):
            at = skip(instructions, at, OPERANDS[code])
    return largest


def skip(data: bytes, at: int, operands: str) -> int:
    for one in operands:
        if one.isdigit():
            at += int(one)
        else:
            size, at = uleb(data, at)
            at += size if one == "b" else 0
    return at


def depths(calls: Mapping[str, set[str]], sizes: Mapping[str, int]) -> dict[str, Depth]:
    """The depth of every function.

    Raises:
        UnboundedStack: there is recursion.
    """
    known: dict[str, Depth] = {}

    def depth(name: str, above: tuple[str, ...]) -> Depth:
        if name in above:
            raise UnboundedStack(" -> ".join([*above[above.index(name) :], name]))
        if name not in known:
            below = [depth(callee, (*above, name)) for callee in sorted(calls.get(name, ()))]
            deepest = max(below, key=lambda one: one.bytes, default=Depth(0, ()))
            known[name] = Depth(sizes.get(name, 8) + deepest.bytes, (name, *deepest.path))
        return known[name]

    for name in calls:
        depth(name, ())
    return known

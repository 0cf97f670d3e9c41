"""Searches in bytes, as the methods of `bytes` have them. Compiled into whatever uses them."""


def find(data: bytes, part: bytes, start: int) -> int:
    """The first position from `start` on where `part` stands, or -1."""
    position = from_start(data, start)
    while position + len(part) <= len(data):
        if data[position : position + len(part)] == part:
            return position
        position += 1
    return -1


def find_octet(data: bytes, octet: int, start: int) -> int:
    """The first position from `start` on of one byte, or -1."""
    for position in range(from_start(data, start), len(data)):
        if data[position] == octet:
            return position
    return -1


def from_start(data: bytes, start: int) -> int:
    """A first position, which counts from the end when it is negative, and stops at the start."""
    return start if start >= 0 else max(start + len(data), 0)


def starts_with(data: bytes, part: bytes) -> bool:
    return len(part) <= len(data) and data[: len(part)] == part


def ends_with(data: bytes, part: bytes) -> bool:
    return len(part) <= len(data) and data[len(data) - len(part) :] == part


def count_octet(data: bytes, octet: int) -> int:
    """How often one byte occurs."""
    count = 0
    for each in data:
        if each == octet:
            count += 1
    return count


def count(data: bytes, part: bytes) -> int:
    """How often `part` occurs, one behind the other; a part of no bytes stands at every end of one."""
    if len(part) == 0:
        return len(data) + 1
    found = 0
    position = find(data, part, 0)
    while position >= 0:
        found += 1
        position = find(data, part, position + len(part))
    return found

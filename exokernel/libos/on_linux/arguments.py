"""What Linux started the program with: on the stack, a count and the addresses of texts."""

from collections.abc import Iterator

from exokernel.dialect import Array, Record, text_of
from exokernel.libos.arch.x86_64.memory import bytes_from, integers_from

POINTER = 8  # bytes
EQUALS = 61


class Given(Record):
    """Where the stack began."""

    stack: int


given: Given = Given(stack=0)


def count() -> int:
    return integers_from(given.stack, 1)[0]


def pointers(start: int, length: int) -> Array[int]:
    """Addresses on the stack, from the `start`th word behind the count."""
    return integers_from(given.stack + POINTER * (1 + start), length)


def item(address: int) -> bytes:
    """The bytes before the NUL."""
    length = 0
    while bytes_from(address + length, 1)[0] != 0:
        length += 1
    return bytes_from(address, length)


def arguments() -> Iterator[str]:
    """Yield the arguments behind the program's name, in order."""
    for position in range(1, count()):
        yield text_of(item(pointers(position, 1)[0]))


def program_name() -> str:
    """The name the program was started by."""
    return text_of(item(pointers(0, 1)[0])) if count() > 0 else ""


def environment() -> int:
    """The address of the addresses of all variables, which end with a 0."""
    return given.stack + POINTER * (count() + 2)


def variable(name: str, default: str = "") -> str:
    """The value of an environment variable, or `default` when it is not set."""
    wanted = name.encode()
    position = count() + 1
    while pointers(position, 1)[0] != 0:
        found = item(pointers(position, 1)[0])
        if len(found) > len(wanted) and found.startswith(wanted) and found[len(wanted)] == EQUALS:
            return text_of(found[len(wanted) + 1 :])
        position += 1
    return default

"""Going on as another program."""

from typing import NoReturn

from exokernel.dialect import Array, u8
from exokernel.libos.arch.x86_64.memory import address_of_octets
from exokernel.libos.errors import HeapExhausted, NoMemory, NotExecutable, NotFound, TooLong
from exokernel.libos.on_linux.arch.system import execute_named
from exokernel.libos.on_linux.arguments import environment
from exokernel.libos.on_linux.heap import integers, octets
from exokernel.libos.on_linux.output import flush_all

SPACE = 32
NOT_EXECUTABLE = -8  # ENOEXEC
TOO_LONG = -7  # E2BIG


def execute(name: str, arguments: str) -> NoReturn:
    """Let another program go on in our place; `arguments`, a space between two, follow its name.

    Raises:
        NotFound: there is no such program.
        NotExecutable: it is no program.
        NoMemory: there is no room for the arguments.
        TooLong: Linux takes no arguments so long.
    """
    flush_all()
    try:
        path = terminated(name.encode())
        words = terminated(arguments.encode())
        pointers = integers(len(words) + 2)
    except HeapExhausted:
        raise NoMemory
    pointers[0] = address_of_octets(path)
    split(words, pointers)
    answer = execute_named(path, pointers, environment())
    if answer == NOT_EXECUTABLE:
        raise NotExecutable
    if answer == TOO_LONG:
        raise TooLong
    raise NotFound


def terminated(text: bytes) -> Array[u8]:
    """Copy bytes, with a NUL behind. Raises HeapExhausted."""
    copy = octets(len(text) + 1)
    copy[: len(text)] = text
    return copy


def split(words: Array[u8], pointers: Array[int]) -> None:
    """Put a NUL between words, and their addresses behind the first pointer."""
    count = 1
    if len(words) > 1:
        pointers[1] = address_of_octets(words)
        count = 2
    for position in range(len(words)):
        if words[position] == SPACE:
            words[position] = 0
            pointers[count] = address_of_octets(words) + position + 1
            count += 1

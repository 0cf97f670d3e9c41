"""Print the lines that contain a string, as GNU grep -F does in the C locale.

Options: -c counts lines, -n numbers them, -v takes those without the string, -F changes
nothing. The string may be several, one a line. Status 0: a line was found; 1: none; 2: an
error. [GNU grep 3.8, grep.c]
"""

from collections.abc import Iterator
from typing import NamedTuple

from exokernel.libos.command_line import (
    STANDARD_INPUT,
    UsageError,
    complain,
    is_help_wanted,
    names,
    number_of_names,
    options_given,
    refuse,
)
from exokernel.libos.exos import (
    INPUT,
    Descriptor,
    FileError,
    close,
    content,
    errors,
    flush_all,
    open_file,
    write_output,
)

NEWLINE, NUL = 10, b"\0"
FOUND, NOT_FOUND, TROUBLE = 0, 1, 2  # statuses
USAGE = "Usage: grep [OPTION]... PATTERNS [FILE]..."
HELP = "Print lines of each FILE, or of standard input, that contain PATTERNS: -c their number, -n with numbers, -v the other lines."


class Options(NamedTuple):
    counted: bool
    numbered: bool
    inverted: bool


def main() -> int:
    if is_help_wanted():
        print(USAGE)
        print(HELP)
        return FOUND
    try:
        options = chosen()
        pattern = pattern_given()
    except UsageError:
        print(USAGE, file=errors)
        print("Try 'grep --help' for more information.", file=errors)
        return TROUBLE
    files = number_of_names() - 1
    status = NOT_FOUND
    position = 0
    for name in names():
        if position > 0:
            status = worse(status, search_file(name, pattern, options, files > 1))
        position += 1
    if files == 0:
        status = search(INPUT, pattern, options, False, "(standard input)")
    return status


def worse(one: int, other: int) -> int:
    """The status of two searches together: trouble, or else whether either found something."""
    if one == TROUBLE or other == TROUBLE:
        return TROUBLE
    return min(one, other)


def pattern_given() -> bytes:
    """The string to look for. Raises UsageError."""
    for name in names():
        return name.encode()
    raise UsageError


def chosen() -> Options:
    """Read the options. Raises UsageError."""
    counted, numbered, inverted = False, False, False
    for option in options_given():
        match option:
            case "c":
                counted = True
            case "n":
                numbered = True
            case "v":
                inverted = True
            case "F":
                continue  # we know no other patterns
            case _:
                refuse("grep", option)
    return Options(counted, numbered, inverted)


def search_file(name: str, pattern: bytes, options: Options, prefixed: bool) -> int:
    """Search a file by name. Answers the status."""
    if name == STANDARD_INPUT:
        return search(INPUT, pattern, options, prefixed, "(standard input)")
    try:
        file = open_file(name)
        status = search(file, pattern, options, prefixed, name)
        close(file)
        return status
    except FileError:
        complain("grep", name)
        return TROUBLE


def search(file: Descriptor, pattern: bytes, options: Options, prefixed: bool, name: str) -> int:
    """Search what can be read, and print what is wanted of it. Answers the status."""
    data = content(file)
    binary = NUL in data
    number, found = 0, 0
    for line in lines(data):
        number += 1
        if contains(line, pattern) != options.inverted:
            found += 1
            if binary and not options.counted:
                flush_all()
                print(f"grep: {name}: binary file matches", file=errors)
                break
            if not options.counted:
                show(line, number, options, prefixed, name)
    if options.counted:
        if prefixed:
            print(f"{name}:", end="")
        print(found)
    return FOUND if found > 0 else NOT_FOUND


def show(line: bytes, number: int, options: Options, prefixed: bool, name: str) -> None:
    if prefixed:
        print(f"{name}:", end="")
    if options.numbered:
        print(f"{number}:", end="")
    write_output(line)
    print()


def contains(line: bytes, patterns: bytes) -> bool:
    """Whether a line contains one of the patterns."""
    if patterns == b"":
        return True
    for pattern in lines(patterns):
        if pattern in line:
            return True
    return False


def lines(data: bytes) -> Iterator[bytes]:
    """Yield the lines without their ends; the last needs none."""
    start = 0
    for position in range(len(data)):
        if data[position] == NEWLINE:
            yield data[start:position]
            start = position + 1
    if start < len(data):
        yield data[start:]

"""Print files one after the other, as GNU cat does; standard input for `-` or without files."""

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
from exokernel.libos.exos import INPUT, Descriptor, FileError, blocks, close, errors, open_file, write_output

HELP = "Usage: cat [-u] [FILE]...\nPrint each FILE, or standard input."


def main() -> int:
    if is_help_wanted():
        print(HELP)
        return 0
    try:
        read_options()
    except UsageError:
        print("Try 'cat --help' for more information.", file=errors)
        return 1
    status = 0
    for name in names():
        status = max(status, show(name))
    if number_of_names() == 0:
        copy(INPUT)
    return status


def read_options() -> None:
    """Take -u, which changes nothing: output is written as it comes, as far as anybody can tell. Raises UsageError."""
    for option in options_given():
        if option != "u":
            refuse("cat", option)


def show(name: str) -> int:
    """Print one file. Answers the status."""
    if name == STANDARD_INPUT:
        copy(INPUT)
        return 0
    try:
        file = open_file(name)
        copy(file)
        close(file)
        return 0
    except FileError:
        complain("cat", name)
        return 1


def copy(file: Descriptor) -> None:
    for block in blocks(file):
        write_output(block)

"""Print files one after the other, as GNU cat does; standard input for `-` or without files."""

from exokernel.dialect import text_of
from exokernel.libos.exos import (
    INPUT,
    Descriptor,
    FileError,
    IsDirectory,
    arguments,
    blocks,
    close,
    errors,
    open_file,
    write_output,
)


def main() -> int:
    files, status = 0, 0
    options_end = False
    for name in arguments():
        if not options_end and name == "--":
            options_end = True
        elif not options_end and name == "-u":
            continue  # output is written as it comes, as far as anybody can tell
        elif not options_end and name != "-" and name.encode().startswith(b"-"):
            print(f"cat: invalid option -- '{text_of(name.encode()[1:2])}'", file=errors)
            print("Try 'cat --help' for more information.", file=errors)
            return 1
        else:
            files += 1
            status = max(status, show(name))
    if files == 0:
        copy(INPUT)
    return status


def show(name: str) -> int:
    """Print one file. Answers the status."""
    if name == "-":
        copy(INPUT)
        return 0
    try:
        file = open_file(name)
        copy(file)
        close(file)
        return 0
    except IsDirectory:
        print(f"cat: {name}: Is a directory", file=errors)
        return 1
    except FileError:
        print(f"cat: {name}: No such file or directory", file=errors)
        return 1


def copy(file: Descriptor) -> None:
    for block in blocks(file):
        write_output(block)

"""Count the lines, words and bytes of files, and print what GNU wc prints in the caller's locale.

Options -l, -w, -c choose the counts; without files, or for `-`, standard input is counted.
LC_ALL, LC_CTYPE or LANG, the first that is not empty, names the locale. Where its characters
are UTF-8, they make the words; in every other locale, ASCII does, as in C. POSIXLY_CORRECT
changes nothing. [GNU coreutils 9.1, wc.c; GNU C library 2.36]
"""

from typing import NamedTuple

from exokernel.dialect import Record
from exokernel.libos.characters import is_printable, is_space, is_unbroken_space
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
    IsDirectory,
    blocks,
    close,
    errors,
    is_regular,
    open_file,
    size_of_file,
    variable,
)

NEWLINE, SPACE, TAB, CARRIAGE_RETURN, LAST_PRINTABLE = 10, 32, 9, 13, 126
STREAM_WIDTH = 7  # columns, where the size is not known beforehand
CONTINUATION, LAST_CONTINUATION = 0x80, 0xBF
TWO, THREE, FOUR, BEYOND = 0xC2, 0xE0, 0xF0, 0xF5  # the least bytes of UTF-8 to begin as many, and none
NONE = 0
CODESET, AT = b"utf8", 64
HELP = "Usage: wc [-clw] [FILE]...\nCount newlines (-l), words (-w) and bytes (-c) of each FILE, or of standard input: all three, or those chosen."


class Counts(NamedTuple):
    lines: int = 0
    words: int = 0
    octets: int = 0


class Choice(NamedTuple):
    """Which counts to print."""

    lines: bool
    words: bool
    octets: bool


def main() -> int:
    if is_help_wanted():
        print(HELP)
        return 0
    try:
        choice = chosen()
    except UsageError:
        print("Try 'wc --help' for more information.", file=errors)
        return 1
    width = column_width(choice)
    total, status = Counts(), 0
    for name in names():
        try:
            counts = count(name)
            total = sum_of(total, counts)
            show(counts, choice, width, name)
        except IsDirectory:
            complain("wc", name)
            show(Counts(), choice, width, name)
            status = 1
        except FileError:
            complain("wc", name)
            status = 1
    if number_of_names() == 0:
        show(count_blocks(INPUT), choice, width, "")
    if number_of_names() > 1:
        show(total, choice, width, "total")
    return status


def chosen() -> Choice:
    """Read the options. Raises UsageError."""
    lines, words, octets = False, False, False
    for option in options_given():
        match option:
            case "l":
                lines = True
            case "w":
                words = True
            case "c":
                octets = True
            case _:
                refuse("wc", option)
    if lines or words or octets:
        return Choice(lines, words, octets)
    return Choice(True, True, True)


def count(name: str) -> Counts:
    """Count a file. Raises FileError."""
    if name == STANDARD_INPUT:
        return count_blocks(INPUT)
    file = open_file(name)
    counts = count_blocks(file)
    close(file)
    return counts


def count_blocks(file: Descriptor) -> Counts:
    """Count what is left to read. What cannot be printed is part of no word and ends none."""
    lines, words, octets = 0, 0, 0
    in_word, multibyte = False, is_multibyte()
    sequence = Sequence()
    for block in blocks(file):
        octets += len(block)
        for octet in block:
            if octet > SPACE:
                if octet <= LAST_PRINTABLE:
                    sequence.missing = 0
                    if not in_word:
                        words += 1
                        in_word = True
                elif multibyte:
                    character = sequence.completed(octet)
                    if character != NONE and is_printable(character):
                        separates = is_space(character) or is_unbroken_space(character)
                        words += int(not separates and not in_word)
                        in_word = not separates
            else:
                sequence.missing = 0
                if octet == SPACE or TAB <= octet <= CARRIAGE_RETURN:
                    in_word = False
                    if octet == NEWLINE:
                        lines += 1
    return Counts(lines, words, octets)


class Sequence(Record):
    """The bytes of a character that have been read."""

    missing: int = 0  # bytes
    character: int = 0  # so far
    least: int = 0  # that needs as many bytes

    def completed(self, octet: int) -> int:
        """The character that ends with a byte above ASCII, or NONE. A sequence that is broken off stands for nothing."""
        if octet < TWO:
            if self.missing == 0:
                return NONE
            self.missing -= 1
            self.character = (self.character & 0xFFFF) << 6 | octet & 0x3F  # so it cannot overflow, and is not checked
            if octet < CONTINUATION or octet > LAST_CONTINUATION:
                self.missing = 0
            elif self.missing == 0 and self.character >= self.least:
                return self.character
        elif octet < THREE:
            self.missing, self.character, self.least = 1, octet & 0x1F, 0x80
        elif octet < FOUR:
            self.missing, self.character, self.least = 2, octet - THREE, 0x800
        elif octet < BEYOND:
            self.missing, self.character, self.least = 3, octet - FOUR, 0x10000
        else:
            self.missing = 0
        return NONE


def is_multibyte() -> bool:
    """Whether characters are UTF-8, by the variable that says so first."""
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        value = variable(name)
        if value != "":
            return is_utf8(value.encode())
    return False


def is_utf8(name: bytes) -> bool:
    """Whether a locale's name has the codeset UTF-8, in any spelling, as in `C.utf8` and `nl_NL.UTF-8@euro`."""
    matched = 0
    dot = name.find(b".")
    if dot == -1:
        return False
    for letter in name[dot:]:
        small = letter | 0x20
        if letter == AT:
            break
        if 48 <= letter <= 57 or 97 <= small <= 122:  # a digit or a letter; nothing else counts
            if matched == len(CODESET) or small != CODESET[matched]:
                return False
            matched += 1
    return matched == len(CODESET)


def sum_of(left: Counts, right: Counts) -> Counts:
    return Counts(left.lines + right.lines, left.words + right.words, left.octets + right.octets)


def column_width(choice: Choice) -> int:
    """As wide as the sum of all sizes, when they are known before anything is read."""
    octets, least = 0, 1
    for name in names():
        try:
            octets += known_size(name)
        except IsDirectory:
            least = STREAM_WIDTH
        except FileError:  # not to be found, so not to be counted
            continue
    files = number_of_names()
    if files <= 1 and columns(choice) == 1:
        return 1
    if files == 0:
        return digits_of(size_of_file(INPUT)) if is_regular(INPUT) else STREAM_WIDTH
    return max(digits_of(octets), least)


def columns(choice: Choice) -> int:
    return int(choice.lines) + int(choice.words) + int(choice.octets)


def known_size(name: str) -> int:
    """The size of a file that tells it. Raises FileError, IsDirectory also for what has no size."""
    file = INPUT if name == STANDARD_INPUT else open_file(name)
    if not is_regular(file):
        raise IsDirectory
    size = size_of_file(file)
    if file != INPUT:
        close(file)
    return size


def digits_of(number: int) -> int:
    digits = 1
    while number >= 10:
        number //= 10
        digits += 1
    return digits


def show(counts: Counts, choice: Choice, width: int, name: str) -> None:
    """Print the chosen counts, each in its column, and the name."""
    between = ""
    if choice.lines:
        print(f"{counts.lines:{width}}", end="")
        between = " "
    if choice.words:
        print(f"{between}{counts.words:{width}}", end="")
        between = " "
    if choice.octets:
        print(f"{between}{counts.octets:{width}}", end="")
    if name != "":
        print(f" {name}", end="")
    print()

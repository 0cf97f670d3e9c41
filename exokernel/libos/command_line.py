"""The command line as GNU's tools read it, for programs of ExOS, on our kernel or on Linux.

Options are single letters behind a dash, several in one word if you like, or words behind two,
anywhere before `--`; all else are names, a dash alone among them. What an option means is the
program's business.
"""

from collections.abc import Iterator

from exokernel.dialect import text_of
from exokernel.libos.exos import FileError, IsDirectory, NotReadable, TooManyOpen, arguments, close, errors, open_file

OPTIONS_END = "--"
HELP = "--help"
STANDARD_INPUT = "-"


class UsageError(Exception):
    """There is no such option; it has been complained of."""

    number = 93


def is_option(word: str) -> bool:
    return word.startswith("-") and word != STANDARD_INPUT


def options_given() -> Iterator[str]:
    """Yield all options in order: each letter, and long ones with their dashes."""
    for word in arguments():
        if word == OPTIONS_END:
            break
        if word.startswith(OPTIONS_END):
            yield word
        elif is_option(word):
            octets = word.encode()
            for position in range(1, len(octets)):
                yield text_of(octets[position : position + 1])


def is_help_wanted() -> bool:
    for option in options_given():
        if option == HELP:
            return True
    return False


def names() -> Iterator[str]:
    """Yield the arguments that are no options, in order."""
    options_end = False
    for word in arguments():
        if not options_end and word == OPTIONS_END:
            options_end = True
        elif options_end or not is_option(word):
            yield word


def number_of_names() -> int:
    count = 0
    for _ in names():
        count += 1
    return count


def refuse(program: str, option: str) -> None:
    """Complain of an option that a program does not have. Raises UsageError always."""
    if option.startswith(OPTIONS_END):
        print(f"{program}: unrecognized option '{option}'", file=errors)
    else:
        print(f"{program}: invalid option -- '{option}'", file=errors)
    raise UsageError


def complain(program: str, name: str) -> None:
    """Say why a file cannot be opened."""
    print(f"{program}: {name}: {why_not(name)}", file=errors)


def why_not(name: str) -> str:
    """What keeps us from opening a file, in the words of Unix."""
    try:
        close(open_file(name))
        return "Success"
    except IsDirectory:
        return "Is a directory"
    except NotReadable:
        return "Permission denied"
    except TooManyOpen:
        return "Too many open files"
    except FileError:
        return "No such file or directory"

"""The front of `exok`: which commands there are, and how any of them fails.

A command is a module with `add_arguments(parser)` and `execute(options) -> status`. Only
the module asked for is imported; it may need packages once it is executed, and not before. Nothing a user can do wrong ends in a traceback.
"""

import os
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, NoReturn

from exokernel.host.errors import Status, ToolError
from exokernel.host.provision import STATE, cannot_keep, provide_packages


class Command(NamedTuple):
    module: str
    help: str
    groups: tuple[str, ...]  # of requirements, see `provision`


COMMANDS = {
    "run": Command("exokernel.host.run", "run a program on the kernel, in a machine of its own", ("run",)),
    "build": Command("exokernel.host.build", "compile the kernel and programs", ("run",)),
    "debug": Command("exokernel.host.debug", "run a program under gdb, on lines of Python", ("run",)),
    "size": Command("exokernel.host.size", "lines of each part against its ceiling, bytes of the image", ("run",)),
    "bench": Command("exokernel.host.bench", "counts and times, next to the bare hardware", ("run",)),
    "doctor": Command("exokernel.host.doctor", "say what is missing here, and the exact fix", ()),
    "test": Command("exokernel.host.test", "all tests, type checks and proofs", ("run", "test")),
    "prove": Command("exokernel.host.prove", "prove the kernel's calls, for all states and arguments", ("run", "test")),
    "check": Command("exokernel.host.check", "the tests and type checks that take seconds", ("run", "test")),
}


UNKNOWN = "unrecognized arguments"  # argparse's words


class Parser(ArgumentParser):
    """An argument parser whose complaint is one sentence and a hint, with our status."""

    def error(self, message: str) -> NoReturn:
        name, _, words = message.partition(": ")
        if name == UNKNOWN and "arguments" in self.format_usage():
            raise ToolError(message, f"{self.prog} --help, or put what is the program's behind --: -- {words}")
        raise ToolError(message, f"{self.prog} --help")


def main(arguments: Sequence[str] | None = None, started: float | None = None) -> int:
    """Run one command and give its exit status. `started` is on the clock of `time.perf_counter`."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    open_what_is_closed()
    try:
        return dispatch(words, time.perf_counter() if started is None else started)
    except BrokenPipeError:
        return Status.BROKEN_PIPE
    except KeyboardInterrupt:
        failure = ToolError("interrupted", status=Status.INTERRUPTED)
    except Exception as error:
        failure = explained(error)
        print(failure.render(), file=sys.stderr)
    if "--json" in split_at_dashes(words)[0]:
        from exokernel.host.outcome import failure_as_json

        print(failure_as_json(failure), file=sys.stderr)
    return failure.status


def open_what_is_closed() -> None:
    """Put /dev/null where a standard stream is closed, lest the next file we open takes its number."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free: this one
            setattr(sys, name, open(number, mode, closefd=False))


def explained(error: Exception) -> ToolError:
    """What a user is told of an error: a refusal of the compiler's that nobody rendered, or a mistake of our own, too."""
    from exokernel.compiler.diagnostics import CompileError
    from exokernel.host.programs import Refused

    if isinstance(error, ToolError):
        return error
    if isinstance(error, CompileError):
        return Refused(error.render())
    if isinstance(error, OSError) and str(error.filename).startswith(str(STATE)):
        return cannot_keep(error)
    import traceback

    traceback.print_exception(error)
    return ToolError("this is a mistake in exok itself; the lines above say where")


def dispatch(words: list[str], started: float) -> int:
    if not words or words[0] in ("help", "-h", "--help"):
        return help_about(words[1:])
    name = words[0]
    command = find(name)
    front, guest = split_at_dashes(words[1:])
    module = import_module(command.module)
    parser = Parser(prog=f"exok {name}", description=module.__doc__, formatter_class=RawDescriptionHelpFormatter)
    module.add_arguments(parser)
    options: Namespace = parser.parse_intermixed_args(spell_out(front))
    options.started = started
    options.after_dashes = guest
    provide_packages(*command.groups)
    status: int = module.execute(options)
    return status


def find(name: str) -> Command:
    if name not in COMMANDS:
        raise ToolError(f"there is no command '{name}'", "exok help")
    return COMMANDS[name]


def split_at_dashes(words: list[str]) -> tuple[list[str], list[str]]:
    """What stands before the first `--`, and what stands after it: the guest's own."""
    if "--" not in words:
        return words, []
    where = words.index("--")
    return words[:where], words[where + 1 :]


def spell_out(words: list[str]) -> list[str]:
    """Tell the two meanings of `-v` apart: with `SRC:DST` behind it, it is a volume."""
    following = [*words[1:], ""]
    return ["--volume" if word == "-v" and ":" in after else word for word, after in zip(words, following)]


def help_about(names: list[str]) -> int:
    if names:
        find(names[0])
        return dispatch([names[0], "--help"], 0.0)
    print("exok COMMAND [options]      exok help COMMAND\n")
    for name, command in COMMANDS.items():
        print(f"  {name:8}{command.help}")
    print("\nFirst of all:\n  ./exok run programs/hello.py")
    return 0

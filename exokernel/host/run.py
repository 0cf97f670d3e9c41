"""Run a program on the kernel, in a machine of its own, and end with its status.

  exok run programs/wc.py -- README.md pyproject.toml
  cat FILE | exok run programs/wc.py

Standard output and error are the guest's alone, byte for byte; what exok itself has to say
goes to standard error behind `exok: `. Files that arguments name are taken along, and so is
standard input when it is a file or a pipe; of a terminal, the program gets the lines it reads.
The caller's LC_ALL, LC_CTYPE and LANG go along, unless -e gives them or their locale is not
installed.

The status is the guest's. Of exok's own: 124 it took too long, 125 exok or QEMU failed, 126
the program does not compile, 127 there is no such program, 128+n it crashed as by signal n,
130 Ctrl-C, 134 the kernel stopped itself.
"""

import os
import shlex
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path
from typing import BinaryIO

from exokernel.abi.names import FRAME_SIZE, FRAMES
from exokernel.host.boot import boot
from exokernel.host.cargo import Cargo, pack, standard_input, terminal_of
from exokernel.host.errors import ToolError
from exokernel.host.locales import with_locale
from exokernel.host.machine import LEAST_SPARE, Board, Machine, Streams, memory_for, parse_size
from exokernel.host.outcome import Phases, conclude, tell_images
from exokernel.host.programs import Compiled, compile_all, locate
from exokernel.host.progress import progress
from exokernel.host.provision import provide_qemu, say

MACHINES = ("qemu", "native", "cpython")
USABLE_MEMORY = FRAMES * FRAME_SIZE
LONGEST = 1_000_000.0  # seconds


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("program", metavar="PROG.py", help="a program in the dialect; NAME alone is programs/NAME.py")
    parser.add_argument("arguments", nargs="*", help="for the program; behind -- also what looks like an option of ours")
    add_machine_arguments(parser)
    parser.add_argument("--timeout", type=duration, metavar="SECONDS", help="end the machine after so long, status 124")
    parser.add_argument("--machine", choices=MACHINES, default="qemu", help="what it runs on (default qemu)")
    parser.add_argument("--json", action="store_true", help="a last line on standard error that says how it ended, in JSON")
    parser.add_argument("--timings", action="store_true", help="how long each phase took, on standard error")
    noise = parser.add_mutually_exclusive_group()
    noise.add_argument("-q", "--quiet", action="store_true", help="only the guest speaks")
    noise.add_argument("-v", "--verbose", action="store_true", help="also which images run, on which machine, and what it reports")


def add_machine_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-m", dest="memory", type=size, metavar="SIZE", help="memory, as 256M (default: by what it takes along)")
    parser.add_argument("-e", dest="environment", action="append", default=[], type=pair, metavar="K=V", help="environment variable")
    parser.add_argument(
        "--volume", dest="volumes", action="append", default=[], type=mapping, metavar="SRC:DST", help="take a file or folder along as DST; also -v SRC:DST"
    )
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="FILE.py", help="another program, as bin/FILE")
    parser.add_argument("--board", choices=[str(board) for board in Board], default=str(Board.MICROVM), help="QEMU's board (default microvm)")
    parser.add_argument("--icount", action="store_true", help="count instructions: time is exact and the same every time")


def size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise ArgumentTypeError(f"'{text}' is no size of 1M or more, such as 256M") from error


def duration(text: str) -> float:
    """Seconds, from `10`, `0.5`, `10s`, `2m`."""
    try:
        seconds = float(text[:-1]) * 60 if text.endswith("m") else float(text.removesuffix("s"))
    except ValueError as error:
        raise ArgumentTypeError(f"'{text}' is no time such as 10s") from error
    if not 0 < seconds <= LONGEST:  # NaN is not either
        raise ArgumentTypeError(f"'{text}' is not between 0 and {LONGEST:,.0f} seconds")
    return seconds


def pair(text: str) -> str:
    if "=" not in text[1:]:
        raise ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return text


def mapping(text: str) -> tuple[str, str]:
    source, _, target = text.partition(":")
    if not source or not target:
        raise ArgumentTypeError(f"'{text}' is not SOURCE:NAME")
    return source, target


def execute(options: Namespace) -> int:
    phases = Phases(options.started)
    path = locate(options.program)
    if options.machine == "native":
        from exokernel.host.native import run_native

        return run_native(path, options, phases)
    if options.machine == "cpython":
        from exokernel.host.interpreted import run_interpreted

        return run_interpreted(path, options, phases)
    return run_on_qemu(path, options, phases)


def run_on_qemu(path: Path, options: Namespace, phases: Phases) -> int:
    qemu = provide_qemu()
    phases.done("setup")
    compiled = compile_all(path, options.others, quiet=options.quiet)
    phases.done("compile")
    tell_images(compiled, options)
    given = standard_input()
    archive = pack_cargo(compiled, options, given)
    phases.done("image")
    try:
        terminal = terminal_of(given)
        machine = machine_for(compiled, archive, options)._replace(typed=terminal is not None)
        if options.verbose:
            say(shlex.join(machine.command(qemu, Streams(1, 2, 2))))
        ending = boot(machine, qemu, options.timeout, files=[archive], terminal=terminal)
    finally:
        os.close(archive)
    phases.done("machine")
    return conclude(ending, compiled, phases, options)


def pack_cargo(compiled: Compiled, options: Namespace, given: BinaryIO | None) -> int:
    cargo = Cargo(
        program=compiled.program,
        name=compiled.name,
        arguments=[*options.arguments, *options.after_dashes],
        environment=with_locale(options.environment),
        others=compiled.others,
        volumes=options.volumes,
    )
    with progress("reading standard input and files", options.quiet):
        return pack(cargo, given)


def machine_for(compiled: Compiled, archive: int, options: Namespace) -> Machine:
    if options.memory is not None and options.memory > USABLE_MEMORY:
        raise ToolError(f"the kernel knows what to do with {USABLE_MEMORY >> 20:,}M of memory, and no more", f"-m {USABLE_MEMORY >> 20}M")
    size = os.fstat(archive).st_size
    memory = options.memory if options.memory is not None else memory_for(size)
    if size + LEAST_SPARE > memory:
        raise ToolError(
            f"{memory >> 20}M of memory are too little for an archive of {size:,} bytes and what runs on it",
            f"-m {memory_for(size) >> 20}M",
        )
    return Machine(
        kernel=str(compiled.kernel),
        archive=f"/proc/self/fd/{archive}",
        memory=memory,
        board=Board(options.board),
        counted=options.icount,
    )

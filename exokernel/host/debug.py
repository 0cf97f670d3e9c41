"""Run a program under gdb, on lines of Python, in the program and in the kernel.

  exok debug programs/wc.py -- README.md
  exok debug wc --break exokernel/kernel/frames.py:40 --break frame_alloc

Without `--break` it stops where the program's `main` begins. The kernel's and the program's
symbols are loaded; gdb itself knows functions by their full names, as
`exokernel.kernel.frames.frame_alloc`. The program is compiled as written, so that every local
has a place; the kernel is the one that always runs, and some of its locals are gone. Ctrl-C stops the machine, `quit` ends it. The terminal is
gdb's, so the program finds its standard input empty; its output appears between gdb's.
"""

import os
import shlex
import signal
import subprocess
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from exokernel.host.boot import boot
from exokernel.host.errors import ToolError
from exokernel.host.machine import Machine
from exokernel.host.outcome import Phases, conclude
from exokernel.host.programs import Compiled, compile_all, locate
from exokernel.host.provision import ROOT, provide_program, provide_qemu
from exokernel.host.run import add_machine_arguments, machine_for, pack_cargo

if TYPE_CHECKING:  # it needs a package
    from exokernel.host.symbols import Symbols

SOCKET_PATIENCE = 5.0  # seconds for QEMU to open its socket
ENTRY = "main"
QEMU_FAILED = 1  # its status when it could not even start the machine


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("program", metavar="PROG.py", help="a program in the dialect; NAME alone is programs/NAME.py")
    parser.add_argument("arguments", nargs="*", help="for the program")
    parser.add_argument("--break", dest="stops", action="append", default=[], metavar="WHERE", help="FILE.py:LINE or a function")
    parser.add_argument("--command", dest="commands", action="append", default=[], metavar="GDB", help="a command for gdb; it then quits")
    parser.add_argument("--script", action="store_true", help="print gdb's script and run nothing")
    add_machine_arguments(parser)
    parser.set_defaults(timeout=None, timings=False, json=False, quiet=False, verbose=False)


def execute(options: Namespace) -> int:
    phases = Phases(options.started)
    source = locate(options.program)
    gdb, qemu = provide_program("gdb", "it is the debugger"), provide_qemu()
    compiled = compile_all(source, options.others, plain=True)  # every local then has a place
    from exokernel.host.symbols import Symbols

    images = [Symbols(path) for path in (compiled.program, compiled.kernel) if path is not None]
    stops = [place for stop in options.stops for place in places(stop, images, source.parent)] or beginning(source, images[0])
    with tempfile.TemporaryDirectory(prefix="exok-") as folder:
        socket = Path(folder) / "gdb"
        text = script(compiled, str(socket), stops)
        if options.script:
            print(text, end="")
            return 0
        (Path(folder) / "script").write_text(text)
        command = [gdb, "-q", "-x", f"{folder}/script"]
        if options.commands:
            command += ["-batch", *(word for each in options.commands for word in ("-ex", each))]
        archive = pack_cargo(compiled, options, None)
        try:
            machine = machine_for(compiled, archive, options)._replace(debugger=str(socket))
            return under_gdb(machine, qemu, archive, command, socket, compiled, phases, options)
        finally:
            os.close(archive)


def under_gdb(
    machine: Machine, qemu: str, archive: int, command: list[str], socket: Path, compiled: Compiled, phases: Phases, options: Namespace
) -> int:
    """Run machine and debugger side by side; the status is the guest's."""
    debuggers: list[subprocess.Popen[bytes]] = []

    def attach() -> int:
        wait_for(socket)
        debuggers.append(subprocess.Popen(command))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is gdb's now
        return debuggers[0].pid

    before = signal.getsignal(signal.SIGINT)
    try:
        ending = boot(machine, qemu, files=[archive], attach=attach)
    finally:
        for debugger in debuggers:
            debugger.wait()
        signal.signal(signal.SIGINT, before)
    if not ending.report and ending.machine_status != QEMU_FAILED:
        return 0  # ended from within gdb
    return conclude(ending, compiled, phases, options)


def wait_for(socket: Path) -> None:
    deadline = time.monotonic() + SOCKET_PATIENCE
    while not socket.exists():
        if time.monotonic() > deadline:
            raise ToolError("QEMU does not open its socket for gdb")
        time.sleep(0.01)


def script(compiled: Compiled, socket: str, stops: Sequence[str]) -> str:
    """What gdb is told: long mode, symbols, sources, where to stop. Breakpoints are the processor's own,
    because the code they stand in is not in memory yet."""
    lines = ["set confirm off", "set pagination off", "set backtrace limit 40", "set architecture i386:x86-64"]
    lines += [f"directory {shlex.quote(str(folder))}" for folder in (ROOT, compiled.source.parent.resolve())]
    lines += [f"symbol-file {shlex.quote(str(compiled.kernel))}"]
    lines += [f"add-symbol-file {shlex.quote(str(compiled.program))}"]  # the others lie at the same addresses
    lines += ["maintenance expand-symtabs"]  # else gdb does not find functions that were inlined everywhere
    lines += [f"target remote {socket}"]
    lines += [f"hbreak {stop}" for stop in stops]
    lines += ["continue"]
    return "\n".join(lines) + "\n"


def places(stop: str, images: "Sequence[Symbols]", folder: Path) -> list[str]:
    """What gdb calls the place: every function of that name, or a line of a file, seen from the program's folder.

    Raises:
        ToolError: it looks like a function and there is none.
    """
    if not stop.isidentifier():
        return [as_compiled(stop, folder)]
    names = [full for image in images for full, _ in image.functions(stop)]
    if not names:
        raise ToolError(f"neither the kernel nor the program has a function '{stop}'", "name it, or say FILE.py:LINE")
    return names


def as_compiled(stop: str, folder: Path) -> str:
    """A line, with the file's name as the compiler has it: from the checkout, or from the program's folder."""
    path = Path(stop.rpartition(":")[0]).resolve()
    for root in (ROOT, folder.resolve()):
        if path.is_file() and path.is_relative_to(root):
            return f"{path.relative_to(root)}:{stop.rpartition(':')[2]}"
    return stop


def beginning(source: Path, program: "Symbols") -> list[str]:
    """The program's `main`, or where the image begins when that has dissolved."""
    found = [full for full, file in program.functions(ENTRY) if Path(file).name == source.name]
    return found or [f"*{program.elf['e_entry']:#x}"]

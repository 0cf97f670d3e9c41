"""Run a program on our kernel under CPython: no compiler, no QEMU, and `breakpoint()` works.

Kernel, library and program are the Python they are written in, on the model of the machine.
The archive, the streams and the statuses are those of a booted machine; a crash prints
Python's own traceback, from the process it happened in.
"""

import os
import re
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from exokernel.host.boot import Ending
from exokernel.host.cargo import Cargo, pack, standard_input, terminal_of
from exokernel.host.errors import ToolError, not_written
from exokernel.host.locales import with_locale
from exokernel.host.machine import memory_for
from exokernel.host.outcome import Phases, conclude
from exokernel.host.programs import Refused, locate
from exokernel.host.provision import ROOT
from exokernel.model import machine
from exokernel.model.devices import Console
from exokernel.model.traceback import text_of

LIBRARIES = "exokernel.libos"
DEFAULT_LIBRARY = "exos"
IMPORT = re.compile(r"^\s*(?:from|import)\s+exokernel\.libos(?:\.|\s+import\s+)(\w+)", re.MULTILINE)


def run_interpreted(source: Path, options: Namespace, phases: Phases) -> int:
    """Run `source` and end with its status."""
    others = [locate(name) for name in options.others]
    phases.done("setup")
    executables = loaded(source, others)
    phases.done("load")
    given = standard_input()
    with TemporaryDirectory() as folder:
        paths = dict(written(executables, Path(folder)))
        archive = pack(
            Cargo(
                program=paths[source.stem],
                name=source.stem,
                arguments=[*options.arguments, *options.after_dashes],
                environment=with_locale(options.environment),
                others=[(other.stem, paths[other.stem]) for other in others],
                volumes=options.volumes,
            ),
            given,
        )
    phases.done("image")
    ending = run_machine(taken(archive), terminal_of(given), options)
    phases.done("machine")
    return conclude(ending, None, phases, options)


def loaded(source: Path, others: Sequence[Path]) -> dict[str, bytes]:
    """Import kernel, library and programs, and give the programs' ELF files by name.

    Raises:
        Refused: one of them cannot be imported; Python's own words.
    """
    try:
        return machine.load(library_of(source), [source, *others])
    except Exception as error:
        raise Refused(text_of(error).rstrip()) from error


def library_of(source: Path) -> str:
    """The library a program imports, or ExOS. Libraries are the packages that know how to start."""
    found = IMPORT.findall(source.read_text(encoding="utf-8", errors="replace"))
    names = [name for name in found if (ROOT / "exokernel" / "libos" / name / "start.py").is_file()]
    return f"{LIBRARIES}.{names[0] if names else DEFAULT_LIBRARY}"


def written(executables: dict[str, bytes], folder: Path) -> Iterator[tuple[str, Path]]:
    for name, content in executables.items():
        path = folder / name
        path.write_bytes(content)
        yield name, path


def run_machine(archive: bytes, terminal: int | None, options: Namespace) -> Ending:
    """Run a machine to its end with our streams, its report kept."""
    memory = options.memory if options.memory is not None else memory_for(len(archive))
    started = time.perf_counter()
    timed_out, code = False, 0
    report = os.memfd_create("report")
    try:
        code = machine.run(archive, Console(report=report, input=terminal), memory, options.timeout)
    except TimeoutError:
        timed_out = True
    except OSError as error:
        raise not_written(error) from error
    except RuntimeError as error:
        raise ToolError(str(error)) from error
    return Ending(2 * code + 1, taken(report), b"", timed_out, time.perf_counter() - started)


def taken(descriptor: int) -> bytes:
    """All that a file without a name holds, which is closed."""
    with open(descriptor, "rb") as stream:
        stream.seek(0)
        return stream.read()

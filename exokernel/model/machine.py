"""A whole machine: a kernel, a library and its programs, from power-on to power-off."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from exokernel.model.crossings import Crossings
from exokernel.model.devices import Console
from exokernel.model.elf import program_file
from exokernel.model.loader import (
    enter_long_mode,
    entry_symbol,
    load_kernel,
    load_programs,
    place_kernel,
)
from exokernel.model.processor import MEMORY, processor

KERNEL = "exokernel.kernel.arch.x86_64.start"
LIBRARY_ROOTS = ("start", "arch.interpreted")
GATE = "exokernel.kernel.gate"


def boot(archive: bytes, memory_size: int = MEMORY) -> None:
    """Switch the machine on, in this process. Returns never, unless by `PowerOff`."""
    processor.reset(memory_size)
    information = place_kernel(processor, archive)
    enter_long_mode(processor)
    crossings = Crossings(processor, import_module(GATE).caller)
    processor.kernel = crossings
    try:
        crossings.boot(information)
    except Exception as error:
        processor.panic(error)


def run(
    archive: bytes, console: Console, memory_size: int = MEMORY, seconds: float | None = None
) -> int:
    """Run a machine to its end, and return what the kernel wrote to the exit port.

    The kernel, and the library and programs in the archive, must be loaded.

    Raises:
        RuntimeError: the machine broke.
        TimeoutError: it ran longer than `seconds`.
        OSError: what it wrote could not be written.
    """
    processor.ports.console = console
    outcome: int | OSError = processor.turns.run(lambda: boot(archive, memory_size), seconds)
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


def load(library: str, programs: Sequence[Path]) -> dict[str, bytes]:
    """Load the kernel, a library and programs, and return the programs' ELF files by name."""
    load_kernel(processor, KERNEL)
    roots = [f"{library}.{module}" for module in LIBRARY_ROOTS]
    image = load_programs(processor, roots, f"{library}.output", programs)
    names = [path.stem for path in programs]
    return {name: program_file(image, image.symbol_address(entry_symbol(name))) for name in names}

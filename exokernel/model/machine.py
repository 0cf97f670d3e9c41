"""A whole machine: a kernel, a library and its programs, from power-on to power-off."""

from importlib import import_module

from exokernel.model.crossings import Crossings
from exokernel.model.devices import Console
from exokernel.model.loader import enter_long_mode, load_kernel, place_kernel
from exokernel.model.processor import MEMORY, processor

KERNEL = "exokernel.kernel.arch.x86_64.start"
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
    except Exception:
        processor.panic()


def run(archive: bytes, console: Console, memory_size: int = MEMORY) -> int:
    """Run a machine to its end, and return what the kernel wrote to the exit port.

    The kernel, and the library and programs in the archive, must be loaded.

    Raises:
        RuntimeError: the machine broke.
    """
    processor.ports.console = console
    outcome: int = processor.turns.run(lambda: boot(archive, memory_size))
    return outcome


def prepare_kernel() -> None:
    """Load the kernel of this repository."""
    load_kernel(processor, KERNEL)

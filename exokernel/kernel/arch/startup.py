"""What only the boot sequence asks of the machine, once and in this order."""

from exokernel.kernel.arch.x86_64 import descriptors, floating_point, interrupts, paging, processor, timer
from exokernel.kernel.arch.x86_64.instructions import time_stamp
from exokernel.kernel.arch.x86_64.panic import panic


def take_over() -> None:
    """Replace what the loader left in the processor: from here on a mistake is caught, and said."""
    descriptors.load()
    interrupts.prepare()


def protect() -> None:
    """Use the kernel's own page tables, and every protection the processor has."""
    lacking = processor.missing()
    if lacking != "":
        panic(lacking)
    processor.allow_no_execute()
    paging.build()
    processor.protect()
    floating_point.prepare()


def open_window(size: int) -> None:
    """Let the kernel write its tables, and everybody read them: the first `size` bytes of the public window."""
    paging.map_window(size)


def time() -> int:
    """The processor's clock, in its own units since it was switched on."""
    return time_stamp()


def random() -> int:
    """Make a number that nobody knows, as far as the processor can."""
    return processor.random()


def start_timer() -> int:
    """Begin to tick, every ten milliseconds, from the first moment outside the kernel; return the nanoseconds of a tick."""
    timer.start()
    return timer.SLICE

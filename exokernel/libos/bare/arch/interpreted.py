"""What the assembly of `entry` does, for CPython alone: no compiled program has this module."""

from exokernel.dialect.unsafe import means
from exokernel.libos.bare.arch.entry import library_exit, library_start


@means("_start")
def start() -> None:
    from exokernel.model.processor import processor

    library_start()
    library_exit(processor.program_main())

"""What the assembly of `entry` does, for CPython alone: no compiled program has this module.

Registers are CPython's own business there, so nothing is saved; the kernel's record arrives
as an argument, and returning is the `iretq`.
"""

from exokernel.abi.names import NOBODY
from exokernel.abi.x86_64 import TrapFrame, Vector
from exokernel.dialect import offset_of
from exokernel.dialect.unsafe import address_of, means, record_at, symbol_address
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.registers import Crash
from exokernel.libos.exos.arch.context import CONTEXT
from exokernel.libos.exos.arch.entry import library_exit, library_start, on_exception, on_page_fault, on_slice_end


@means("_start")
def start(trap: TrapFrame | None = None) -> None:
    from exokernel.model.processor import processor

    while trap is not None:
        kernel.yield_to(NOBODY)
    page = kernel.environment_page()
    page.handlers[Vector.PAGE_FAULT] = symbol_address("page_fault_entry")
    page.end = symbol_address("end_entry")
    page.begin = symbol_address("begin_entry")
    library_start()
    library_exit(processor.program_main())


@means("begin_entry")
def begin_entry() -> None:
    from exokernel.model.processor import processor

    processor.resume(CONTEXT)


@means("page_fault_entry")
def page_fault_entry(trap: TrapFrame) -> None:
    if on_page_fault(trap.address) == 0:
        exception_entry(trap)


@means("exception_entry")
def exception_entry(trap: TrapFrame) -> None:
    from exokernel.model.processor import processor

    processor.tell(trap)
    on_exception(record_at(Crash, address_of(trap) - offset_of(Crash, "trap")))


@means("end_entry")
def end_entry(trap: TrapFrame) -> None:
    page = kernel.environment_page()
    if page.critical != 0:
        page.interrupted = 1
    else:
        on_slice_end()

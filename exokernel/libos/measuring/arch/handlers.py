"""Two exception handlers of a program's own, entered straight from the kernel.

One skips an undefined instruction. The other answers a page fault as Appel's first benchmark
does: it opens the page that faulted and closes another. Both return without the kernel, the
way ExOS's own do. [Appel91]
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.names import TABLE_ENTRIES, Frame, Page
from exokernel.abi.x86_64 import Entry, TrapFrame, Vector
from exokernel.dialect import Record, instruction, offset_of
from exokernel.dialect.unsafe import assembly, exported, symbol_address
from exokernel.libos import kernel
from exokernel.libos.exos.arch.entry import CALLER_SAVED, SCRATCH, resume, save
from exokernel.libos.exos.layout import KEY

UNDEFINED = 2  # bytes of `ud2`
WRITABLE = Entry(writable=True)
NO_FLAGS = Entry()


class Region(Record):
    """The two pages that the page-fault handler opens in turn."""

    first: Page = Page(0)
    second: Page = Page(0)
    table: Frame = Frame(0)


region: Region = Region()

assembly(f"""
.globl undefined_entry
undefined_entry:
    addq ${UNDEFINED}, {offset_of(TrapFrame, "instruction")}(%rsp)
{save(SCRATCH)}
{resume(SCRATCH)}
.globl swap_entry
swap_entry:
{save(CALLER_SAVED)}
    mov {8 * len(CALLER_SAVED) + offset_of(TrapFrame, "address")}(%rsp), %rdi
    call on_closed_page
{resume(CALLER_SAVED)}
""")


@instruction("", clobbers="memory")
def nothing() -> None:
    """Do nothing, where the compiler must not notice."""


@instruction("ud2", clobbers="memory")
def undefined_instruction() -> None:
    """Raise the exception of an undefined instruction. [SDM vol. 2B, UD]"""
    raise NotImplementedError("the model has no undefined instructions")


@exported("on_closed_page")
def on_closed_page(address: int) -> None:
    """Let the page that was written to be written, and the other not."""
    opened = kernel.page_of(address)
    closed = region.first if opened == region.second else region.second
    try:
        kernel.protect(region.table, kernel.index_of(opened), 1, NO_FLAGS, WRITABLE, KEY)
        kernel.protect(region.table, kernel.index_of(closed), 1, WRITABLE, NO_FLAGS, KEY)
    except KernelError:
        return  # the fault happens again, and again: the run's time limit ends it


def skip_invalid_opcodes() -> None:
    """Handle undefined instructions here from now on."""
    kernel.environment_page().handlers[Vector.INVALID_OPCODE] = symbol_address("undefined_entry")


def swap_on_page_faults(first: int, second: int) -> None:
    """Handle page faults here from now on; only the two pages at these addresses may fault."""
    region.first = kernel.page_of(first)
    region.second = kernel.page_of(second)
    region.table = kernel.entries_2[region.first // TABLE_ENTRIES].frame
    kernel.environment_page().handlers[Vector.PAGE_FAULT] = symbol_address("swap_entry")


def restore_page_faults() -> None:
    """Let the library handle page faults again."""
    kernel.environment_page().handlers[Vector.PAGE_FAULT] = symbol_address("page_fault_entry")

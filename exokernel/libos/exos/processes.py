"""Processes: an environment each, made by copying ourselves, waited for by whoever made it.

The kernel knows environments, frames and slices; that they form a family, share memory
copy-on-write and end with a status is known here only. Signals and groups are not.
"""

from typing import NoReturn

from exokernel.abi.errors import KernelError
from exokernel.abi.names import ENVIRONMENTS, NOBODY, TABLE_ENTRIES, EnvironmentId, Frame, Page
from exokernel.abi.tables import Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import never_inline
from exokernel.libos import kernel
from exokernel.libos.errors import NoChild, NoMemory
from exokernel.libos.exos.arch.context import checkpoint
from exokernel.libos.exos.arch.copying import copy_page_to_window
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.batch import Batch
from exokernel.libos.exos.critical import critical, suspend
from exokernel.libos.exos.embryo import (
    bring_to_life,
    child_share,
    close_window,
    conceive,
    map_environment_page,
    settle,
    show,
    tables_of,
)
from exokernel.libos.exos.layout import KEY, SCRATCH_PAGE
from exokernel.libos.exos.memory import COPY_ON_WRITE
from exokernel.libos.exos.output import flush_all
from exokernel.libos.exos.reaping import discard, reap
from exokernel.libos.exos.tables import Tables, present, regions

CHILD = 0  # what `fork` answers in the child
WRITABLE = Entry(writable=True)
MARK = Entry(software=COPY_ON_WRITE)


def process() -> int:
    """Our own number."""
    return kernel.ourselves()


@never_inline
def fork() -> int:
    """Make a copy of this process, which goes on from here. Answers its number, or CHILD in the copy.

    Memory is shared until one of the two writes to it; descriptors are copied. `execute`
    gives a process a new number, which `wait` follows.

    Raises:
        NoMemory: there is no room for another process.
    Source: POSIX fork; Xok fork.c.
    """
    flush_all()
    with critical():
        if checkpoint():
            return CHILD
        return copied()


def copied() -> int:
    """Make a child that goes on at our checkpoint."""
    try:
        child = conceive(child_share())
    except KernelError:
        raise NoMemory
    try:
        tables = Tables(root=tables_of(child))
        map_environment_page(child, tables)
        share_memory(tables)
        show(kernel.environments[child].page, KEY)
        copy_page_to_window()
        settle(kernel.ourselves())
        close_window()
        bring_to_life(child)
    except KernelError:
        discard(child)
        raise NoMemory
    state().children += 1
    return child


def share_memory(tables: Tables) -> None:
    """Map all we have into the child too; what we may write, neither may from now on without a copy.

    The child's entry of a page is made before we stop writing to it: else we would seem to
    be its last user, and go on writing to what is the child's as well.
    """
    batch = Batch()
    for region in regions():
        table = kernel.entries_2[region].frame
        first = region * TABLE_ENTRIES
        low, high = first + TABLE_ENTRIES, first  # the pages that we may write lie between
        for number in present(kernel.entries_1, first, table):
            page, entry = Page(number), kernel.entries_1[number]
            if page > SCRATCH_PAGE:
                if entry.writable:
                    entry = entry.replace(writable=False, software=COPY_ON_WRITE)
                    low, high = min(low, number), number + 1
                batch.add(tables.covering(page), kernel.index_of(page), entry)
        batch.finish()
        stop_writing(table, low, high)


def stop_writing(table: Frame, low: int, high: int) -> None:
    """Make those pages copy-on-write that we may write, of the pages from `low` to `high` of one table."""
    page = low
    while page < high:
        run = 0
        while page + run < high and kernel.entries_1[page + run].writable:
            run += 1
        done = 0
        while done < run:
            index = kernel.index_of(Page(page + done))
            done += kernel.protect(table, index, run - done, WRITABLE, MARK, KEY)
        page += run + 1


def wait(child: int) -> int:
    """Wait until a child has ended, and answer its status: 128 + 9 when the kernel ended it.

    Raises:
        NoChild: that is no child of ours.
    Source: POSIX waitpid.
    """
    if not 0 < child < ENVIRONMENTS:
        raise NoChild
    environment = EnvironmentId(child)
    while True:
        with critical():
            while is_alive(environment):
                suspend(environment)
            kernel.environment_page().interrupted = 0  # we have yielded since
        remains = reap(environment)
        if remains.successor == NOBODY:
            state().children -= 1
            return remains.status
        environment = remains.successor


def is_alive(environment: EnvironmentId) -> bool:
    """Whether there is a process of this name that has not ended. Raises NoChild when there is none at all."""
    phase = kernel.environments[environment].phase
    if phase == Phase.FREE:
        raise NoChild
    return phase != Phase.DEAD


def leave(status: int) -> NoReturn:
    """End this process with a status."""
    flush_all()
    own = state()
    own.status = status % 256
    own.ended = True
    while True:
        destroy_ourselves()


def destroy_ourselves() -> None:
    try:
        kernel.environment_destroy(kernel.ourselves(), KEY)
    except KernelError:
        return  # never: oneself one may always destroy

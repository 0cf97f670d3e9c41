"""Page tables: our own, and those of a process we are making.

A table is made when the first page it covers is mapped. Ours are found through the
self-map; those of an embryo only by remembering the ones made last, which suffices because
its pages are mapped in ascending order. Nothing here decides what is mapped.
"""

from collections.abc import Iterator

from exokernel.abi.names import TABLE_ENTRIES, Frame, Index, Page
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, Record, inline, never_inline
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import new_table
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import KEY

NO_REGION = -1
BY_LEVEL_3 = TABLE_ENTRIES  # regions: level-1 tables, in order of what they cover
BY_LEVEL_4 = TABLE_ENTRIES**2


@inline
def table_of(page: Page) -> Frame:
    """The level-1 table of ours that covers `page`, made now if there is none.

    Raises:
        QuotaExceeded: we own as much as we may.
        NothingFree: every frame has an owner.
    """
    own = state()
    if own.region == page // TABLE_ENTRIES:  # the one asked for last
        return own.table
    return find_table(page // TABLE_ENTRIES)


@never_inline
def find_table(region: int) -> Frame:
    """The level-1 table of ours that covers a region. Raises as `table_of`."""
    own = state()
    root = kernel.environments[kernel.ourselves()].root
    top, middle = region // BY_LEVEL_4, region // BY_LEVEL_3
    table_3 = linked(root, kernel.entries_4[top], top)
    table_2 = linked(table_3, kernel.entries_3[middle], middle)
    own.table = linked(table_2, kernel.entries_2[region], region)
    own.region = region
    return own.table


def linked(parent: Frame, entry: Entry, number: int) -> Frame:
    """The table that `parent` links in `entry`, made now if there is none."""
    return entry.frame if entry.present else new_table(parent, Index(number % TABLE_ENTRIES))


def map_page(page: Page, entry: Entry) -> None:
    """Set the entry of one page of ours."""
    kernel.map(table_of(page), kernel.index_of(page), entry, KEY)


def present(entries: Array[Entry], first: int, table: Frame) -> Iterator[int]:
    """Yield the numbers of the entries in use of a table of ours, whose own entries are `entries` from `first` on."""
    left = kernel.frames[table].entries
    number = first
    while left > 0:
        if entries[number].present:
            left -= 1
            yield number
        number += 1


def regions() -> Iterator[int]:
    """Yield every region of ours that has a level-1 table, ascending."""
    for top in present(kernel.entries_4, 0, kernel.environments[kernel.ourselves()].root):
        for middle in present(kernel.entries_3, top * TABLE_ENTRIES, kernel.entries_4[top].frame):
            for region in present(kernel.entries_2, middle * TABLE_ENTRIES, kernel.entries_3[middle].frame):
                yield region


class Tables(Record):
    """The tables of an embryo that were made last, one of each level."""

    root: Frame
    top: int = NO_REGION  # which table of level 3
    middle: int = NO_REGION  # which of level 2
    region: int = NO_REGION  # which of level 1
    table_3: Frame = Frame(0)
    table_2: Frame = Frame(0)
    table_1: Frame = Frame(0)

    def covering(self, page: Page) -> Frame:
        """The level-1 table that covers `page`: the one made last, or a new one behind it.

        Raises:
            QuotaExceeded: the embryo owns as much as it may.
            NothingFree: every frame has an owner.
        """
        region = page // TABLE_ENTRIES
        if self.region != region:
            top, middle = region // BY_LEVEL_4, region // BY_LEVEL_3
            if self.top != top:
                self.table_3 = new_table(self.root, Index(top))
                self.top = top
            if self.middle != middle:
                self.table_2 = new_table(self.table_3, Index(middle % TABLE_ENTRIES))
                self.middle = middle
            self.table_1 = new_table(self.table_2, Index(region % TABLE_ENTRIES))
            self.region = region
        return self.table_1


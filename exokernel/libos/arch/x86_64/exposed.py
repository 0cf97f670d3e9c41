"""The kernel's tables and our own page tables, where every environment may read them.

They are read, never written: a store here is a page fault. An entry of a page table may be
read only when the tables above it are present; nothing here checks that.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import (
    CAPABILITIES_OFFSET,
    ENTRIES_1,
    ENTRIES_2,
    ENTRIES_3,
    ENTRIES_4,
    ENVIRONMENT_PAGE,
    ENVIRONMENTS_OFFSET,
    EXPOSED,
    FRAMES_OFFSET,
    MACHINE_OFFSET,
    SLICES_OFFSET,
)
from exokernel.abi.names import ENVIRONMENTS, FRAMES, SLICES, SLOTS, USER_PAGES
from exokernel.abi.tables import CapabilityState, EnvironmentState, FrameState, MachineState, SliceState
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array
from exokernel.dialect.unsafe import placed, record_at

frames: Array[FrameState] = placed(EXPOSED + FRAMES_OFFSET, FRAMES)
environments: Array[EnvironmentState] = placed(EXPOSED + ENVIRONMENTS_OFFSET, ENVIRONMENTS)
capabilities: Array[CapabilityState] = placed(EXPOSED + CAPABILITIES_OFFSET, ENVIRONMENTS * SLOTS)
slices: Array[SliceState] = placed(EXPOSED + SLICES_OFFSET, SLICES)

entries_1: Array[Entry] = placed(ENTRIES_1, USER_PAGES)  # by page
entries_2: Array[Entry] = placed(ENTRIES_2, 2**26)  # by page // 2**9: which level-1 table
entries_3: Array[Entry] = placed(ENTRIES_3, 2**17)  # by page // 2**18
entries_4: Array[Entry] = placed(ENTRIES_4, 2**8)  # by page // 2**27


def machine() -> MachineState:
    """What belongs to no table; changes under the reader when a slice ends."""
    return record_at(MachineState, EXPOSED + MACHINE_OFFSET)


def environment_page() -> EnvironmentPage:
    """Our own environment page, where every environment of ours has it."""
    return record_at(EnvironmentPage, ENVIRONMENT_PAGE)

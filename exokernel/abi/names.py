"""The names of resources, and how many there are of each.

A name is a type: a Page where a Frame is due is an error before anything runs. Sizes are
powers of two, so that names concatenate and an index into a joined table needs no multiply.
"""

from typing import Annotated, NewType

from exokernel.dialect import Width

Frame = NewType("Frame", int)  # a page of physical memory, by number
Page = NewType("Page", int)  # a page of linear memory, by number
Index = NewType("Index", int)  # an entry of a page table
Slot = NewType("Slot", int)  # a place in an environment's list of capabilities
EnvironmentId = NewType("EnvironmentId", int)
Generation = NewType("Generation", int)  # which of a name's bearers is meant
Slice = NewType("Slice", int)  # a position in the vector of time slices

FRAME_SIZE = 4096  # bytes
FRAMES = 2**20  # 4 GiB
TABLE_ENTRIES = 512  # entries of a page table
USER_PAGES = 2**35 - 1  # the last page below the hole is nobody's: `syscall` there would return to a bad address
SLOTS = 64  # capabilities of one environment
ENVIRONMENTS = 256
GENERATIONS = 2**32  # then they count from 0 again
SLICES = 128  # one turn of the wheel

NOBODY = EnvironmentId(0)  # owns what nobody owns; never runs
FIRST = EnvironmentId(1)  # made by the kernel from the boot archive
ROOT_SLOT = Slot(0)  # where the first environment finds the capability that dominates all

# The same names where a narrow field stores them; a byte can name no environment that does not exist
StoredFrame = Annotated[Frame, Width(32)]
StoredEnvironment = Annotated[EnvironmentId, Width(8)]
StoredGeneration = Annotated[Generation, Width(32)]
StoredSlot = Annotated[Slot, Width(8)]

"""Where things are in every address space. [SDM vol. 3A §4.5.4]

An address is an `int` in two's complement, so the upper half is negative. The upper half is
the same in every environment but for one entry, the self-map; the lower half is the
environment's own, and what the kernel puts there for the first one only a start.
"""

from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES

TOP_SPAN = 2**39  # bytes that one entry of a root covers

DIRECT_SLOT = 256  # entries of a root
EXPOSED_SLOT = 257
SELF_SLOT = 510
KERNEL_SLOT = 511
FIRST_KERNEL_SLOT = 256  # roots below are the environment's

DIRECT_MAP = -(2**47)  # physical memory, for the kernel alone
EXPOSED = DIRECT_MAP + TOP_SPAN  # the kernel's tables, as every environment reads them
SELF_MAP = -(2 * TOP_SPAN)  # the environment's own page tables, read-only: entry of page p at SELF_MAP + 8 p
KERNEL_BASE = -(2**31)  # where the kernel's image is linked
PUBLIC = -(2**30)  # the same tables, as the kernel writes them: within reach of a short address

# Offsets in the public window
MACHINE_OFFSET = 0
SLICES_OFFSET = 0x1000
ENVIRONMENTS_OFFSET = 0x10000
CAPABILITIES_OFFSET = 0x80000
FRAMES_OFFSET = 0x200000
PUBLIC_PHYSICAL = 0x400000  # where the window lies in physical memory

# Entries of page tables, by level, through the self-map
ENTRIES_1 = SELF_MAP
ENTRIES_2 = ENTRIES_1 + SELF_SLOT * 2**30
ENTRIES_3 = ENTRIES_2 + SELF_SLOT * 2**21
ENTRIES_4 = ENTRIES_3 + SELF_SLOT * 2**12

# The lower half of the first environment, and of every program of ours
ENVIRONMENT_PAGE = 0x200000
STACK_TOP = 0x400000
STACK_SIZE = 0x100000
IMAGE = 0x400000
ARCHIVE = 0x1_0000_0000

LARGE_PAGE = FRAME_SIZE * TABLE_ENTRIES  # bytes that one entry of a level-2 table covers

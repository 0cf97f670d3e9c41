"""Where ExOS puts things in an address space, below and above the program's image.

The environment page, the top of the stack, the image and the archive stand where
`abi.layout` says. Everything else is ours to place.
"""

from exokernel.abi.layout import ARCHIVE, ENVIRONMENT_PAGE, IMAGE, STACK_SIZE, STACK_TOP
from exokernel.abi.names import FRAME_SIZE, Page, Slot

WINDOW = ENVIRONMENT_PAGE + FRAME_SIZE  # where one frame of another process is looked at
SCRATCH = ENVIRONMENT_PAGE + 2 * FRAME_SIZE  # requests for a batch of mappings
ARGUMENTS = ENVIRONMENT_PAGE + 3 * FRAME_SIZE  # what `execute` was given; at most a page

STACK_BOTTOM = STACK_TOP - STACK_SIZE  # what lies below is never mapped
HEAP = 0x4000_0000
HEAP_END = ARCHIVE

assert STACK_TOP == IMAGE  # and the heap is behind the image: from STACK_BOTTOM to HEAP_END all may be memory

FIRST_PAGE = Page(ENVIRONMENT_PAGE // FRAME_SIZE)
WINDOW_PAGE = Page(WINDOW // FRAME_SIZE)
SCRATCH_PAGE = Page(SCRATCH // FRAME_SIZE)
ARGUMENTS_PAGE = Page(ARGUMENTS // FRAME_SIZE)
ARCHIVE_PAGE = Page(ARCHIVE // FRAME_SIZE)

# Our capabilities. In the first environment KEY is the root and FAMILY is forged from it;
# in every process KEY is the family's, and FAMILY is not used.
KEY = Slot(0)  # opens all that is ours
FAMILY = Slot(1)  # in the first environment: guards the processes
CONSOLE = Slot(2)
ARCHIVE_KEY = Slot(3)  # reads the frames of the boot archive


def may_be_memory(address: int) -> bool:
    """Whether an address may have zero-filled memory of our own: stack, image, heap, scratch."""
    if STACK_BOTTOM <= address < HEAP_END:
        return True
    return SCRATCH <= address < ARGUMENTS

"""The kernel's tables, as every environment may read them. Written by the kernel alone.

Reading costs no call: they are mapped read-only into every environment, at the addresses of
`abi.layout`. Each record says what its numbers count, because libraries decide by them.
"""

from exokernel.abi.capability import Capability
from exokernel.abi.names import (
    NOBODY,
    Frame,
    Generation,
    Page,
    Slice,
    Slot,
    StoredEnvironment,
    StoredFrame,
    StoredGeneration,
    StoredSlot,
)
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Enumeration, Record, u8, u16, u32
from exokernel.dialect.unsafe import Shared


class FrameKind(Enumeration, bits=8):
    RESERVED = 0  # no memory, or the kernel's own: what boot has not set free
    FREE = 1
    DATA = 2
    TABLE_1 = 3  # a page table whose entries name pages
    TABLE_2 = 4
    TABLE_3 = 5
    TABLE_4 = 6  # a root


class FrameState(Shared):
    """One frame: whose it is, and what opens it."""

    guard: Capability = Capability()  # what a key must dominate to use the frame
    uses: u32 = 0  # entries, roots and environment pages that name it
    region: u32 = 0  # of a table: where what it covers begins, in runs of 512 pages
    owner: StoredEnvironment = NOBODY  # who pays; NOBODY while free
    entries: u16 = 0  # of a table: entries of the user half in use
    restricted: u16 = 0  # of these, made under a capability that does not grant WRITE
    kind: FrameKind = FrameKind.RESERVED


class Phase(Enumeration, bits=8):
    """The life of an environment, always in this order."""

    FREE = 0
    EMBRYO = 1  # made, not yet started: its maker fills it
    LIVE = 2
    DEAD = 3  # does not run; what it owned waits to be reaped by anyone, by name


class Reason(Enumeration, bits=8):
    """Why an environment died."""

    NONE = 0
    ASKED = 1  # by a holder of its guard, itself included
    NO_HANDLER = 2  # an exception it had no handler for
    NO_STACK = 3  # an exception while its exception stack was full
    OVERSTAYED = 4  # kept the processor too long after the end of its slice
    NO_ENTRY = 5  # its slice ended, and it had no entry point for that


class Resource(Enumeration, bits=8):
    """What environments have a quota of. Quota is moved, never made."""

    FRAMES = 0
    SLICES = 1
    NAMES = 2  # of environments: each uses one, and may let others use the rest


class EnvironmentState(Shared):
    """One environment. Its registers are not here: they are its own business."""

    guard: Capability = Capability()  # opens control over it: start, destroy, install
    at: Page = Page(0)  # where it sees its environment page
    root: StoredFrame = Frame(0)  # its page table
    page: StoredFrame = Frame(0)  # its environment page
    frames: u32 = 0  # it owns
    quota: u32 = 0  # of frames: so many it may own
    generation: StoredGeneration = Generation(0)  # how often this name has been used
    mappings: u32 = 0  # entries made under its capabilities
    donor_generation: StoredGeneration = Generation(0)  # which bearer of the donor's name is meant
    donor: StoredEnvironment = NOBODY  # whose grant it accepts, or NOBODY
    slices: u16 = 0  # it owns
    slice_quota: u16 = 0  # of slices
    name_quota: u16 = 0  # of names of environments; its own is one of them
    excess: u16 = 0  # ticks it owes
    accepting: StoredSlot = Slot(0)  # the slot opened for that grant
    phase: Phase = Phase.FREE
    reason: Reason = Reason.NONE
    vector: u8 = 0  # of the exception that killed it


class CapabilityState(Shared):
    """One slot of one environment's list; `capability` 0 when empty."""

    capability: Capability = Capability()
    mappings: u32 = 0  # entries made under it; a slot with any cannot be dropped


class SliceState(Shared):
    """One position of the wheel."""

    guard: Capability = Capability()
    owner: StoredEnvironment = NOBODY


class MachineState(Shared):
    """What belongs to no table."""

    ticks: int = 0  # of the timer, since boot
    frame_count: u32 = 0  # frames that exist; higher names are bad
    archive_frame: StoredFrame = Frame(0)  # the boot archive: first frame
    archive_size: int = 0  # bytes
    slice_length: int = 0  # nanoseconds, as the timer was set
    started: int = 0  # TSC when the first environment was let go
    now: Slice = Slice(0)  # the slice being run
    current: StoredEnvironment = NOBODY  # who has the processor
    ending: bool = False  # it was told that its slice is over, and has not yielded yet


class MapRequest(Record):
    """One step of `map_batch`. Written by a library, in a frame of data."""

    entry: Entry = Entry()
    table: StoredFrame = Frame(0)
    index: u32 = 0

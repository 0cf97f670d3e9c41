"""The system calls: number, signature and contract of each.

This is the one table. A library calls these functions, and the compiler makes each a trap;
the kernel implements them under the same names (`@syscall`), where the caller comes first;
the gate checks every argument that has a name type, so BadName is raised for all of them
and repeated nowhere; the reference page is printed from here.

A *key* is the slot of the caller's capability that must open the guard of what is named. No
call takes an address: user memory is named by frame. A call that raises has changed nothing.
A call over a range or a batch does a bounded piece, stops at the first step that raises,
and returns how many steps were done; it raises that error only if none was.

Of several errors the one listed first is raised, unless a call says otherwise.
"""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.console import Stream
from exokernel.abi.names import EnvironmentId, Frame, Generation, Index, Page, Slice, Slot
from exokernel.abi.tables import Resource
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import system_call

YIELD_TO = 29  # libraries make this one in assembly, while they save and restore registers


@system_call(0)
def null() -> None:
    """Do nothing: what a crossing costs."""


# Capabilities


@system_call(1)
def capability_forge(key: Slot, slot: Slot, capability: Capability) -> None:
    """Put into the empty `slot` a capability that `key` dominates, with no more rights.

    Raises:
        NoCapability: `key` is empty.
        InUse: `slot` is not empty, or is open for a grant.
        NotPermitted: `key` lacks GRANT or a right asked for, does not dominate the name, or the word is not well formed.
    Source: SOSP97 §3, capabilities; Xok capability.c, forge.
    """


@system_call(2)
def capability_drop(slot: Slot) -> None:
    """Empty one slot of the caller's.

    Raises:
        NoCapability: it is empty.
        InUse: entries made under it remain.
    Source: Xok capability.c.
    """


@system_call(3)
def capability_accept(slot: Slot, donor: EnvironmentId, generation: Generation) -> None:
    """Open the empty `slot` for one grant from `donor`, instead of any opened before; from NOBODY, open none.

    Only the bearer of the donor's name whose generation this is can grant into it, not one
    who comes to bear that name later.

    Raises:
        InUse: `slot` is not empty.
    Source: Xok capability.c, acquire: both sides consent.
    """


@system_call(4)
def capability_grant(key: Slot, receiver: EnvironmentId, generation: Generation, rights: Rights) -> None:
    """Copy the capability in `key`, with `rights` only, into the slot the receiver opened for the caller.

    The receiver is the bearer of that name whose generation this is.

    Raises:
        NoCapability: `key` is empty.
        NotPermitted: `key` lacks GRANT, or one of `rights`.
        NotAccepting: the receiver has opened no slot for the caller, is dead, or another bears its name now.
    Source: Xok capability.c, acquire: both sides consent.
    """


@system_call(5)
def capability_install(environment: EnvironmentId, authority: Slot, key: Slot, slot: Slot) -> None:
    """Copy the capability in `key` into an empty `slot` of an environment not yet started.

    Raises:
        NoCapability: `authority` or `key` is empty.
        WrongKind: the environment is not an embryo.
        NotPermitted: `authority` does not grant GRANT over the environment, or `key` lacks GRANT.
        InUse: the environment's `slot` is not empty.
    Source: Xok env.c, env_alloc: the maker fills the list.
    """


@system_call(6)
def capability_seal(key: Slot) -> int:
    """Return the check field that makes the capability in `key` a token to store and pass outside the kernel.

    Raises:
        NoCapability: `key` is empty.
        NotPermitted: `key` lacks GRANT.
    Source: SOSP95 §3, self-authenticating capabilities.
    """
    ...


@system_call(7)
def capability_unseal(capability: Capability, seal: int, slot: Slot) -> None:
    """Put into the empty `slot` the capability whose seal this is.

    Raises:
        InUse: `slot` is not empty, or is open for a grant.
        BadSeal: the kernel never sealed this capability with this check field.
    Source: SOSP95 §3, self-authenticating capabilities.
    """


# Frames


@system_call(8)
def frame_alloc(frame: Frame, guard: Slot) -> None:
    """Make the free `frame` the caller's, zeroed, guarded by the capability in `guard`.

    Raises:
        NoCapability: `guard` is empty.
        InUse: `frame` is not free.
        QuotaExceeded: the caller owns as many frames as it may.
    Source: SOSP95 §3, expose allocation and expose names.
    """


@system_call(9)
def frame_copy(frame: Frame, guard: Slot, source: Frame, key: Slot) -> None:
    """Make the free `frame` the caller's, as `frame_alloc` does, holding the bytes of `source`.

    Raises:
        NoCapability: `guard` or `key` is empty.
        InUse: `frame` is not free.
        QuotaExceeded: the caller owns as many frames as it may.
        WrongKind: `source` holds no data.
        NotPermitted: `key` does not grant READ over `source`.
    Source: SOSP95 §3, expose allocation and expose names.
    """


@system_call(10)
def frame_free(frame: Frame, key: Slot) -> None:
    """Give back a frame of data that nothing uses. Of a dead owner's, anyone may.

    Raises:
        WrongKind: `frame` holds no data.
        NoCapability: the owner lives, and `key` is empty.
        NotPermitted: the owner lives, and `key` does not grant GRANT over the frame.
        InUse: entries name it.
    Source: SOSP95 §3, visible revocation.
    """


@system_call(11)
def frame_guard(frame: Frame, key: Slot, guard: Slot) -> None:
    """Replace the guard of a frame of data that nothing uses by the capability in `guard`.

    Raises:
        WrongKind: `frame` holds no data.
        NoCapability: `key` or `guard` is empty.
        NotPermitted: `key` does not grant GRANT over the frame.
        InUse: entries name it, made under the old guard.
    Source: SOSP95 §3, secure bindings.
    """


@system_call(12)
def frame_adopt(frame: Frame, key: Slot) -> None:
    """Become the owner of a dead environment's frame of data.

    Raises:
        WrongKind: `frame` holds no data, or its owner lives, or it is its owner's environment page.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant GRANT over the frame.
        QuotaExceeded: the caller owns as many frames as it may.
    Source: SOSP95 §3, the abort protocol: what a dead owner leaves.
    """


# Page tables and entries


@system_call(13)
def table_alloc(parent: Frame, index: Index, frame: Frame, key: Slot) -> None:
    """Make the free `frame` an empty page table, one level below `parent`, linked at `index`.

    It belongs to the owner of `parent`, who pays, and has the guard of `parent`.

    Raises:
        WrongKind: `parent` is no table that links tables.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant WRITE over `parent`.
        BadEntry: `index` is the kernel's part of a root.
        InUse: `frame` is not free, or `parent` has an entry at `index`.
        QuotaExceeded: the owner of `parent` owns as many frames as it may.
    Source: SOSP97 §5, guarded page tables; Xok pmap.c.
    """


@system_call(14)
def table_free(parent: Frame, index: Index, key: Slot) -> None:
    """Unlink and give back the empty table that `parent` links at `index`.

    From an abandoned address space, anyone may: one whose owner is dead, and whose root no
    other environment has, be it dead itself.

    Raises:
        WrongKind: `parent` is no table that links tables.
        NoCapability: the address space is not abandoned, and `key` is empty.
        NotPermitted: it is not, and `key` does not grant WRITE over `parent`.
        BadEntry: `parent` links no table at `index`.
        InUse: the table has entries.
    Source: Xok pmap.c, pt_free.
    """


@system_call(15)
def map(table: Frame, index: Index, entry: Entry, key: Slot) -> None:
    """Set one entry of a level-1 table, whatever it was before.

    A present entry names its frame, and in `entry.key` the slot of the table owner's
    capability that authorises it. One that is not present is stored as it is, and unmaps.
    `accessed` and `dirty` may be set or clear. The errors of the table come before those of
    the entry, and these as BadEntry, BadName, WrongKind, NoCapability, NotPermitted.

    Raises:
        WrongKind: `table` is not at level 1, or the entry's frame holds no data.
        NoCapability: `key`, or the owner's slot `entry.key`, is empty.
        NotPermitted: `key` does not grant WRITE over `table`; or the owner's capability does not grant READ, and
            WRITE if the entry is writable, over the frame.
        BadEntry: `user` is clear, a bit is set that no library may set, or the page is beyond the user's.
        BadName: the entry names no frame.
    Source: SOSP97 §5, guarded page tables; Xok pmap.c, insert_pte.
    """


@system_call(16)
def map_range(table: Frame, index: Index, count: int, entry: Entry, key: Slot) -> int:
    """Set `count` entries from `index` on, naming `count` frames from `entry.frame` on (or all not present).

    The errors of the table come before BadLength.

    Raises:
        BadLength: `count` is negative, or the range leaves the table.
        KernelError: whatever `map` raises for the first.
    Source: Xok pmap.c, insert_pte_range.
    """
    ...


@system_call(17)
def map_batch(requests: Frame, offset: int, count: int, key: Slot) -> int:
    """Do as `map` for `count` MapRequests at `offset` bytes into a frame of data.

    Raises:
        WrongKind: `requests` holds no data.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant READ over `requests`.
        BadLength: the requests leave the frame, or `offset` is no multiple of eight.
        KernelError: whatever `map` raises for the first.
    Source: Xok batch.
    """
    ...


@system_call(18)
def protect(table: Frame, index: Index, count: int, clear: Entry, set: Entry, key: Slot) -> int:
    """In `count` entries from `index` on, clear some flags and set others; pass by those not present.

    The flags are `writable`, `no_execute`, `accessed`, `dirty` and `software`. What the first
    entry's capability does not grant is the last error looked for.

    Raises:
        WrongKind: `table` is not at level 1.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant WRITE over `table`; or the first entry would become writable, and its
            capability does not grant WRITE.
        BadEntry: other bits than the flags are named.
        BadLength: `count` is negative, or the range leaves the table.
    Source: Xok pmap.c, mod_pte_range.
    """
    ...


@system_call(19)
def repossess(table: Frame, index: Index, key: Slot) -> None:
    """Remove the entry at `index`, whosever table it is: by the holder of GRANT over the frame it names.

    From an abandoned address space, as in `table_free`, anyone may.

    Raises:
        WrongKind: `table` is not at level 1.
        BadEntry: the entry is not present.
        NoCapability: the address space is not abandoned, and `key` is empty.
        NotPermitted: it is not, and `key` does not grant GRANT over the frame the entry names.
    Source: SOSP95 §3, the abort protocol; the witness names what the kernel would have to search.
    """


# Environments


@system_call(20)
def environment_create(
    environment: EnvironmentId, root: Frame, page: Frame, at: Page, guard: Slot, quota: int
) -> None:
    """Make an embryo of the free name, with an empty page table in `root` and a zeroed environment page.

    Both frames must be free; they become its own, guarded as it is by the capability in
    `guard`. `quota` frames of the caller's unused quota become its quota, and so does one name,
    its own. `at` is where it will see its page, once somebody maps it there.

    Raises:
        NoCapability: `guard` is empty.
        InUse: the name or a frame is not free, or both are one.
        QuotaExceeded: `quota` is less than two, or more than the caller has unused; or it has no name unused.
    Source: SOSP95 §5, environments; Xok env.c, env_alloc.
    """


@system_call(21)
def environment_clone(environment: EnvironmentId, page: Frame, at: Page, guard: Slot, quota: int) -> None:
    """Make an embryo of the free name in the caller's own address space, with a zeroed environment page.

    It pays as in `environment_create`.

    Raises:
        NoCapability: `guard` is empty.
        InUse: the name or the frame is not free.
        QuotaExceeded: `quota` is less than one, or more than the caller has unused; or it has no name unused.
    Source: Xok env.c, env_clone.
    """


@system_call(22)
def environment_start(environment: EnvironmentId, key: Slot) -> None:
    """Let an embryo live: from now on its slices, and yields to it, run it at the `begin` of its page.

    Raises:
        WrongKind: it is no embryo.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant WRITE over it.
    Source: SOSP95 §5, environments.
    """


@system_call(23)
def environment_destroy(environment: EnvironmentId, key: Slot) -> None:
    """End an environment. Does not return when that is the caller.

    Raises:
        WrongKind: it neither lives nor is an embryo.
        NoCapability: it is not the caller, and `key` is empty.
        NotPermitted: it is not the caller, and `key` does not grant GRANT over it.
    Source: Xok env.c, env_free.
    """


@system_call(24)
def environment_free(environment: EnvironmentId) -> None:
    """Free the name of a dead environment that is fully reaped, its root and its page; the caller gets its quotas.

    Raises:
        WrongKind: it is not dead.
        InUse: it owns frames besides its root and page, or slices; its root has entries; entries made
            under its capabilities remain; or its page or root is in use by others.
    Source: Xok env.c, env_free.
    """


@system_call(25)
def environment_quota(environment: EnvironmentId, key: Slot, resource: Resource, amount: int) -> None:
    """Move so much of the caller's unused quota of a resource to another environment.

    Raises:
        WrongKind: it neither lives nor is an embryo.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant WRITE over it.
        QuotaExceeded: `amount` is negative, or more than the caller has unused.
    Source: none; whoever owns, pays.
    """


# Slices


@system_call(26)
def slice_alloc(slice: Slice, guard: Slot) -> None:
    """Make a free slice the caller's, guarded by the capability in `guard`.

    Raises:
        NoCapability: `guard` is empty.
        InUse: the slice is not free.
        QuotaExceeded: the caller owns as many slices as it may.
    Source: SOSP95 §5, processor time slices: position has meaning.
    """


@system_call(27)
def slice_free(slice: Slice, key: Slot) -> None:
    """Give back a slice. Of a dead owner's, anyone may.

    Raises:
        WrongKind: the slice is free.
        NoCapability: the owner lives, and `key` is empty.
        NotPermitted: the owner lives, and `key` does not grant GRANT over the slice.
    Source: SOSP95 §5, processor time slices.
    """


@system_call(28)
def slice_give(slice: Slice, key: Slot, receiver: EnvironmentId) -> None:
    """Make another environment the owner of a slice, and move with it the quota to own it; the guard stays.

    Raises:
        WrongKind: the slice is free, or the receiver neither lives nor is an embryo.
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant GRANT over the slice.
    Source: SOSP95 §5, processor time slices.
    """


@system_call(YIELD_TO)
def yield_to(environment: EnvironmentId) -> None:
    """Give the rest of the slice to an environment that can run; to NOBODY, to whom the wheel names next.

    One that was told of its slice's end has nothing to give: the slice's owner runs.

    The registers are the caller's to save: it continues at its `begin`, not here, unless
    the call raises.

    Raises:
        WrongKind: the environment named cannot run.
    Source: SOSP95 §5, directed yield; Xok sched.c.
    """


# Devices


@system_call(30)
def console_write(stream: Stream, key: Slot, frame: Frame, offset: int, length: int, frame_key: Slot) -> None:
    """Write bytes of a frame of data to a stream of the console.

    Raises:
        NoCapability: `key` or `frame_key` is empty.
        WrongKind: `frame` holds no data.
        NotPermitted: `key` does not grant WRITE over the console, or `frame_key` READ over the frame.
        BadLength: the bytes leave the frame.
    Source: Xok console calls.
    """


@system_call(31)
def console_read(key: Slot) -> int:
    """Return the next byte typed at the console.

    Raises:
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant READ over the console.
        NothingToRead: there is none yet.
    Source: Xok console calls.
    """
    ...


@system_call(32)
def machine_halt(key: Slot, status: int) -> None:
    """Report `status` (its low eight bits) and switch the machine off. Does not return.

    Raises:
        NoCapability: `key` is empty.
        NotPermitted: `key` does not grant WRITE over the power switch.
    Source: Xok reboot.
    """

"""Attacks on capabilities: forging them, passing more on than one has, using them when they are gone.

Each answers whether it got through.
"""

from exokernel.abi.capability import CONSOLE_GUARD, POWER_GUARD, ROOT, Capability, Rights
from exokernel.abi.errors import KernelError
from exokernel.abi.names import SLOTS, TABLE_ENTRIES, EnvironmentId, Generation, Page, Slot
from exokernel.abi.tables import FrameKind
from exokernel.abi.x86_64 import Entry
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate, new_frame
from exokernel.libos.exos.batch import Batch
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.layout import ARCHIVE_KEY, ARCHIVE_PAGE, CONSOLE, KEY
from exokernel.libos.exos.memory import archive_entry, private
from exokernel.libos.exos import ProcessError
from exokernel.libos.exos.processes import CHILD, fork, is_alive, leave
from exokernel.libos.exos.reaping import empty_tables, free_slices, free_tables
from exokernel.libos.exos.tables import map_page, table_of
from tests.boot.attacks.guests.attack import victim
from tests.boot.attacks.guests.tools import (
    OTHER,
    PLAY_PAGE,
    SPARE,
    bury,
    capability_in,
    embryo,
    embryo_of,
    forge,
    own_key,
    play,
    played_table,
)

GUESSES = 2000
MODULUS = 2**31


def forge_anything() -> bool:
    """Forge what our key does not dominate: the keys that matter, and words of no meaning."""
    theirs = kernel.capabilities[victim() * SLOTS + KEY].capability
    if forged(ROOT) or forged(theirs) or forged(POWER_GUARD) or forged(CONSOLE_GUARD):
        return True
    low = 12345
    for _ in range(GUESSES):
        high = (low * 1103515245 + 12345) % MODULUS
        low = (high * 1103515245 + 12345) % MODULUS
        word = Capability.of(high * 2**32 + low * 3).replace(valid=True)
        if not own_key().dominates(word) and forged(word):
            return True
    return False


def forged(word: Capability) -> bool:
    try:
        kernel.capability_forge(KEY, SPARE, word)
        return True
    except KernelError:
        return False


def forge_ill_formed() -> bool:
    """Forge our own name with another length: a shorter one would open everything."""
    mine = own_key()
    for spare in range(64):
        if spare != mine.spare and forged(mine.replace(spare=spare)):
            return True
    for reserved in range(1, 64):
        if forged(mine.replace(reserved=reserved)):
            return True
    return False


def guess_seals() -> bool:
    mine = kernel.capability_seal(KEY)
    return unsealed(0) or unsealed(-1) or unsealed(mine) or unsealed(int(ROOT)) or unsealed(int(ROOT) ^ mine)


def unsealed(seal: int) -> bool:
    try:
        kernel.capability_unseal(ROOT, seal, SPARE)
        return True
    except KernelError:
        return False


def seal_without_grant() -> bool:
    forge(SPARE, 1, Rights.READ)
    try:
        kernel.capability_seal(SPARE)
        return True
    except KernelError:
        return False


def alias_slots() -> bool:
    """Use slots beyond our list, which are other environments' first ones."""
    for number in range(SLOTS, 8 * SLOTS):
        try:
            kernel.capability_seal(Slot(number))
            return True
        except KernelError:
            continue
    for number in range(-1, -SLOTS, -1):
        try:
            kernel.capability_seal(Slot(number))
            return True
        except KernelError:
            continue
    return False


def own_generation() -> Generation:
    return kernel.environments[kernel.ourselves()].generation


def accept_from_ourselves(generation: Generation) -> None:
    """Open a slot for a grant from a bearer of our name."""
    kernel.capability_accept(OTHER, kernel.ourselves(), generation)


def grant_ourselves(key: Slot, rights: Rights) -> None:
    kernel.capability_grant(key, kernel.ourselves(), own_generation(), rights)


def grant_more() -> bool:
    """Grant ourselves what we may only read."""
    forge(SPARE, 1, Rights.READ | Rights.GRANT)
    accept_from_ourselves(own_generation())
    try:
        grant_ourselves(SPARE, Rights.ALL)
        return Rights.WRITE in capability_in(OTHER).rights
    except KernelError:
        return False


def forge_more() -> bool:
    forge(SPARE, 1, Rights.READ | Rights.GRANT)
    try:
        kernel.capability_forge(SPARE, OTHER, capability_in(SPARE).replace(rights=Rights.ALL))
        return True
    except KernelError:
        return False


def forge_without_grant() -> bool:
    forge(SPARE, 1, Rights.READ)
    try:
        kernel.capability_forge(SPARE, OTHER, capability_in(SPARE))
        return True
    except KernelError:
        return False


def map_writable() -> bool:
    """Map the boot archive, which our key only reads, to write."""
    entry = archive_entry(ARCHIVE_PAGE).replace(writable=True)
    try:
        map_page(PLAY_PAGE, entry)
        return True
    except KernelError:
        return False


def protect_writable() -> bool:
    map_page(PLAY_PAGE, archive_entry(ARCHIVE_PAGE))
    try:
        table, index = played_table(), kernel.index_of(PLAY_PAGE)
        return kernel.protect(table, index, 1, Entry(), Entry(writable=True), KEY) == 1
    except KernelError:
        return False


# Use after it is gone


def drop_mapped() -> bool:
    """Keep a page without the capability it is mapped by."""
    forge(SPARE, 1, Rights.ALL)
    map_page(PLAY_PAGE, private(new_frame(SPARE)).replace(key=SPARE))
    try:
        kernel.capability_drop(SPARE)
        return True
    except KernelError:
        return False


def guard_mapped() -> bool:
    frame = new_frame()
    play(frame)
    forge(SPARE, 1, Rights.ALL)
    try:
        kernel.frame_guard(frame, KEY, SPARE)
        return True
    except KernelError:
        return False


def free_mapped() -> bool:
    """Keep a page whose frame is free, and will be somebody's."""
    frame = new_frame()
    play(frame)
    try:
        kernel.frame_free(frame, KEY)
        return kernel.frames[frame].kind == FrameKind.FREE
    except KernelError:
        return False


# Grants


def grant_unasked() -> bool:
    """Grant to the victim, which waits for a grant from somebody else."""
    try:
        kernel.capability_grant(KEY, victim(), kernel.environments[victim()].generation, Rights.ALL)
        return True
    except KernelError:
        return False


def grant_twice() -> bool:
    """Grant again, over a capability in use."""
    accept_from_ourselves(own_generation())
    grant_ourselves(KEY, Rights.ALL)
    try:
        grant_ourselves(CONSOLE, Rights.NONE)
        return True
    except KernelError:
        return False


def grant_as_successor() -> bool:
    """Grant into a slot that was opened for who bore our name before."""
    accept_from_ourselves(Generation(own_generation() - 1))
    try:
        grant_ourselves(KEY, Rights.ALL)
        return True
    except KernelError:
        return False


def receive_as_successor() -> bool:
    """Receive what is granted to who bore our name before."""
    accept_from_ourselves(own_generation())
    try:
        kernel.capability_grant(KEY, kernel.ourselves(), Generation(own_generation() - 1), Rights.ALL)
        return True
    except KernelError:
        return False


def accept_into_full() -> bool:
    """Let a grant replace the key that all our entries are made under."""
    try:
        kernel.capability_accept(KEY, kernel.ourselves(), own_generation())
        return True
    except KernelError:
        return False


def forge_into_open() -> bool:
    """Fill a slot that a grant may overwrite when entries are made under it."""
    accept_from_ourselves(own_generation())
    try:
        forge(OTHER, 1, Rights.ALL)
        return True
    except KernelError:
        return False


def install_in_living() -> bool:
    """Put a capability into an environment that already speaks for itself."""
    child = embryo(8)
    kernel.environment_start(child, KEY)
    try:
        kernel.capability_install(child, KEY, KEY, SPARE)
        return True
    except KernelError:
        return False


# Names used again


def inherit_slots() -> bool:
    """Find, in a new environment, what an older one of the same name held."""
    child = embryo(8)
    kernel.capability_install(child, KEY, ARCHIVE_KEY, SPARE)
    bury(child)
    embryo_of(child, candidate(), candidate(), 8)
    return kernel.capabilities[child * SLOTS + SPARE].capability.valid


def free_unreaped() -> bool:
    """Free the name of a dead process that still owns frames."""
    child = left_child()
    free_slices(child)
    empty_tables(child)
    free_tables(child, FrameKind.TABLE_1, 1)
    free_tables(child, FrameKind.TABLE_2, TABLE_ENTRIES)
    free_tables(child, FrameKind.TABLE_3, TABLE_ENTRIES**2)
    try:
        kernel.environment_free(child)
        return True
    except KernelError:
        return False


def left_child() -> EnvironmentId:
    """A child of ours that has ended and left frames."""
    child = 0
    try:
        child = fork()
        if child == CHILD:
            new_frame()
            leave(0)
        while is_alive(EnvironmentId(child)):
            pause()
    except ProcessError:
        print("no child")
    return EnvironmentId(child)


# Counts

MANY = 2**16  # what half a field of a record would no longer count


def overflow_uses() -> bool:
    """Map one frame so often that a small count of its uses begins again from 0."""
    frame = new_frame()
    entry = private(frame)
    batch = Batch()
    for number in range(MANY):
        page = Page(PLAY_PAGE + number)
        batch.add(table_of(page), kernel.index_of(page), entry)
    batch.finish()
    if kernel.frames[frame].uses == MANY and kernel.environments[kernel.ourselves()].mappings > MANY:
        return False
    try:
        kernel.frame_free(frame, KEY)
        return True
    except KernelError:
        return False

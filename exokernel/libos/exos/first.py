"""The first environment, which looks after all others, and runs no program.

It holds the root capability: it forges the family's name and the keys of console and archive,
starts the program as the first process, waits for it, and switches the machine off with its
status; and it reaps the processes whose parents ended before them. So no program ever holds
the root.
"""

from exokernel.abi.capability import ARCHIVE_GUARD, CONSOLE_GUARD, ROOT, Rights, extended
from exokernel.abi.errors import KernelError
from exokernel.abi.names import FIRST, FRAMES, NOBODY, ROOT_SLOT, SLICES, EnvironmentId, Slice
from exokernel.abi.tables import Resource
from exokernel.libos import kernel
from exokernel.libos.errors import NotExecutable, NotFound, ProcessError
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.archive import Member, find
from exokernel.libos.exos.critical import critical, suspend
from exokernel.libos.exos.embryo import Share
from exokernel.libos.exos.layout import ARCHIVE_KEY, CONSOLE, FAMILY, KEY
from exokernel.libos.exos.loading import spawn
from exokernel.libos.exos.output import flush_all
from exokernel.libos.exos.processes import is_alive
from exokernel.libos.exos.reaping import reap, reap_orphans
from exokernel.libos.exos.tables import NO_REGION

FAMILY_NAME = extended(ROOT, 0x01)
RESERVE = 4096  # frames the first environment keeps at most, to adopt what the dead leave
PATIENCE = 4  # slices between two looks for orphans
CANNOT_LOAD = 126  # status
PROGRAM = b"program"  # members of the archive
GIVEN = b"arguments"


def begin() -> None:
    """Set up the process that is to run the program; in the first environment, do not return."""
    if kernel.ourselves() != FIRST:
        return
    own = state()
    own.region = NO_REGION
    own.abandoned_first = FRAMES
    own.guard = FAMILY
    try:
        forge_keys()
        release_slices()
        status = supervise()
    except (KernelError, ProcessError, NotExecutable, NotFound):
        status = CANNOT_LOAD
    halt(status)


def forge_keys() -> None:
    """Forge, from the root, the keys that processes are given."""
    kernel.capability_forge(ROOT_SLOT, FAMILY, FAMILY_NAME)
    kernel.capability_forge(ROOT_SLOT, CONSOLE, CONSOLE_GUARD)
    kernel.capability_forge(ROOT_SLOT, ARCHIVE_KEY, ARCHIVE_GUARD.replace(rights=Rights.READ | Rights.GRANT))


def release_slices() -> None:
    """Leave the wheel to the processes, but for the slice we need to look after them."""
    ours = kernel.ourselves()
    for position in range(1, SLICES):
        if kernel.slices[position].owner == ours:
            kernel.slice_free(Slice(position), KEY)


def supervise() -> int:
    """Start the program and wait for it. Answers its status."""
    program = find(PROGRAM)
    arguments = given()
    unused = kernel.unused_quota()
    slices, names = kernel.unused_quota(Resource.SLICES) - 1, kernel.unused_quota(Resource.NAMES) - 1
    share = Share(unused - min(RESERVE, unused // 8), slices, names)
    return attended(spawn(program, share, FIRST, arguments.address, arguments.size))


def attended(child: EnvironmentId) -> int:
    """Wait for the first process, and now and then for those that nobody else waits for. Answers its status."""
    environment = child
    looked = 0
    while True:
        with critical():
            while is_alive(environment) and kernel.machine().ticks - looked < PATIENCE:
                suspend(environment)
        looked = kernel.machine().ticks
        reap_orphans()
        hand_on(environment)
        if not is_alive(environment):
            remains = reap(environment)
            if remains.successor == NOBODY:
                return remains.status
            environment = remains.successor


def hand_on(environment: EnvironmentId) -> None:
    """Give a process, if it still lives, the quotas that came to us with orphans, but for our reserve."""
    try:
        for resource in (Resource.FRAMES, Resource.SLICES, Resource.NAMES):
            kept = RESERVE if resource == Resource.FRAMES else 0
            kernel.environment_quota(environment, KEY, resource, max(kernel.unused_quota(resource) - kept, 0))
    except KernelError:
        return


def given() -> Member:
    """Where the archive has the program's arguments."""
    try:
        return find(GIVEN)
    except NotFound:
        return Member(0, 0)


def halt(status: int) -> None:
    """Switch the machine off."""
    flush_all()
    while True:
        try:
            kernel.machine_halt(KEY, status)
        except KernelError:
            continue  # never: the root opens the power switch

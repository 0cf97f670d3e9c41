"""Attacks on how environments come and go: to be two, to live again, to free what is still in use.

Each answers whether it got through.
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.names import TABLE_ENTRIES, EnvironmentId, Index
from exokernel.abi.tables import FrameKind
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.layout import FIRST_PAGE, KEY
from exokernel.libos.exos import ProcessError
from exokernel.libos.exos.processes import CHILD, fork, is_alive, leave
from tests.boot.attacks.guests.attack import victim
from tests.boot.attacks.guests.tools import SPARE, embryo, embryo_of, frame_of, play
from tests.boot.attacks.guests.trespass import their_slice


def free_seen_page() -> bool:
    """Keep a dead environment's page in sight, and have it freed."""
    child = embryo(8)
    play(kernel.environments[child].page)
    kernel.environment_destroy(child, KEY)
    try:
        kernel.environment_free(child)
        return True
    except KernelError:
        return False


def adopt_page() -> bool:
    """Own what goes with another's name."""
    child = embryo(8)
    kernel.environment_destroy(child, KEY)
    try:
        kernel.frame_adopt(kernel.environments[child].page, KEY)
        return True
    except KernelError:
        return False


def start_dead() -> bool:
    child = embryo(8)
    kernel.environment_destroy(child, KEY)
    try:
        kernel.environment_start(child, KEY)
        return True
    except KernelError:
        return False


def unmap_under_clone() -> bool:
    """Take a page from who shares a dead one's address space, without a key."""
    dead = child_that_left_a_clone()
    table = frame_of(dead, FrameKind.TABLE_1)
    for index in range(TABLE_ENTRIES):
        try:
            kernel.repossess(table, Index(index), SPARE)
            return True
        except KernelError:
            continue
    return False


def child_that_left_a_clone() -> EnvironmentId:
    """A child that has ended, in whose address space an embryo is left."""
    child = 0
    try:
        child = fork()
        if child == CHILD:
            kernel.environment_clone(kernel.free_environment(), candidate(), FIRST_PAGE, KEY, 1)
            leave(0)
        while is_alive(EnvironmentId(child)):
            pause()
    except ProcessError:
        print("no child")
    return EnvironmentId(child)


def create_over_victim() -> bool:
    """Take the victim's name, and so all that it owns."""
    try:
        embryo_of(victim(), candidate(), candidate(), 8)
        return True
    except KernelError:
        return False


def one_frame_twice() -> bool:
    """Write our own page tables by way of an environment page."""
    frame = candidate()
    try:
        embryo_of(kernel.free_environment(), frame, frame, 8)
        return True
    except KernelError:
        return False


def alloc_owned_slice() -> bool:
    """Take the victim's time as if it were nobody's."""
    try:
        kernel.slice_alloc(their_slice(), KEY)
        return True
    except KernelError:
        return False

"""Attacks on how environments come and go: to be two, to live again, to free what is still in use.

Each answers whether it got through.
"""

from exokernel.abi.errors import KernelError
from exokernel.libos import kernel
from exokernel.libos.exos.allocation import candidate
from exokernel.libos.exos.layout import KEY
from tests.boot.attacks.guests.attack import victim
from tests.boot.attacks.guests.tools import embryo, embryo_of, play
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

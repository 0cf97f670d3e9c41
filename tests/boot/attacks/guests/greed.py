"""Attacks on time, quota and names: to have more than one's share, or all there is.

Each answers whether it got through. What it costs the victim, the victim says.
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.names import ENVIRONMENTS, FIRST, EnvironmentId, Frame, Page
from exokernel.abi.tables import Resource
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.misdeeds import raw_call
from exokernel.libos.exos.allocation import candidate
from exokernel.libos.exos.arch.context import switch
from exokernel.libos.exos.arch.state import page_in_window
from exokernel.libos.exos.critical import pause
from exokernel.libos.exos.embryo import close_window, show
from exokernel.libos.exos.layout import FIRST_PAGE, KEY
from tests.boot.attacks.guests.attack import ours, victim
from tests.boot.attacks.guests.tools import PLAY, PLAY_PAGE, embryo, let_live, stop_playing, write_word

LONG = 24  # ticks
STORM = 18
ENOUGH = 5  # pauses, in which the victim does its work


def ticks() -> int:
    return kernel.machine().ticks


def overstay() -> bool:
    """Never yield; who survives that for so long was not stopped."""
    ours().critical += 1
    end = ticks() + LONG
    while ticks() < end:
        kernel.null()
    ours().critical -= 1
    return True


def keep_beyond_end(count: int) -> None:
    """Use the processor to the end of our slice, and for some ticks more."""
    ours().critical += 1
    while ours().interrupted == 0:
        kernel.null()
    end = ticks() + count
    while ticks() < end:
        kernel.null()
    ours().interrupted = 0
    ours().critical -= 1


def steal_slices() -> bool:
    """At the end of our slice, give the processor to ourselves."""
    ours().critical += 1
    start = ticks()
    while ours().interrupted == 0 and ticks() < start + 2 * LONG:
        kernel.null()
    ended = ticks()
    switch(kernel.ourselves())
    stolen = ticks() == ended  # nobody else ran before we did
    ours().interrupted = 0
    ours().critical -= 1
    return stolen


DEBT = 3  # ticks
ROUNDS = 4
FAIR = 42  # hundredths: less than half, and more than who pays gets


def overdraw() -> bool:
    """Stay too long each time, and see whether that is paid for."""
    pause()
    start, kept = ticks(), 0
    for _ in range(ROUNDS):
        began = ticks()
        keep_beyond_end(DEBT)
        kept += ticks() - began
        pause()
    return kept * 100 > (ticks() - start) * FAIR


def storm_of_calls() -> bool:
    end = ticks() + STORM
    while ticks() < end:
        kernel.null()
    return False


def storm_of_faults() -> bool:
    end = ticks() + STORM
    while ticks() < end:
        write_word(PLAY, 1)
        frame = kernel.entries_1[PLAY_PAGE].frame
        stop_playing()
        give_back(frame)
    return False


def give_back(frame: Frame) -> None:
    try:
        kernel.frame_free(frame, KEY)
    except KernelError:
        return


def begin_anywhere() -> bool:
    """Be continued where no program may be: in the kernel, nowhere, at no address at all."""
    child = embryo(8)
    kernel.environment_start(child, KEY)
    for entry in (0, -1, -(2**31), -(2**47), 2**47, 2**47 - 4096, 2**63 - 1):
        show(kernel.environments[child].page, KEY)
        page_in_window().begin = entry
        close_window()
        ours().critical += 1
        refused = switch(child)
        ours().critical -= 1
        if refused == 0:
            return True
    return False


# Quota and names


def negative_quota() -> bool:
    """Give a child less than nothing, and so get more."""
    child = embryo(8)
    for quota in (-1, -8, -(2**31), -(2**63)):
        try:
            kernel.environment_quota(child, KEY, Resource.FRAMES, quota)
            return True
        except KernelError:
            continue
    return False


def more_than_quota() -> bool:
    """Give a child what we do not have."""
    child = embryo(8)
    for quota in (kernel.unused_quota() + 1, 2**31, 2**32 - 1, 2**63 - 1):
        try:
            kernel.environment_quota(child, KEY, Resource.FRAMES, quota)
            return True
        except KernelError:
            continue
    return False


def take_all_frames() -> bool:
    """Take frames until we may not, and see that the victim gets its own."""
    mine = kernel.environments[kernel.ourselves()]
    try:
        while mine.frames <= mine.quota:
            kernel.frame_alloc(candidate(), KEY)
        return True
    except KernelError:
        let_live(victim(), ENOUGH)
        return False


def take_all_slices() -> bool:
    """Take slices until we may not."""
    mine = kernel.environments[kernel.ourselves()]
    try:
        while mine.slices <= mine.slice_quota:
            kernel.slice_alloc(kernel.free_slice(0), KEY)
        return True
    except KernelError:
        let_live(victim(), ENOUGH)
        return False


def take_all_names() -> bool:
    """Make as many environments as there are names."""
    mine = kernel.environments[kernel.ourselves()]
    for number in range(FIRST, ENVIRONMENTS):
        is_cloned(EnvironmentId(number))
        if mine.name_quota == 0:
            return True
    let_live(victim(), ENOUGH)
    return False


def clone_for_nothing() -> bool:
    """Make environments, and pay for none."""
    quota = kernel.environments[kernel.ourselves()].quota
    made = 0
    for number in range(FIRST, ENVIRONMENTS):
        made += 1 if is_cloned(EnvironmentId(number)) else 0
    let_live(victim(), ENOUGH)
    return kernel.environments[kernel.ourselves()].quota != quota - made


def is_cloned(name: EnvironmentId) -> bool:
    try:
        kernel.environment_clone(name, candidate(), Page(FIRST_PAGE + 1), KEY, 1)
        return True
    except KernelError:
        return False


# Garbage

# fmt: off
BOUNDARIES = (
    -(2**63), -(2**47), -(2**31), -2, -1, 64, 65, 127, 128, 255, 256, 257, 511, 512, 513, 4095, 4096, 4097, 2**16,
    2**20 - 1, 2**20, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**35 - 1, 2**35, 2**40, 2**47, 2**62, 2**63 - 1,
)
# fmt: on
LAST_CALL = 40  # and some that do not exist


def garbage() -> bool:
    """Make every call, and calls there are not, with bounds of everything in all registers."""
    refused, made = 0, 0
    for number in range(1, LAST_CALL):
        for one in BOUNDARIES:
            for other in BOUNDARIES:
                made += 1
                refused += 1 if raw_call(number, one, other) != 0 else 0
    return made - refused > made // 2


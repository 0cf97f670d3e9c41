"""An attack on who has just been started: give it the processor so late that its slice ends before it can say what then.

Any environment may yield to any other; the time of the next tick can be computed from the last.
"""

from exokernel.abi.errors import InUse
from exokernel.abi.names import NOBODY, EnvironmentId, Slice
from exokernel.abi.tables import Phase
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.instructions import time_stamp
from exokernel.libos.exos import NoMemory, NotExecutable, NotFound
from exokernel.libos.exos.arch.context import switch
from exokernel.libos.exos.archive import find
from exokernel.libos.exos.embryo import Share
from exokernel.libos.exos.layout import KEY
from exokernel.libos.exos.loading import spawn
from exokernel.libos.exos.reaping import reap
from tests.boot.attacks.guests.attack import ours

PROGRAM = b"program"
TICK = 10_000_000  # instructions, on a machine that counts them
SHARE = Share(200, 0, 0)
EARLIEST, LATEST, STEP = 330, 90, 40  # instructions before the tick


def kill_newborn() -> bool:
    kernel.slice_alloc(Slice(kernel.ourselves() + 1), KEY)  # so that the slice behind ours is not the child's
    for early in range(LATEST, EARLIEST, STEP):
        child = newborn()
        hand_over(child, early)
        if kernel.environments[child].phase == Phase.DEAD:
            return True
        kernel.environment_destroy(child, KEY)
        reap(child)
    return False


def newborn() -> EnvironmentId:
    """A process that has not run yet."""
    try:
        return spawn(find(PROGRAM), SHARE, kernel.ourselves(), 0, 0)
    except NotFound:
        raise InUse
    except NoMemory:
        raise InUse
    except NotExecutable:
        raise InUse


def hand_over(child: EnvironmentId, early: int) -> None:
    """Yield to a child some instructions before the tick that ends our slice."""
    ours().critical += 1
    last = kernel.machine().ticks
    while kernel.machine().ticks == last:
        kernel.null()
    tick = time_stamp()
    last = kernel.machine().ticks
    switch(NOBODY)
    length = TICK
    end = tick + (kernel.machine().ticks - last + 1) * length - early
    while time_stamp() < end:
        continue
    switch(child)
    ours().interrupted = 0
    ours().critical -= 1

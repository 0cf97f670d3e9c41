"""Children that end before their own children do: what those leave is freed all the same."""

from exokernel.abi.names import ENVIRONMENTS
from exokernel.abi.tables import Phase
from exokernel.libos import kernel
from exokernel.libos.exos import CHILD, NoChild, NoMemory, fork, leave, wait

CHILDREN = 3
TICKS = 20  # to wait at most


def main() -> int:
    try:
        for _ in range(CHILDREN):
            child = fork()
            if child == CHILD:
                have_orphan()
            wait(child)
        end = kernel.machine().ticks + TICKS
        while living() > 2 and kernel.machine().ticks < end:
            kernel.null()
        print(f"{living()} environments")
        return 0
    except NoMemory:
        return 1
    except NoChild:
        return 2


def have_orphan() -> None:
    """Fork and end at once. Raises NoMemory."""
    fork()
    leave(0)


def living() -> int:
    count = 0
    for number in range(ENVIRONMENTS):
        if kernel.environments[number].phase != Phase.FREE:
            count += 1
    return count

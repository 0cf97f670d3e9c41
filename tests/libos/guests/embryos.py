"""Children that end while they make one of their own: what was unborn is freed all the same."""

from exokernel.abi.errors import KernelError
from exokernel.abi.names import ENVIRONMENTS
from exokernel.abi.tables import Phase
from exokernel.libos import kernel
from exokernel.libos.exos import CHILD, NoChild, NoMemory, fork, leave, wait
from exokernel.libos.exos.embryo import Share, conceive

CHILDREN = 3
SHARE = Share(20, 0, 0)
TICKS = 20  # to wait at most


def main() -> int:
    try:
        ours = conceive(SHARE)
        for _ in range(CHILDREN):
            child = fork()
            if child == CHILD:
                conceive(SHARE)
                leave(0)
            wait(child)
        end = kernel.machine().ticks + TICKS
        while embryos() > 1 and kernel.machine().ticks < end:
            kernel.null()
        kept = kernel.environments[ours].phase == Phase.EMBRYO
        print(f"{embryos()} embryo, {'ours' if kept else 'not ours'}")
        return 0
    except KernelError:
        return 1
    except NoMemory:
        return 1
    except NoChild:
        return 2


def embryos() -> int:
    count = 0
    for number in range(ENVIRONMENTS):
        if kernel.environments[number].phase == Phase.EMBRYO:
            count += 1
    return count

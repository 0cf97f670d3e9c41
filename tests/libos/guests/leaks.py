"""Fork many children one after the other, and see that every frame and slice comes back."""

from exokernel.abi.names import ENVIRONMENTS
from exokernel.abi.tables import Phase
from exokernel.dialect import Array, array
from exokernel.libos import kernel
from exokernel.libos.exos import CHILD, NoChild, NoMemory, fork, leave, wait

CHILDREN = 12
WARM_UP = 3
CELLS = 2000

cells: Array[int] = array(CELLS)


def main() -> int:
    try:
        return check()
    except NoMemory:
        return 2
    except NoChild:
        return 3


def check() -> int:
    for number in range(WARM_UP):
        have_child(number)
    before = owned()
    for number in range(CHILDREN):
        have_child(number)
    print(f"{owned() - before} frames more")
    print(f"{living()} environments, {kernel.environments[kernel.ourselves()].slices} slice")
    return 0


def have_child(number: int) -> None:
    child = fork()
    if child == CHILD:
        for position in range(CELLS):
            cells[position] = number
        leave(number)
    if wait(child) != number:
        print("a child said something else")
    cells[number] = number


def owned() -> int:
    return kernel.environments[kernel.ourselves()].frames


def living() -> int:
    count = 0
    for number in range(ENVIRONMENTS):
        if kernel.environments[number].phase != Phase.FREE:
            count += 1
    return count

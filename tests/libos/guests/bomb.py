"""Fork until there is no room, then let all children end: nothing is lost, and there is room again."""

from exokernel.dialect import Array, array
from exokernel.libos import kernel
from exokernel.libos.exos import CHILD, NoChild, NoMemory, fork, leave, wait

MOST = 250

children: Array[int] = array(MOST)


def main() -> int:
    first = bomb()
    unused = kernel.unused_quota()
    again = bomb()
    last = bomb()
    print(f"{'many' if first > 10 else 'few'}, then {'as many' if again == first and last == first else 'fewer'}")
    print(f"{unused - kernel.unused_quota()} frames fewer")
    return 0


def bomb() -> int:
    """Answers how many children there were at the same time."""
    count = 0
    try:
        while count < MOST:
            child = fork()
            if child == CHILD:
                sleep()
            children[count] = child
            count += 1
    except NoMemory:
        return ended(count)
    return ended(count)


def sleep() -> None:
    """End when the parent has stopped forking."""
    end = kernel.machine().ticks + 3
    while kernel.machine().ticks < end:
        kernel.null()
    leave(0)


def ended(count: int) -> int:
    for number in range(count):
        try:
            wait(children[number])
        except NoChild:
            print("a child was lost")
    return count

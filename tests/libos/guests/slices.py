"""Several processes compute at once, interrupted wherever the end of a slice finds them."""

from exokernel.dialect import wrapping_add, wrapping_multiply
from exokernel.libos import kernel
from exokernel.libos.exos import CHILD, NoChild, NoMemory, fork, leave, wait

CHILDREN = 3
TICKS = 12  # slices that go by before anybody is done
FACTOR = 6364136223846793005
STATUSES = 251


def main() -> int:
    try:
        first, second, third = started(1), started(2), started(3)
        ours = computed(4)
        right = 0
        right += int(wait(first) == expected(1))
        right += int(wait(second) == expected(2))
        right += int(wait(third) == expected(3))
        right += int(ours == expected(4))
        print(f"{right} of {CHILDREN + 1} computed right")
        return 0
    except NoMemory:
        return 1
    except NoChild:
        return 2


def started(seed: int) -> int:
    child = fork()
    if child == CHILD:
        leave(computed(seed))
    return child


def computed(seed: int) -> int:
    """Repeat a computation until enough slices have gone by; a wrong one gives a wrong status."""
    wanted = expected(seed)
    end = kernel.machine().ticks + TICKS
    while kernel.machine().ticks < end:
        if expected(seed) != wanted:
            return STATUSES + 1
        kernel.null()  # what the kernel changes is read anew only behind a call
    return wanted


def expected(seed: int) -> int:
    a, b, c, d, e, f = seed, seed + 1, seed + 2, seed + 3, seed + 4, seed + 5
    for step in range(2000):
        a = wrapping_add(wrapping_multiply(a, FACTOR), b)
        b = b ^ a >> 7
        c = wrapping_add(c, b ^ step)
        d = d ^ c
        e = wrapping_add(e, d)
        f = f ^ wrapping_add(e, a)
    return (a ^ b ^ c ^ d ^ e ^ f) % STATUSES

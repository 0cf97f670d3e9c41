"""Grow a tree of processes, and add up on the way back what each of them says it is worth.

A process prints nothing; its status is its own worth and that of all below it. The first
argument is the depth, 3 when there is none.
"""

from exokernel.libos.exos import CHILD, NoChild, NoMemory, arguments, errors, fork, leave, wait

DEPTH = 3
BRANCHES = 2
MEMORY_WORDS = 600  # more than a page, so that every process gets pages of its own


def main() -> int:
    depth = DEPTH
    for word in arguments():
        depth = number(word.encode())
    try:
        print(f"{grown(depth, 1)} processes")
        return 0
    except NoMemory:
        print("fork_tree: there is no room for so many", file=errors)
        return 1
    except NoChild:
        print("fork_tree: a child was lost", file=errors)
        return 1


def number(digits: bytes) -> int:
    value = 0
    for digit in digits:
        value = value * 10 + digit - ord("0")
    return value


def grown(depth: int, path: int) -> int:
    """Grow all that is below one process, `depth` high. Answers how many processes that are, itself included."""
    scratch = [path * position for position in range(MEMORY_WORDS)]
    worth = 1
    if depth > 0:
        for branch in range(BRANCHES):
            child = fork()
            if child == CHILD:
                leave(grown(depth - 1, path * BRANCHES + branch))
            worth += wait(child)
    if scratch[MEMORY_WORDS - 1] != path * (MEMORY_WORDS - 1):
        print("fork_tree: somebody wrote to our memory", file=errors)
    return worth

"""Run another program in a child, and say how it ended; then one that does not exist."""

from exokernel.libos.exos import (
    CHILD,
    NoChild,
    NoMemory,
    NotExecutable,
    NotFound,
    TooLong,
    arguments,
    execute,
    fork,
    leave,
    program_name,
    wait,
)


def main() -> int:
    for word in arguments():
        print(f"{program_name()} was given {word}")
        return 7
    try:
        print(f"ended with {run('execute', 'a-word another')}")
        print(f"ended with {run('missing', '')}")
        print(f"ended with {run('arguments', '')}")
        return 0
    except NoMemory:
        return 1
    except NoChild:
        return 2


def run(name: str, words: str) -> int:
    child = fork()
    if child == CHILD:
        become(name, words)
    return wait(child)


def become(name: str, words: str) -> None:
    try:
        execute(name, words)
    except NotFound:
        leave(127)
    except NotExecutable:
        leave(126)
    except NoMemory:
        leave(125)
    except TooLong:
        leave(124)

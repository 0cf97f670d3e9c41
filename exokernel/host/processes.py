"""Work done in processes of its own, so many at a time, its results in order.

Every process is forked by the one thread there is: it begins with all that was loaded, and no
lock is held in it by a thread that it does not have. What is done there leaves nothing behind
but its result. Nothing is tried twice: work whose process dies without an answer fails.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from exokernel.host.errors import Status
from exokernel.host.lifetime import bound_to_us

STEP = 0.5  # seconds between two calls of whoever shows that we wait
SHARE = 8  # items for one process: enough to be worth beginning one

Task = Callable[[], Any]
Answer = tuple[Any, Exception | None]  # what a task came to, or what it raised


def in_processes(tasks: Sequence[Task], jobs: int, waiting: Callable[[], None] = lambda: None) -> Iterator[Any]:
    """What each task comes to, in their order, at most `jobs` at a time. `waiting` is called whenever one is
    done, and every STEP seconds. Raises what a task raised, and ChildProcessError for one that gave no answer."""
    pending = deque(enumerate(tasks))
    running: dict[Connection, tuple[int, BaseProcess]] = {}
    found: dict[int, Answer] = {}
    try:
        for number in range(len(tasks)):
            while number not in found:
                while pending and len(running) < jobs:
                    following, task = pending.popleft()
                    pipe, process = begun(task)
                    running[pipe] = following, process
                answered = set(wait([*running], STEP))
                for pipe in [each for each in running if each in answered]:
                    following, process = running.pop(pipe)
                    found[following] = answer_of(pipe, process)
                waiting()
            result, error = found.pop(number)
            if error is not None:
                raise error
            yield result
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def shared_out(work: Callable[[Any], Any], items: Sequence[Any], jobs: int) -> Iterator[Any]:
    """What `work` makes of each item, in their order, as `map` does. Each process has a few that follow each other, always
    the same ones."""
    shares = (items[first : first + SHARE] for first in range(0, len(items), SHARE))
    return chain.from_iterable(in_processes([partial(list, map(work, share)) for share in shares], jobs))


def begun(task: Task) -> tuple[Connection, BaseProcess]:
    ours, theirs = get_context("fork").Pipe(duplex=False)
    process = get_context("fork").Process(target=do, args=(task, theirs, bound_to_us()))
    process.start()
    theirs.close()
    return ours, process


def do(task: Task, pipe: Connection, bind: Callable[[], None]) -> None:
    """In the process: work, and tell what came of it."""
    bind()
    try:
        pipe.send((task(), None))
    except KeyboardInterrupt:  # the process that waits for us was interrupted too, and says so
        os._exit(Status.INTERRUPTED)
    except Exception as error:
        pipe.send((None, error))


def answer_of(pipe: Connection, process: BaseProcess) -> Answer:
    with pipe:
        try:
            answer: Answer = pipe.recv()
        except EOFError:
            process.join()
            answer = None, ChildProcessError(f"a process ended without an answer, with status {process.exitcode}")
    process.join()
    return answer

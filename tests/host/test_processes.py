"""Work in processes of its own: in order, alone, and never without an answer."""

import os
import signal
import time
from collections.abc import Callable
from functools import partial

import pytest

from exokernel.host.processes import SHARE, in_processes, shared_out

memory: list[int] = []


def squared(number: int) -> int:
    memory.append(number)
    assert memory == [number], "a process has what another left"
    return number * number


def refuse(number: int) -> int:
    raise ValueError(number)


def end(status: int) -> int:
    os._exit(status)


@pytest.mark.parametrize("jobs", [1, 2, 5])
def test_results_come_in_order(jobs: int) -> None:
    works = [partial(squared, number) for number in range(12)]
    assert list(in_processes(works, jobs)) == [number * number for number in range(12)]
    assert memory == []


def test_results_larger_than_a_pipe() -> None:
    assert [len(each) for each in in_processes([partial(bytes, 1_000_000)] * 2, 2)] == [1_000_000] * 2


@pytest.mark.parametrize(("work", "error"), [(refuse, ValueError), (end, ChildProcessError)])
def test_what_fails_there_fails_here(work: Callable[[int], int], error: type[Exception]) -> None:
    results = in_processes([partial(squared, 3), partial(work, 7), partial(squared, 4)], 2)
    assert next(results) == 9
    with pytest.raises(error, match="7"):
        next(results)


def test_who_does_not_wait_leaves_nobody_behind() -> None:
    reading, writing = os.pipe()
    results = in_processes([partial(squared, 2), partial(os.read, reading, 1)], 2)
    assert next(results) == 4
    results.close()  # type: ignore[attr-defined]
    os.close(writing)
    os.close(reading)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def places(number: int) -> tuple[int, int]:
    return number, os.getpid()


@pytest.mark.parametrize("count", [0, 1, SHARE, 5 * SHARE + 1])
def test_items_are_shared_out_a_few_to_each_process(count: int) -> None:
    found = list(shared_out(places, range(count), 3))
    assert [number for number, _ in found] == list(range(count))
    shares = [{process for _, process in found[first : first + SHARE]} for first in range(0, count, SHARE)]
    assert [len(each) for each in shares] == [1] * len(shares) and len(set().union(*shares)) == len(shares)
    assert os.getpid() not in set().union(*shares)


def work_on(writing: int) -> None:
    os.write(writing, b"at work\n")
    time.sleep(5)
    os.write(writing, b"still at work\n")


def test_nobody_outlives_the_process_that_waits() -> None:
    """Not even when that is killed, and those who work have begun others who do."""
    reading, writing = os.pipe()
    waits = os.fork()
    if waits == 0:
        try:
            list(in_processes([lambda: list(shared_out(work_on, [writing], 1))], 1))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:
        assert pipe.readline() == b"at work\n"
        os.kill(waits, signal.SIGKILL)
        os.waitpid(waits, 0)
        assert pipe.read() == b""

"""Work in processes of its own: in order, alone, and never without an answer."""

import os
from collections.abc import Callable
from functools import partial

import pytest

from exokernel.host.processes import in_processes

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

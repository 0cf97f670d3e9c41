"""In a storm of calls the kernel answers each and never stops, and when it is over all is as it must be.

That is asked of the specification, and of each call whether it got through at all.
"""

from pathlib import Path

import pytest

from tests.boot.audit import audited, counters
from tests.boot.guest import NUMBERS, Computer, mutated_kernel
from tests.boot.storm import LEFT_OUT, storm

pytestmark = [pytest.mark.boot, pytest.mark.slow]


def check(computer: Computer, guest: str) -> None:
    ending, wrong = audited(computer, guest)
    assert ending.status == 33, ending.reports
    assert ending.halted == 0 or ending.reports[-1].startswith("crash ")
    assert wrong == []


@pytest.mark.parametrize("seed", range(1, 5))
@pytest.mark.parametrize("crowd", [False, True], ids=["alone", "many"])
def test_the_kernel_survives_a_storm(computer: Computer, crowd: bool, seed: int) -> None:
    check(computer, storm(seed, crowd))


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(5, 105))
def test_the_kernel_survives_many_storms(computer: Computer, seed: int) -> None:
    check(computer, storm(seed, crowd=seed % 2 == 0))


UNCOUNTED = {*LEFT_OUT, "yield_to", "console_read"}  # not made, without return, and without anything to read
SELDOM = {"capability_grant"}  # two must agree


def test_a_storm_has_every_call_succeed(computer: Computer) -> None:
    total = [0] * len(NUMBERS)
    for seed in (1, 2):
        successes = counters(computer, storm(seed, crowd=True), "successes", len(NUMBERS))
        total = [sum(pair) for pair in zip(total, successes, strict=True)]
    assert {name for name, number in NUMBERS.items() if total[number] == 0} <= UNCOUNTED | SELDOM


# Guards without which the tables are no longer as they must be, after any storm.
LOST = {
    "a mapped frame is not freed": ("frames.py", "    if frames[frame].uses != 0:\n        raise InUse(frame)\n\n    release", "    release"),
    "uses are counted": ("translations.py", "        frames[entry.frame].uses += 1", "        pass"),
    "a table in use is not freed": ("tables.py", "if frames[link.frame].entries != 0:", "if frames[link.frame].entries > 512:"),
    "slices are counted": ("slices.py", "        environments[former].slices -= 1", "        pass"),
}


@pytest.mark.parametrize("guard", LOST)
def test_the_audit_sees_what_a_storm_does_to_a_worse_kernel(tmp_path: Path, guard: str) -> None:
    computer = Computer(mutated_kernel(tmp_path / "kernel", [LOST[guard]]), tmp_path)
    _, wrong = audited(computer, storm(1))
    assert wrong != []

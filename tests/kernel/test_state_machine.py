"""The kernel beside its specification: any calls in any order, on any arguments.

Hypothesis plays all environments at once. It calls, ticks, writes environment pages and
requests; the oracle says before each call what must come of it, and the invariants are looked
at after each. On request, a million calls more, without Hypothesis, on the compiled kernel.
"""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from exokernel.abi.capability import Rights
from exokernel.abi.names import NOBODY
from exokernel.dialect import memory
from exokernel.host.processes import in_processes
from tests.kernel import moves, oracle
from tests.kernel.moves import GROUPS, Move
from tests.kernel.native_world import NativeWorld
from tests.kernel.trial import Trial, walk
from tests.kernel.worlds import World

Chooser = Callable[[World, Random], Iterator[Move]]
PROCESSES = 2
CHANCE = st.randoms(use_true_random=False)


def moving(choose: Chooser) -> Callable[["Kernel", Random], None]:
    """A rule that makes what is chosen so."""

    @rule(chance=CHANCE)
    def make(self: "Kernel", chance: Random) -> None:
        if not self.trial.is_off and self.trial.world.machine.current != NOBODY:
            self.make(choose(self.trial.world, chance))

    return make  # type: ignore[no-any-return]


def calling(*group: str) -> Callable[["Kernel", Random], None]:
    return moving(lambda world, chance: moves.call_of(world, chance, group))


class Kernel(RuleBasedStateMachine):
    """All there is to do to a kernel from outside."""

    make_world: type[World] = World

    def __init__(self) -> None:
        super().__init__()
        self.machine_before = memory.machine
        self.trial = Trial(self.make_world())

    def teardown(self) -> None:
        if not self.trial.is_off:
            oracle.check_consequences(self.trial.world)
        memory.machine = self.machine_before

    def make(self, chosen: Iterator[Move]) -> None:
        for move in chosen:
            note(str(move))
            self.trial.do(move)

    @initialize(
        tables=st.sampled_from([True, True, False]),
        others=st.integers(0, 2),
        setting=st.sampled_from(["", *moves.SCENES]),
        rights=st.sampled_from(moves.LESS),
    )
    def furnish(self, tables: bool, others: int, setting: str, rights: Rights) -> None:
        self.make(moves.furnishing(tables, others, setting, rights))

    on_capabilities = calling(*GROUPS[0])
    on_frames = calling(*GROUPS[1])
    on_entries = calling(*GROUPS[2])
    on_environments = calling(*GROUPS[3])
    on_slices = calling(*GROUPS[4])
    a_frame_to_map = moving(moves.frame_to_map)
    a_written_page = moving(moves.written_page)

    @rule(times=st.integers(1, 3))
    def time_goes_by(self, times: int) -> None:
        self.make(iter([Move("tick")] * times))


class NativeKernel(Kernel):
    """The same, compiled."""

    make_world = NativeWorld


QUICK = settings(max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
DEEP = settings(QUICK, max_examples=250, stateful_step_count=50)
TestKernel = Kernel.TestCase
TestKernel.settings = QUICK
TestNativeKernel = NativeKernel.TestCase
TestNativeKernel.settings = settings(QUICK, max_examples=10)


def walk_deeply(kernel: type[Kernel]) -> None:
    run_state_machine_as_test(kernel, settings=DEEP)  # type: ignore[no-untyped-call]


@pytest.mark.deep
def test_many_more_of_the_same() -> None:
    list(in_processes([partial(walk_deeply, kernel) for kernel in (Kernel, NativeKernel)], PROCESSES))


MILLION = 1_000_000
PARTS = 200  # in which it is done, each from a seed of its own


def calls_from(seed: int, wanted: int = MILLION // PARTS) -> int:
    """Judge some calls of the compiled kernel, in one walk after another; how many."""
    chance, judged = Random(seed), 0
    while judged < wanted:
        story: list[Move] = []
        trial = Trial(NativeWorld(), every=50)
        try:
            walk(trial, chance, story)
        except Exception as wrong:
            wrong.add_note("\n".join(map(str, story)))
            raise
        judged += trial.calls
    return judged


@pytest.mark.deep
def test_a_million_calls() -> None:
    assert sum(in_processes([partial(calls_from, seed) for seed in range(PARTS)], PROCESSES)) >= MILLION


def test_a_thousand_calls() -> None:
    before = memory.machine
    assert calls_from(PARTS, 1000) >= 1000
    memory.machine = before

"""Whether running a mutant of the kernel on states that calls have led to shows that it is one.

`python -m tests.kernel.try_mutants` reads mutants as lines of JSON and answers each with one
line: what the specification says against it, or "" when all is as it should be. The states and
the moves made in them are chosen once. A difference from the kernel as it is counts only when
the specification is violated.
"""

import json
import sys
from collections.abc import Iterable, Iterator
from random import Random
from types import CodeType, FunctionType
from typing import Any, NamedTuple

from exokernel.abi.layout import PUBLIC
from exokernel.abi.names import FIRST, FRAME_SIZE, NOBODY
from exokernel.dialect.checked import compile_checked
from tests.kernel import fake_machine
from tests.kernel.moves import RARE, SPECIFIED, Move, furnishing
from tests.kernel.trial import Trial, walk
from tests.kernel.worlds import mine

WALKS = 180
KEPT = 60  # cases of one call that end alike
PATIENCE = 10  # differences that the specification lets pass, before the rest is taken to be such
TABLES = PUBLIC % 2**64 // FRAME_SIZE
Snapshot = dict[int, bytes]


class Outcome(NamedTuple):
    """What a move leaves behind."""

    answer: Any
    after: Snapshot
    departure: Any
    forgotten: tuple[Any, ...]
    off: bool


class Case(NamedTuple):
    """A move in a state, and what comes of it."""

    before: Snapshot
    move: Move
    outcome: Outcome


def outcome_of(trial: Trial, move: Move) -> Outcome:
    world, answer = trial.world, None
    try:
        answer = world.answer(*move.arguments, by=move.by) if move.method == "call" else world.tick()
    except fake_machine.PoweredOff:
        trial.is_off = True
    log = world.log
    return Outcome(answer, world.snapshot(), log.departure, (sorted(log.forgotten), log.all_forgotten), trial.is_off)


def tables_changed(before: Snapshot, after: Snapshot) -> frozenset[int]:
    """Which pages of the kernel's tables are not what they were."""
    return frozenset(page for page in before.keys() | after.keys() if page >= TABLES and before.get(page) != after.get(page))


class Recorder(Trial):
    """A trial that judges nothing and keeps what happens, as long as it is new enough."""

    def __init__(self, cases: dict[str, list[Case]], alike: dict[Any, int], pages: dict[bytes, bytes]) -> None:
        super().__init__(judged=())
        self.cases, self.alike, self.pages = cases, alike, pages

    def do(self, move: Move) -> bool:
        name = move.arguments[0] if move.method == "call" else move.method
        is_step = move.method == "tick" or move.by == self.world.machine.current != NOBODY
        if move.method not in ("call", "tick") or not is_step or self.is_off:
            return super().do(move)
        if move.arguments[:2] == ("environment_destroy", FIRST):
            return False
        before, waits = self.shared(self.world.snapshot()), self.world.machine.current == NOBODY
        outcome = outcome_of(self, move)
        error = outcome.answer.error if move.method == "call" else outcome.answer
        key = name, error, waits, len(outcome.after) - len(before), tables_changed(before, outcome.after), outcome.departure is None
        self.alike[key] = self.alike.get(key, 0) + 1
        if self.alike[key] <= KEPT:
            self.cases.setdefault(name, []).append(Case(before, move, outcome._replace(after=self.shared(outcome.after))))
        return True

    def shared(self, snapshot: Snapshot) -> Snapshot:
        """The same, each different page kept once."""
        return {number: self.pages.setdefault(page, page) for number, page in snapshot.items()}


def record(walks: int = WALKS) -> dict[str, list[Case]]:
    """Cases of every call."""
    cases: dict[str, list[Case]] = {}
    alike: dict[Any, int] = {}
    pages: dict[bytes, bytes] = {}
    for setting in RARE:
        trial = Recorder(cases, alike, pages)
        for move in (*furnishing(True, 1, setting), Move("tick"), Move("tick")):
            trial.do(move)
    for seed in range(walks):
        favourite = SPECIFIED[seed % len(SPECIFIED)]
        walk(Recorder(cases, alike, pages), Random(seed), [], steps=100, favourite=favourite)
    return cases


def objection(trial: Trial, cases: dict[str, list[Case]], calls: Iterable[str]) -> str:
    """What the specification says against the kernel as it is now, if one of these cases shows it."""
    passed = 0
    for case in (each for name in calls for each in cases.get(name, ())):
        trial.world.memory.restore(case.before)
        trial.is_off = False
        try:
            different = outcome_of(trial, case.move) != case.outcome
        except Exception as fault:
            return f"{case.move}: {type(fault).__name__}: {fault}"
        if different and passed < PATIENCE:
            passed += 1
            trial.world.memory.restore(case.before)
            trial.is_off = False
            try:
                trial.do(case.move)
            except Exception as wrong:
                return f"{case.move}: {type(wrong).__name__}: {wrong}"
    return ""


class Planted:
    """While this lasts, one function of the kernel is what another text of its module says."""

    def __init__(self, module: str, function: str, source: str) -> None:
        self.function: FunctionType = getattr(mine[module], function)
        self.code = next(code_in(compile_checked(source, self.function.__code__.co_filename), function))

    def __enter__(self) -> None:
        self.function.__code__, self.code = self.code, self.function.__code__

    def __exit__(self, *_: object) -> None:
        self.function.__code__, self.code = self.code, self.function.__code__


def code_in(module: CodeType, function: str) -> Iterator[CodeType]:
    return (each for each in module.co_consts if isinstance(each, CodeType) and each.co_name == function)


def main() -> None:
    cases, trial = record(), Trial()
    for line in sys.stdin:
        asked = json.loads(line)
        with Planted(asked["module"], asked["function"], asked["source"]):
            said = objection(trial, cases, asked["calls"])
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()

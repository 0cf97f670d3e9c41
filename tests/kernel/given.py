"""A state given cell by cell, one step of the kernel in it, and the clause the step must keep.

The solver's counterexample is such a state: what the proof looked at, everything else zero. So
the rest of it need not keep any invariant, and is not looked at: asked are what the
specification says of how the step ends, and one clause, for the names with which it was refuted.
Where the specification says nothing of the state, nothing is judged, and the test is skipped.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from inspect import isfunction, signature
from typing import Any, NamedTuple

import pytest

from exokernel.abi.capability import Capability
from exokernel.abi.layout import FRAMES_OFFSET, PUBLIC
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE, FRAMES, SLICES, SLOTS
from exokernel.abi.tables import FrameState, Reason
from exokernel.dialect import memory, size_of
from exokernel.dialect.calls import Answer
from tests.kernel import fake_machine, oracle
from tests.kernel.worlds import World, modules

FAULTS = (ArithmeticError, IndexError, ValueError, RecursionError)  # of the dialect
NEVER = oracle.rows.NEVER
FIXED = ("caller", "presented", "before", "after")  # what a theorem asks for besides names
ASKED_ALWAYS = ("safe", "atomic", "error", "ends")  # of every step
LOG = fake_machine.log
Kept = Callable[[Answer], bool]  # asked after a step


class Step(NamedTuple):
    """One step, as the specification speaks of it before it is made."""

    name: str
    given: dict[str, Any]  # its arguments by name, and the caller
    errors: tuple[int, ...]  # one of these, or 0, is what it answers
    ends: int  # the status with which the machine ends, or NEVER
    done: int  # how many steps it makes, if it makes several


class Given:
    """A world of these cells, and the clause that is in question, with the names it is asked for."""

    def __init__(self, cells: Iterable[tuple[int, int, int]], clause: str, *names: int) -> None:
        self.world, self.clause, self.names = World(), clause, names
        self.world.memory.restore({})
        fake_machine.prepare_kernel_half()
        for address, size, value in cells:
            self.world.memory.store(address, size, value)

    def call(self, name: str, *arguments: Any, by: int) -> None:
        """Make a call. Raises AssertionError, or what the kernel raised, when the kernel was wrong."""
        given, refusal = oracle.admitted(name, by, arguments)
        self.judge(name, given, refusal, lambda: self.world.answer(name, *arguments, by=by))

    def tick(self) -> None:
        self.judge("tick", {}, 0, lambda: Answer(self.world.tick(), 0))

    def die(self, reason: int, vector: int) -> None:
        given = {"reason": Reason(reason), "vector": vector}
        self.judge("die", given, 0, lambda: Answer(modules["processor"].die(**given), 0))

    def judge(self, name: str, given: dict[str, Any], refusal: int, make: Callable[[], Answer]) -> None:
        memory.machine = self.world.memory  # type: ignore[assignment]
        with unless_nothing_is_said():
            step = foreseen(name, given, refusal)
            kept = None if refusal else promise(self.world, step, self.clause, self.names)
        before, status, answer = self.world.snapshot(), NEVER, Answer(None, 0)
        LOG.clear()
        try:
            answer = make()
        except fake_machine.PoweredOff as off:
            status = off.args[0]
        assert status == step.ends, f"{name}: the machine ends with {status}, not {step.ends}"
        if status != NEVER:
            return
        assert answer.error in step.errors, f"{name}: {answer.error}, not {step.errors}"
        if answer.error:
            assert self.world.snapshot() == before, f"{name} raised and changed something"
        elif kept is not None:
            assert kept(answer), f"{name}: {self.clause}{self.names}"


@contextmanager
def unless_nothing_is_said() -> Iterator[None]:
    """Skip the test when the specification faults, as it may where the invariants do not hold."""
    try:
        yield
    except FAULTS as fault:
        pytest.skip(f"the specification says nothing of this state: {type(fault).__name__}: {fault}")


def foreseen(name: str, given: dict[str, Any], refusal: int) -> Step:
    """How a step must end."""
    if refusal:
        return Step(name, given, (refusal,), NEVER, 0)
    error, ends = said(f"{name}_error", given, 0), said(f"{name}_ends", given, NEVER)
    device = said(f"{name}_device_error", given, 0)
    done = oracle.steps_done(name, given) if name in oracle.IN_STEPS and not error else 0
    return Step(name, given, (error,) if error else tuple({0, device}), ends, done)


def said(name: str, given: dict[str, Any], otherwise: int) -> Any:
    judge = oracle.find(name)
    return otherwise if judge is None else oracle.told(judge, given)()


def promise(world: World, step: Step, clause: str, names: tuple[int, ...]) -> Kept:
    """Look at what a clause speaks of before a step; whether it was kept can be asked after."""
    if clause.startswith("does_"):
        return row_is_as_said(world, step, clause.removeprefix("does_"), names)
    if clause == "keeps":
        before = world.memory.load(*names)
        return lambda _: world.memory.load(*names) == before
    if clause in vars(oracle.theorems):
        return theorem_is_true(world, step, clause, names)
    if clause in oracle.specification["counts"].AT_MOST:
        return counter_follows(world, clause, names)
    if clause in oracle.specification["totals"].AT_MOST:
        total = total_of(clause)
        return lambda _: total_of(clause) == total
    if clause in vars(oracle.specification["invariants"]):
        return invariant_holds(clause, names)
    if clause == "value":
        expected = said(f"{step.name}_value", step.given, 0)
        return lambda answer: bool(answer.value == expected)
    if clause == "steps":
        return lambda answer: bool(answer.value == step.done)
    assert clause in ASKED_ALWAYS, f"nothing here asks '{clause}'"
    return lambda _: True


def row_is_as_said(world: World, step: Step, kind: str, thing: tuple[int, ...]) -> Kept:
    reader, judge = getattr(oracle.rows, f"{kind}_row"), oracle.find(f"{step.name}_{kind}")
    before, row = world.snapshot(), reader(*thing)
    if judge is None:
        alike = oracle.uncounted if step.name in oracle.IN_STEPS else lambda _, each: each
        return lambda _: bool(alike(kind, reader(*thing)) == alike(kind, row))
    foretold = oracle.told(judge, step.given | {"done": step.done} | oracle.as_any(kind, thing))
    if "after" in oracle.asked_by(judge):
        return lambda _: bool(reader(*thing) == oracle.told_the_end(world, before, foretold))
    expected = foretold()
    return lambda _: bool(reader(*thing) == expected)


def invariant_holds(clause: str, names: tuple[int, ...]) -> Kept:
    """Whether it is true after; before, it must be."""
    holds = getattr(oracle.specification["invariants"], clause)
    if not holds(*names):
        pytest.skip(f"{clause}{names} is not true of this state")
    return lambda _: bool(holds(*names))


def theorem_is_true(world: World, step: Step, clause: str, names: tuple[int, ...]) -> Kept:
    theorem = getattr(oracle.theorems, clause)
    parameters = signature(theorem, eval_str=True).parameters
    viewer = view_of_kind(parameters["before"].annotation)
    about = dict(zip((each for each in parameters if each not in FIXED), names, strict=True))
    caller = step.given.get("caller", world.machine.current)
    presented = oracle.rows.held(caller, step.given["key"]) if "key" in step.given else Capability()

    def see() -> Any:
        with what_was_forgotten():
            return oracle.told(viewer, about)()

    before = see()
    return lambda _: bool(theorem(**about, caller=caller, presented=presented, before=before, after=see()))


def view_of_kind(kind: Any) -> Callable[..., Any]:
    functions = (each for each in vars(oracle.views).values() if isfunction(each))
    return next(each for each in functions if signature(each, eval_str=True).return_annotation is kind)


@contextmanager
def what_was_forgotten() -> Iterator[None]:
    """Let views see what the fake machine was told to forget."""
    views = oracle.views
    unseen = views.forgotten, views.registers_forgotten
    views.forgotten = lambda page: LOG.all_forgotten or page in LOG.forgotten
    views.registers_forgotten = lambda environment: environment in LOG.registers_forgotten
    try:
        yield
    finally:
        views.forgotten, views.registers_forgotten = unseen


# Counters and totals: what a step adds to one it adds to what is counted, whatever was there before


def total_of(quantity: str) -> int:
    amount = getattr(oracle.specification["totals"], quantity)
    return sum(amount(environment) for environment in range(ENVIRONMENTS))


def counter_follows(world: World, name: str, names: tuple[int, ...]) -> Kept:
    """Whether this counter, and each of its kind that counts something, is as far from what it counts as before."""
    before, counted = world.snapshot(), oracle.counted(name, things_in(world))
    *holder, last = names
    named = holder[0] * SLOTS + last if holder else last
    reader = getattr(oracle.specification["counts"], name)

    def far_off(keys: list[int]) -> list[int]:
        found = oracle.counted(name, things_in(world))
        return [reader(*(divmod(key, SLOTS) if holder else (key,))) - found[key] for key in keys]

    def kept(_: Answer) -> bool:
        after, keys = world.snapshot(), sorted({named, *counted, *oracle.counted(name, things_in(world))})
        now = far_off(keys)
        world.memory.restore(before)
        was = far_off(keys)
        world.memory.restore(after)
        return now == was

    return kept


def things_in(world: World) -> dict[str, Iterable[tuple[int, ...]]]:
    """All that a counter may count; a record of zeros is never counted."""
    pages, first, table = world.snapshot(), fake_machine.FIRST_PAGE, (PUBLIC + FRAMES_OFFSET) % 2**64
    size = size_of(FrameState)
    words = [
        (number - first, index)
        for number, page in pages.items()
        if first <= number < first + FRAMES
        for index in range(FRAME_SIZE // 8)
        if page[8 * index] & 1
    ]
    places = {(number * FRAME_SIZE - table + offset) // size for number in pages for offset in range(0, FRAME_SIZE, 8)}
    frames = [(place,) for place in sorted(places) if 0 <= place < FRAMES]
    everybody = [(environment,) for environment in range(ENVIRONMENTS)]
    everything = {"root": everybody, "page": everybody, "slice": [(slice,) for slice in range(SLICES)]}
    return {"entry": words, "frame": frames, **everything}

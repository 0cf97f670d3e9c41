"""Two-state theorems of a step: what no step may do, whichever call it is of.

A theorem is a function of what a view saw of one thing before and after; it is proved for an
unknown thing. That views are defined wherever the invariants hold is proved once, of all calls (see
`prove_consequences`). What a call itself is specified to do is asked by `own`. Which claims there are
stands in `spec`; here they become questions.
"""

from __future__ import annotations

from collections.abc import Iterator

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.claims import Claim
from exokernel.prover.instantiate import Access, value_of, within_ranges
from exokernel.prover.obligations import Obligation, Run, known_states, since_begin
from exokernel.prover.paths import Outcome
from exokernel.prover.system import CALLER, System
from exokernel.prover.values import Value

ROWS = "exokernel.spec.rows"
FIXED = ("caller", "presented", "before", "after")


def step_theorems(system: System, run: Run) -> Iterator[Obligation]:
    """Each theorem, for each way the call changes the state, and each step of its loops."""
    steps = [each for each in (*run.outcomes, *(cut.outcome for cut in run.journal.cuts)) if each.state.changed(each.start)]
    wholes = [since_begin(system, each) for each in run.outcomes]
    for claim in system.specification.all("theorems"):
        if run.call.name not in system.specification.exceptions.get(claim.name, ()):
            for outcome in wholes if claim.name in system.specification.of_whole_calls else steps:
                yield from theorem(system, run, claim, outcome)


def theorem(system: System, run: Run, claim: Claim, outcome: Outcome) -> Iterator[Obligation]:
    executor = system.executor
    quantified = [each for each in claim.parameters if each.name not in FIXED]
    names = {each.name: terms.variable(f"{claim.name}.{each.name}!") for each in quantified}
    kind = next(each.type for each in claim.parameters if each.name == "before")
    viewer = next(each for each in system.specification.claims["views"].values() if each.result == kind)
    arguments = tuple(names[each.name] for each in viewer.parameters)
    before = value_of(executor, viewer.qualified, arguments, outcome.start)
    after = value_of(executor, viewer.qualified, arguments, outcome.state)
    if unchanged(before.value, after.value):
        return
    fixed: dict[str, Value] = {"before": before.value, "after": after.value, "caller": caller_of(system, run)}
    accesses = [*before.accesses, *after.accesses]
    if any(each.name == "presented" for each in claim.parameters):
        fixed["presented"], seen = presented(system, run, outcome.start)
        accesses += seen
    values = tuple(fixed.get(each.name, names.get(each.name)) for each in claim.parameters)
    reading = value_of(executor, claim.qualified, values, outcome.state)
    goal = terms.implies(within_ranges(viewer, arguments), terms.both((reading.defined, reading.value)))
    conditions = list(outcome.conditions)
    yield Obligation(claim.name, claim.sentence, goal, conditions, known_states(outcome), accesses, end=outcome)


def unchanged(before: Value, after: Value) -> bool:
    if isinstance(before, tuple) and isinstance(after, tuple):
        return all(unchanged(one, other) for one, other in zip(before, after))
    return terms.same(terms.simplify(before), terms.simplify(after))


def caller_of(system: System, run: Run) -> Value:
    """Who called; for a step of the machine itself, who had the processor."""
    return run.arguments[0] if run.call.has_caller else value_of(system.executor, CALLER, (), system.state).value


def presented(system: System, run: Run, state: State) -> tuple[Value, list[Access]]:
    """The capability in the slot that the call names as its key; the word 0 where it names none."""
    named = [place for place, each in enumerate(run.call.parameters) if each.name == "key"]
    if not named:
        return terms.number(0), []
    key = run.arguments[named[0] + run.call.has_caller]
    reading = value_of(system.executor, f"{ROWS}.held", (caller_of(system, run), key), state)
    return reading.value, reading.accesses


"""A call's own specification: which error it raises when, and exactly what it does.

The specification of a call NAME is functions of the state before it. `NAME_error` gives the
error it raises, or 0; `NAME_ends` the status with which the machine ends, or NEVER. For each kind of row (see
`spec.rows`) `NAME_KIND` gives the row of any thing afterwards; a kind for which there is none stays
as it was, and so does what no row shows. Where a call makes several steps, `done` is how many it
returns: all there are, or as many as come before the first for which `NAME_step_error` gives an
error; `NAME_value` is what others return. What such a call does to counters follows from what
they count.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from exokernel.prover import terms
from exokernel.prover.claims import Claim
from exokernel.prover.instantiate import Access, Reading, value_of, within_ranges
from exokernel.prover.obligations import Obligation, Run, agree_everywhere, known_states, real_changes, since_begin
from exokernel.prover.paths import Outcome
from exokernel.prover.system import System
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, agree, is_term

NEVER = -1  # in the place of a status, as in `spec.rows`
KINDS = ("frame", "word", "slot", "identity", "account", "conduct", "slice", "machine")


def own_specification(system: System, run: Run) -> Iterator[Obligation]:
    """What `spec` says of this call, for each way it ends."""
    shown = frozenset[str]().union(*(reader_of(system, kind).reads for kind in KINDS))
    yield from steps_done(system, run)
    for outcome in run.outcomes:
        yield raises(system, run, outcome)
        yield from ends(system, run, outcome, terms.number(NEVER))
        if not surely_raises(outcome):
            yield from value(system, run, outcome)
            yield from keeps(system, outcome, shown)
            for kind in KINDS:
                yield from row(system, run, kind, outcome)
    for outcome in run.journal.halts:
        yield from ends(system, run, outcome, outcome.value)


def rows_of(system: System, run: Run, kind: str) -> Claim | None:
    return system.specification.function(f"{run.call.name}_{kind}")


def said_before(system: System, run: Run, what: str, otherwise: int = 0) -> Reading:
    """A number that the specification says of the call in the state before it."""
    claim = rows_of(system, run, what)
    if claim is None:
        return Reading(terms.number(otherwise), terms.TRUE, [], frozenset())
    return value_of(system.executor, claim.qualified, arguments_of(run, claim, {}), system.state)


def surely_raises(outcome: Outcome) -> bool:
    number = terms.literal(outcome.error)
    return number is not None and number != 0


def arguments_of(run: Run, claim: Claim, more: dict[str, Value]) -> tuple[Value, ...]:
    names = (["caller"] if run.call.has_caller else []) + [each.name for each in run.call.parameters]
    given = dict(zip(names, run.arguments, strict=True)) | more
    return tuple(given[each.name] for each in claim.parameters)


def raises(system: System, run: Run, outcome: Outcome) -> Obligation:
    """That it raises what it should; or, if nothing, what a device may say all the same."""
    reading, device = said_before(system, run, "error"), said_before(system, run, "device_error")
    of_device = terms.both((terms.equal(outcome.error, device.value), terms.equal(reading.value, terms.number(0))))
    goal = terms.both((reading.defined, terms.either((terms.equal(outcome.error, reading.value), of_device))))
    what = "it raises the error it should, exactly when it should"
    conditions = list(outcome.conditions)
    return Obligation("error", what, goal, conditions, known_states(outcome), reading.accesses, end=outcome)


def ends(system: System, run: Run, outcome: Outcome, status: Value) -> Iterator[Obligation]:
    """That the machine ends exactly when it should, and with the status it should."""
    reading = said_before(system, run, "ends", NEVER)
    goal = terms.both((reading.defined, terms.equal(reading.value, status)))
    if terms.is_true(goal):
        return
    what = "the machine ends exactly when it should"
    conditions = list(outcome.conditions)
    yield Obligation("ends", what, goal, conditions, known_states(outcome), reading.accesses, end=outcome)


def keeps(system: System, outcome: Outcome, shown: frozenset[str]) -> Iterator[Obligation]:
    """That what no row shows stays as it was."""
    whole = since_begin(system, outcome)
    for name in real_changes(whole):
        if name not in shown:
            states, conditions = known_states(whole), list(whole.conditions)
            claim = agree_everywhere(whole, name)
            yield Obligation("keeps", f"{name} stays as it was", claim, conditions, states, end=whole)


def reader_of(system: System, kind: str) -> Reading:
    """What shows the row of any thing of a kind, in the state before."""
    reader = system.specification.function(f"{kind}_row")
    if reader is None:
        return Reading((), terms.TRUE, [], frozenset())
    return value_of(system.executor, reader.qualified, any_thing(reader, kind), system.state)


def any_thing(reader: Claim, kind: str) -> tuple[Term, ...]:
    return tuple(terms.variable(f"any_{each.name}!{kind}") for each in reader.parameters)


def row(system: System, run: Run, kind: str, outcome: Outcome) -> Iterator[Obligation]:
    """That the row of any thing is as said, or as it was."""
    reader = system.specification.function(f"{kind}_row")
    if reader is None:
        return
    claim = rows_of(system, run, kind)
    if in_steps(system, run) and outcome.value is None:
        return
    names = any_thing(reader, kind)
    things = {f"any_{each.name}": name for each, name in zip(reader.parameters, names, strict=True)}
    after = value_of(system.executor, reader.qualified, names, outcome.state)
    expected = reader_of(system, kind)
    if claim is not None:
        expected = foreseen(system, run, claim, outcome, things)
    counted = counters_in(system, reader, names) if claim is None and in_steps(system, run) else set()
    goal = agree(without(counted, after.value), without(counted, expected.value))
    if terms.is_true(goal):
        return
    goal = terms.implies(within_ranges(reader, names), terms.both((expected.defined, after.defined, goal)))
    what = f"the {kind} row of every thing is as specified" if claim else f"no {kind} row changes"
    conditions = [*outcome.conditions, terms.equal(outcome.error, terms.number(0))]
    seen = [*after.accesses, *expected.accesses]
    yield Obligation(f"does_{kind}", what, goal, conditions, known_states(outcome), seen, end=outcome)


def counters_in(system: System, reader: Claim, names: tuple[Term, ...]) -> set[int]:
    """The places of a row that hold counters."""
    row = value_of(system.executor, reader.qualified, names, system.state).value
    like = [each.reader for each in system.counters if [one.type for one in each.reader.parameters] == [one.type for one in reader.parameters]]
    counts = [value_of(system.executor, each.qualified, names, system.state).value for each in like]
    parts = row if isinstance(row, tuple) else ()
    return {place for place, part in enumerate(parts) if is_term(part) and any(terms.same(part, count) for count in counts)}


def without(places: set[int], row: Value) -> Value:
    return tuple(part for place, part in enumerate(row) if place not in places) if isinstance(row, tuple) else row


def steps_done(system: System, run: Run) -> Iterator[Obligation]:
    """That a call of several steps goes on as long as it may, and no further."""
    claim = rows_of(system, run, "step_error")
    if claim is None:
        return

    def refusal(step: Value) -> Reading:
        return value_of(system.executor, claim.qualified, arguments_of(run, claim, {"step": step}), system.state)

    for each in run.journal.rounds:
        if each.step is None:
            continue
        found = refusal(each.step)
        goal = terms.both((found.defined, terms.equal(found.value, terms.number(0))))
        yield of_steps("each step done is allowed", goal, list(each.outcome.conditions), found, each.outcome)
    (place,) = (place for place, each in enumerate(run.call.parameters) if each.name == "count")
    count = run.arguments[place + run.call.has_caller]
    for outcome in run.outcomes:
        if outcome.value is not None:
            found = refusal(outcome.value)
            is_last = terms.either((agree(outcome.value, count), terms.negate(agree(found.value, terms.number(0)))))
            conditions = [*outcome.conditions, terms.equal(outcome.error, terms.number(0))]
            yield of_steps("it stops only at a step that is not", is_last, conditions, found, outcome)


def of_steps(what: str, goal: Term, conditions: list[Term], reading: Reading, outcome: Outcome) -> Obligation:
    return Obligation("steps", what, goal, conditions, known_states(outcome), reading.accesses, end=outcome)


def value(system: System, run: Run, outcome: Outcome) -> Iterator[Obligation]:
    """That the call returns what it should."""
    claim = rows_of(system, run, "value")
    if claim is not None and outcome.value is not None:
        expected = foreseen(system, run, claim, outcome, {})
        goal = terms.both((expected.defined, agree(outcome.value, expected.value)))
        conditions = [*outcome.conditions, terms.equal(outcome.error, terms.number(0))]
        what = "it returns the value it should"
        yield Obligation("value", what, goal, conditions, known_states(outcome), expected.accesses, end=outcome)


def foreseen(system: System, run: Run, claim: Claim, outcome: Outcome, things: dict[str, Term]) -> Reading:
    """What a function of the specification says; `after` is a view of the state in which the call ends."""
    more: dict[str, Value] = {**things, "done": outcome.value}
    seen: list[Access] = []
    for each in claim.parameters:
        if each.name == "after":
            viewer = next(one for one in system.specification.functions() if one.result == each.type and not one.parameters)
            view = value_of(system.executor, viewer.qualified, (), outcome.state)
            more["after"], seen = view.value, view.accesses
    reading = value_of(system.executor, claim.qualified, arguments_of(run, claim, more), system.state)
    return replace(reading, accesses=[*reading.accesses, *seen])


def in_steps(system: System, run: Run) -> bool:
    """Whether this is a call of several steps, whose counters follow from what it did."""
    found = (rows_of(system, run, kind) for kind in KINDS)
    return any(claim is not None and any(each.name == "done" for each in claim.parameters) for claim in found)

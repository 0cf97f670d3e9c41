"""All there is to prove of one call, as questions to the solver.

From the paths of the call come: each demand made on the way; each invariant and each counter,
at the end and wherever a loop is cut; that who raises has changed nothing; each two-state
theorem; when the call succeeds and what it has done. Each is one question, with the instances
of the invariants at the places it looks at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from exokernel.compiler.ir.operations import Location
from exokernel.prover import counting, terms, totals
from exokernel.prover.cells import State
from exokernel.prover.claims import Claim
from exokernel.prover.counting import Goal
from exokernel.prover.execute import Journal
from exokernel.prover.instantiate import FAR, NEAR, Access, Instances, Reach, holds, parameter_variables, split
from exokernel.prover.layout import MACHINE_ROWS
from exokernel.prover.machine import FORGOTTEN, GHOSTS
from exokernel.prover.paths import Outcome
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term
from exokernel.prover.values import Value


@dataclass
class Obligation:
    """One question: whether the claim follows from the conditions, and the invariants before."""

    clause: str
    what: str
    claim: Term
    conditions: list[Term]
    states: tuple[State, ...]  # in which the invariants are known to hold
    accesses: list[Access] = field(default_factory=list)
    location: Location | None = None
    end: Outcome | None = None
    is_shallow: bool = False  # no deeper instances are tried
    facts: int | None = None  # how many of the run's demands are proved before it; None: all


@dataclass
class Run:
    """One symbolic execution of a call: its paths, and what they need."""

    call: Call
    arguments: tuple[Value, ...]
    known: list[Term]  # of the arguments
    outcomes: list[Outcome]
    journal: Journal
    accesses: list[Access]


def execute(system: System, call: Call) -> Run:
    """Run a call from any state on any arguments the gate admits."""
    arguments, known = system.arguments(call)
    executor = system.executor
    journal, executor.journal = executor.journal, Journal()
    outcomes = executor.run(call.qualified, arguments, system.state, tuple(known))
    mine, executor.journal = executor.journal, journal
    accesses = [split((path, indices)) for (path, _), indices in mine.accesses.items()]
    return Run(call, arguments, known, outcomes, mine, accesses)


def hypotheses(system: System, obligation: Obligation, run: Run, reach: Reach = FAR) -> list[Term]:
    """All that an obligation may use, with the invariants as far as this."""
    seeds = [*run.accesses, *obligation.accesses]
    found = chain.from_iterable(system.instances(state).found_from(seeds, reach) for state in obligation.states)
    facts = [demand.fact for demand in run.journal.demands[: obligation.facts]]
    return [*obligation.conditions, *facts, *told_everywhere(run, seeds), *of_recursion(system, obligation, run), *found]


def deeper(system: System, obligation: Obligation, run: Run) -> list[Term]:
    """More that an obligation may use, for one that needs it: it costs.

    Counters are exact too where the call ends or a loop is cut, which is another obligation of the same end.
    """
    seeds, found = [*run.accesses, *obligation.accesses], list[Term]()
    for state in obligation.states:
        named = system.deeper_instances(state, proved=False)
        more = list(seeds)
        for schema in named.schemas:
            for path, indices in seeds:
                if any(trigger == path for trigger, _ in schema.triggers):
                    more += schema.at(indices)[1]
        found += [*named.found_from(seeds, NEAR), *system.instances(state).found_from(more, NEAR)]
    if obligation.end is not None and obligation.clause not in system.counter_names and is_counted_at(obligation.end, run):
        found += system.deeper_instances(obligation.end.state, proved=True).found_from(seeds, NEAR)
    return found


def is_counted_at(end: Outcome, run: Run) -> bool:
    """Whether counters are shown to be exact where a path ends."""
    counted = (*run.outcomes, *(cut.outcome for cut in run.journal.cuts))
    return any(end.state is each.state for each in counted)


def of_recursion(system: System, obligation: Obligation, run: Run) -> list[Term]:
    """What is known of functions that call themselves, by an obligation that mentions one."""
    if not any(system.recursions.knows(path) for path, _ in obligation.accesses):
        return []
    return Instances([*system.recursions.schemas, *run.journal.declared]).found_from([*run.accesses, *obligation.accesses])


def told_everywhere(run: Run, seeds: Iterable[Access]) -> Iterator[Term]:
    """What the loops keep of every cell, for the cells looked at."""
    for path, indices in seeds:
        for universal in run.journal.universals:
            if universal.family == path:
                yield universal.at(indices)


def obligations(system: System, run: Run) -> Iterator[Obligation]:
    """Every obligation of a call but those of its own specification."""
    for part, whole in system.subsets:
        goal = counting.is_among(system.executor, part, whole, system.state)
        yield Obligation("among", goal.name, goal.claim, [], (), goal.accesses, facts=0)
    for place, demand in enumerate(run.journal.demands):
        conditions, what, claim = list(demand.conditions), demand.what, demand.claim
        if demand.looked_at is not None:
            what, claim = f"{what}, and memory has that frame", terms.both((claim, is_below_the_end(system, demand.looked_at)))
        yield Obligation("safe", what, claim, conditions, demand.trail, location=demand.location, facts=place)
    for outcome in run.outcomes:
        yield from atomic(system, outcome)
        yield from preserved(system, outcome, "at the end")
    for cut in run.journal.cuts:
        yield from preserved(system, cut.outcome, cut.what)
    for stand in run.journal.stands:
        conditions, states = list(stand.outcome.conditions), known_states(stand.outcome)
        yield Obligation(stand.clause, stand.what, stand.claim, conditions, states, stand.accesses, end=stand.outcome)


def is_below_the_end(system: System, frame: Term) -> Term:
    """That a frame lies below the end of memory, which never moves."""
    count = system.state.table(f"{MACHINE_ROWS}|frame_count").read((terms.number(0),))
    return terms.within(frame, terms.widen(count, terms.BITS))


def since_begin(system: System, outcome: Outcome) -> Outcome:
    """The end of a path as one of the whole call, loops included."""
    return outcome if outcome.start is system.state else replace(outcome, start=system.state, trail=(*outcome.trail, outcome.start))


def known_states(outcome: Outcome) -> tuple[State, ...]:
    return (*outcome.trail, outcome.start)


def real_changes(outcome: Outcome) -> list[str]:
    return [name for name in outcome.state.changed(outcome.start) if not name.startswith(GHOSTS)]


def atomic(system: System, outcome: Outcome) -> Iterator[Obligation]:
    """A path that raises has changed nothing since the call began, and has dropped nobody's registers and sent the processor nowhere."""
    outcome = since_begin(system, outcome)
    changed = [name for name in outcome.state.changed(outcome.start) if not name.startswith(FORGOTTEN)]
    if changed and terms.literal(outcome.error) != 0:
        claims = [agree_everywhere(outcome, name) for name in changed]
        unless_raised = terms.equal(outcome.error, terms.number(0))
        claim = terms.either((unless_raised, terms.both(claims)))
        states, conditions = known_states(outcome), list(outcome.conditions)
        yield Obligation("atomic", "an error changes nothing", claim, conditions, states, end=outcome)


def agree_everywhere(outcome: Outcome, name: str) -> Term:
    """That any cell of a family is what it was."""
    before, after = outcome.start.table(name), outcome.state.table(name)
    width = sum(before.family.widths) or 1
    key = terms.variable(f"any {name}", width)
    return terms.equal(before.look_up(key, len(before.updates)), after.look_up(key, len(after.updates)))


def preserved(system: System, outcome: Outcome, where: str) -> Iterator[Obligation]:
    """Each invariant and each counter, where a path ends."""
    changed = set(real_changes(outcome))
    if not changed:
        return
    before = system.instances(outcome.start)
    for schema in before.schemas:
        if schema.claim.module.endswith("invariants") and schema.reads & changed:
            yield from invariant(system, schema.claim, outcome, where)
    for name, goal in summed(system, outcome):
        conditions = [*outcome.conditions, *goal.hypotheses]
        states = known_states(outcome)
        yield Obligation(name, f"{goal.name}, {where}", goal.claim, conditions, states, goal.accesses, end=outcome)


def summed(system: System, outcome: Outcome) -> Iterator[tuple[str, Goal]]:
    """What keeps counters exact and totals conserved."""
    executor, before, after = system.executor, outcome.start, outcome.state
    for counter in system.counters:
        for goal in counting.goals(executor, counter, before, after):
            yield counter.reader.name, goal
    for claim in system.specification.all("totals"):
        for goal in totals.goals(executor, claim, system.specification.bounds[claim.name], before, after):
            yield claim.name, goal


def invariant(system: System, claim: Claim, outcome: Outcome, where: str) -> Iterator[Obligation]:
    variables = parameter_variables(claim, "!")
    after = holds(system.executor, claim, variables, outcome.state)
    before = holds(system.executor, claim, variables, outcome.start)
    if terms.same(terms.simplify(after.value), terms.simplify(before.value)):
        return
    accesses = [*after.accesses, *before.accesses]
    states, conditions = known_states(outcome), list(outcome.conditions)
    yield Obligation(
        claim.name, f"{claim.sentence} ({where})", after.value, conditions, states, accesses, end=outcome
    )

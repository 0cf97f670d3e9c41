"""Proving calls: one after another, each clause told apart, nothing assumed that is not said.

`prove_call` gives a Result whose failures carry what is needed to show a counterexample. What
was proved once is remembered by content (see `cache`). Presentation is `host.prove`'s business.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from exokernel.compiler.ir.operations import Location
from exokernel.prover import solver, terms
from exokernel.prover.between import steps_between
from exokernel.prover.gates import passage
from exokernel.prover.instantiate import HERE, MIDDLE, NEAR, Reach, holds, parameter_variables, sees
from exokernel.prover.obligations import Obligation, Run, deeper, execute, hypotheses, known_states, obligations
from exokernel.prover.own import own_specification
from exokernel.prover.paths import Outcome
from exokernel.prover.privacy import privacy
from exokernel.prover.solver import Answer, Statistics, Verdict
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term
from exokernel.prover.theorems import step_theorems

CONSEQUENCES = "consequences"  # proved like a call, of no call
DEPTH = Reach(3)  # a walk looks four tables down
REACHABLE = "reachable"  # the clause that no other is proved for want of states
FIRST = (HERE, solver.SMALL), (NEAR, 30_000_000), (MIDDLE, 2 * solver.ROUND)  # how far, and with how much effort, before all is used
FIRST_TIMEOUT = 60_000  # milliseconds, before more instances are tried


@dataclass
class Failure:
    """One clause that was not proved, and why."""

    clause: str
    what: str
    verdict: str
    where: str
    obligation: Obligation | None = None
    model: object = None


@dataclass
class Result:
    """What became of one call."""

    call: str
    clauses: dict[str, int] = field(default_factory=dict)  # obligations of each
    seconds: float = 0.0
    paths: int = 0
    failures: list[Failure] = field(default_factory=list)
    story: list[str] = field(default_factory=list)  # calls from boot, the last of which shows what is wrong
    remembered: bool = False
    statistics: Statistics = field(default_factory=Statistics)

    @property
    def proved(self) -> bool:
        return not self.failures

    @property
    def questions(self) -> int:
        return sum(self.clauses.values())

    def add(self, other: Result) -> None:
        """Count what is proved of another call as part of this."""
        for clause, questions in other.clauses.items():
            self.clauses[clause] = self.clauses.get(clause, 0) + questions
        self.failures += [replace(each, what=f"{other.call}: {each.what}", obligation=None, model=None) for each in other.failures]
        self.statistics.add(other.statistics)

    def as_json(self) -> dict[str, object]:
        failures = [{name: getattr(each, name) for name in ("clause", "what", "verdict", "where")} for each in self.failures]
        return {
            "call": self.call,
            "proved": self.proved,
            "remembered": self.remembered,
            "paths": self.paths,
            "seconds": round(self.seconds, 2),
            "clauses": self.clauses,
            "failures": failures,
            "story": self.story,
            "solver": asdict(self.statistics),
        }


def all_obligations(system: System, run: Run) -> Iterator[Obligation]:
    yield from obligations(system, run)
    yield from step_theorems(system, run)
    yield from own_specification(system, run)
    yield from privacy(system, run)
    yield from passage(system, run)


def prove_call(
    system: System,
    call: Call,
    clause: str | None = None,
    keep_models: bool = False,
    stop_early: bool = False,
    spread: Callable[..., Iterable[Any]] = map,
) -> Result:
    """Prove all of a call, or one clause of it. `spread` has its questions answered, in their order: as `map` does, or by
    several processes, which can give no models."""
    began = time.perf_counter()
    run = execute(system, call)
    result = Result(call.name, paths=len(run.outcomes) + len(run.journal.cuts))
    asked = [each for each in all_obligations(system, run) if clause in (None, each.clause)]
    answers = spread(partial(answer_to, system, run=run, keep_models=keep_models), asked)
    for obligation, answer in zip(asked, answers, strict=True):
        result.clauses[obligation.clause] = result.clauses.get(obligation.clause, 0) + 1
        result.statistics.note(f"{call.name}: {obligation.clause}", answer.seconds)
        if answer.verdict is not Verdict.PROVED:
            place = where(obligation.location)
            result.failures.append(
                Failure(obligation.clause, obligation.what, answer.verdict.value, place, obligation, answer.model)
            )
            if stop_early:
                break
    if clause in (None, REACHABLE):
        ends = list(each_end(run))
        result.clauses[REACHABLE] = len(ends)
        result.failures += out_of_reach(ends, spread(partial(reaches, system, run), ends))
    result.seconds = time.perf_counter() - began
    return result


def prove_consequences(system: System, clause: str | None = None) -> Result:
    """Prove what follows from the invariants, that all views are defined then, that they last until the next call, and
    all of every gate."""
    began, result = time.perf_counter(), Result(CONSEQUENCES, paths=1)
    views = system.specification.all("views")
    for claim in (*system.specification.all("consequences"), *views):
        if clause is not None and claim.name != clause:
            continue
        asked = sees if claim in views else holds
        reading = asked(system.executor, claim, parameter_variables(claim, "!"), system.state)
        known = system.instances(system.state).found_from(reading.accesses, DEPTH)
        answer = solver.prove(known, reading.value, keep_model=False)
        result.clauses[claim.name] = 1
        result.statistics.note(claim.name, answer.seconds)
        if answer.verdict is not Verdict.PROVED:
            result.failures.append(Failure(claim.name, claim.sentence, answer.verdict.value, ""))
    for run, obligation in steps_between(system):
        if clause in (None, obligation.clause):
            result.clauses[obligation.clause] = result.clauses.get(obligation.clause, 0) + 1
            answer = answer_to(system, obligation, run)
            result.statistics.note(obligation.what, answer.seconds)
            if answer.verdict is not Verdict.PROVED:
                result.failures.append(Failure(obligation.clause, obligation.what, answer.verdict.value, ""))
    for gate in system.gates.values():
        result.add(prove_call(system, gate, clause))
    result.seconds = time.perf_counter() - began
    return result


def each_end(run: Run) -> Iterator[Outcome]:
    """The ways in which a call ends, or the machine does; those that raise parted by what they raise."""
    for outcome in (*run.outcomes, *run.journal.halts):
        for error in terms.chosen(outcome.error):
            is_this = terms.equal(outcome.error, error)
            yield replace(outcome, conditions=(*outcome.conditions, is_this), error=error)


def reaches(system: System, run: Run, outcome: Outcome) -> bool | None:
    """Whether some state leads to an end of a call; None if z3 cannot tell."""
    conditions, states = list(outcome.conditions), known_states(outcome)
    obligation = Obligation(REACHABLE, "some state leads here", terms.TRUE, conditions, states, end=outcome)
    return solver.satisfiable(hypotheses(system, obligation, run))


def out_of_reach(ends: Sequence[Outcome], reached: Iterable[bool | None]) -> Iterator[Failure]:
    """The ends of a call that no state leads to: of those, anything would be proved."""
    if not ends:
        yield Failure(REACHABLE, "it has no end", "refuted", "")
    for outcome, found in zip(ends, reached, strict=True):
        if found is not True:
            verdict = "unknown" if found is None else "out of reach"
            yield Failure(REACHABLE, f"an end with error {outcome.error}", verdict, "")


def answer_to(
    system: System, obligation: Obligation, run: Run, keep_models: bool = False, most: int | None = None
) -> Answer:
    """The first proof, or the last answer, with the seconds that all tries took; without terms, which no other process could
    be given. What one try leaves unproved is all that the next is about."""
    answer, seconds = Answer(Verdict.UNKNOWN, 0.0, unproved=obligation.claim), 0.0
    for known, timeout, effort in tries(system, obligation, run, most):
        answer = solver.prove(known, answer.unproved, timeout, keep_models, effort)
        seconds += answer.seconds
        if answer.verdict is Verdict.PROVED:
            break
    return Answer(answer.verdict, seconds, answer.model)


def tries(
    system: System, obligation: Obligation, run: Run, most: int | None
) -> Iterator[tuple[list[Term], int, int | None]]:
    """What may be used, and for how long (in milliseconds, in effort): first no instances, then those next to what the call
    looks at, which mostly do; then more, which cost more. No round has more effort than `most`; None spares nothing."""
    for reach, effort in FIRST:
        yield hypotheses(system, obligation, run, reach), solver.TIMEOUT, effort if most is None else min(effort, most)
    known = hypotheses(system, obligation, run)
    yield known, FIRST_TIMEOUT, most
    if not obligation.is_shallow:
        yield [*known, *deeper(system, obligation, run)], solver.TIMEOUT, most


def where(location: Location | None) -> str:
    return "" if location is None else f"{location.file}:{location.line}"

"""One question to z3, in a context of its own, so that no answer depends on the questions before.

All questions are quantifier-free. `unknown` is never taken for a proof: it is asked again in
other ways, and then reported.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

import z3

from exokernel.prover import terms
from exokernel.prover.terms import Term

LOGIC = "QF_UFBV"
TIMEOUT = 120_000  # milliseconds
SEEDS = (2, 1, 0)  # what takes one minutes takes another none
ROUND = 40_000_000  # of effort, for each seed
PLAINLY = 1_000_000  # of effort, before z3 is told the logic
LITTLE = 500_000  # for a claim that may be proved part by part
SMALL = 2_000_000  # for what is asked again with more known


class Verdict(Enum):
    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass
class Answer:
    verdict: Verdict
    seconds: float
    model: z3.ModelRef | None = None
    unproved: Term | None = None  # what is left of the claim


@dataclass
class Statistics:
    """What all questions of a run have cost."""

    queries: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    slowest_name: str = ""

    def note(self, name: str, seconds: float) -> None:
        self.queries += 1
        self.seconds += seconds
        if seconds > self.slowest:
            self.slowest, self.slowest_name = seconds, name

    def add(self, other: Statistics) -> None:
        self.queries += other.queries
        self.seconds += other.seconds
        if other.slowest > self.slowest:
            self.slowest, self.slowest_name = other.slowest, other.slowest_name


def prove(
    hypotheses: Iterable[Term], claim: Term, timeout: int = TIMEOUT, keep_model: bool = False, effort: int | None = None
) -> Answer:
    """Whether the claim follows: no values at all satisfy the hypotheses and not the claim.

    A claim that joins several is tried with little effort, and then proved part by part, which
    costs z3 far less; the first part that is not proved decides, and with those after it is left.
    Given an `effort`, in z3's own units (some 5 million a second), z3 stops there with each part:
    how far that gets does not depend on how busy the host is.
    """
    known, parts, seconds = list(hypotheses), list(parts_of(claim)), 0.0
    if len(parts) > 1:
        answer = ask(known, claim, timeout, keep_model, LITTLE)
        if answer.verdict is not Verdict.UNKNOWN:
            return answer
        seconds = answer.seconds
    for done, (premises, part) in enumerate(parts):
        answer = ask([*known, *premises], part, timeout, keep_model, effort)
        seconds += answer.seconds
        if answer.verdict is not Verdict.PROVED:
            return Answer(answer.verdict, seconds, answer.model, terms.both(as_claim(*each) for each in parts[done:]))
    return Answer(Verdict.PROVED, seconds)


def as_claim(premises: list[Term], part: Term) -> Term:
    """A part as a claim by itself."""
    return terms.either((*map(terms.negate, premises), part))


def parts_of(claim: Term) -> Iterator[tuple[list[Term], Term]]:
    """What a claim comes to: its parts, each under premises of its own."""
    if terms.is_both(claim):
        for each in claim.children():
            yield from parts_of(each)
    elif terms.is_either(claim) and any(map(terms.is_both, claim.children())):
        *others, last = sorted(claim.children(), key=terms.is_both)
        for premises, part in parts_of(last):
            yield [*map(terms.negate, others), *premises], part
    elif terms.is_either(terms.negate(claim)):
        for each in terms.negate(claim).children():
            yield from parts_of(terms.negate(each))
    else:
        yield [], claim


def ask(
    hypotheses: Iterable[Term], claim: Term, timeout: int = TIMEOUT, keep_model: bool = False, effort: int | None = None
) -> Answer:
    """One question, asked in one way after another: the cheapest first."""
    began = time.perf_counter()
    goal = terms.simplify(terms.negate(claim))
    if terms.is_false(goal):
        return Answer(Verdict.PROVED, 0.0)
    formula: Any = z3.And(*hypotheses, goal)
    for logic, seed, most in attempts(effort):
        context = z3.Context()
        solver = z3.SimpleSolver(ctx=context) if logic is None else z3.SolverFor(logic, ctx=context)
        solver.set("timeout", timeout)
        solver.set("random_seed", seed)
        if most is not None:
            solver.set("rlimit", most)
        solver.add(formula.translate(context))
        result = solver.check()
        if result == z3.unsat:
            return Answer(Verdict.PROVED, time.perf_counter() - began)
        if result == z3.sat:
            model = solver.model().translate(z3.main_ctx()) if keep_model else None
            return Answer(Verdict.REFUTED, time.perf_counter() - began, model, claim)
    return Answer(Verdict.UNKNOWN, time.perf_counter() - began, unproved=claim)


def attempts(effort: int | None) -> Iterator[tuple[str | None, int, int | None]]:
    """Logics, seeds, and how far to go with each: after a short try an effort is spent in rounds, or none is spared.

    Told the logic, z3 takes all words apart into bits before it begins, which most questions do not
    need and some do; so it is told late.
    """
    yield None, SEEDS[0], PLAINLY if effort is None else min(effort, PLAINLY)
    if effort is None:
        yield from ((LOGIC, seed, ROUND) for seed in SEEDS)
        yield from ((LOGIC, seed, None) for seed in SEEDS)
    elif effort > PLAINLY:
        yield from ((LOGIC, seed, min(effort, ROUND)) for seed in SEEDS[: max(1, effort // ROUND)])


def satisfiable(conditions: Iterable[Term], timeout: int = TIMEOUT) -> bool | None:
    """Whether some values satisfy all conditions; None if z3 cannot tell."""
    answer = prove(conditions, terms.FALSE, timeout)
    return None if answer.verdict is Verdict.UNKNOWN else answer.verdict is Verdict.REFUTED

"""What is asked of the solver to show that optimised code does what its source does.

Most of it is true by itself. What is not is asked together, for it all has the same reason: both
take the same way. Then more and more of what a run of the source tells is added. What is to be
asked is the business of `equality` and of `simulation`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import z3

from exokernel.prover import solver, terms
from exokernel.prover.llvm import bits
from exokernel.prover.obligations import Obligation, Run, hypotheses
from exokernel.prover.paths import Conditions
from exokernel.prover.solver import Answer, Verdict
from exokernel.prover.system import System
from exokernel.prover.terms import Term

GREAT = solver.ROUND  # of effort, for what need not be true
TOGETHER = 3 * solver.ROUND  # for what is asked one by one, if need be


class Question(NamedTuple):
    """What is to be so whenever the conditions are."""

    what: str
    conditions: Conditions
    claim: Term


Ask = Callable[[Iterable[Question]], None]  # raises Failed


class Failed(Exception):
    """A question that was not answered with yes."""

    def __init__(self, what: str, verdict: Verdict) -> None:
        super().__init__(what)
        self.verdict = verdict


Known = tuple[list[Term], list[Term], list[Term]]  # more each time; first nothing


def known_of(system: System, run: Run) -> Known:
    """What questions may use of what a run of the source tells."""
    facts = [demand.fact for demand in run.journal.demands]
    return [], facts, hypotheses(system, Obligation("equality", "", terms.TRUE, [], (system.state,)), run)


Asked = tuple[object, ...]  # a question, by the identities of its terms


@dataclass
class Memory:
    """What is known of questions asked before, maybe of other code."""

    proved: set[Asked] = field(default_factory=set)
    tried: dict[Asked, Verdict] = field(default_factory=dict)
    kept: list[Sequence[Term]] = field(default_factory=list)  # so that the identities of these terms stay theirs

    def name_of(self, question: Question) -> Asked:
        parts = (*question.conditions, question.claim)
        self.kept.append(parts)
        return tuple(map(terms.identity, parts))


class Patience(NamedTuple):
    """How long answers are waited for."""

    effort: int | None = None  # for the last try of a question; None spares nothing
    milliseconds: int = solver.TIMEOUT  # for each try
    seconds: float = inf  # for all


@dataclass
class Questions:
    """Asks the solver: first with nothing known but the conditions, then with more and more of what is."""

    known: Known
    memory: Memory = field(default_factory=Memory)  # of the same known
    patience: Patience = Patience()
    began: float = field(default_factory=time.monotonic)
    asked: int = 0

    def ask(self, questions: Iterable[Question]) -> None:
        """Ask all of them. Raises Failed with one that is not answered with yes."""
        self.require_patience()
        asked = list(questions)
        self.asked += len(asked)
        name = tuple(map(self.memory.name_of, asked))
        if name not in self.memory.proved:
            self.require_all(asked)
            self.memory.proved.add(name)

    def require_all(self, questions: Sequence[Question]) -> None:
        left = [each for each in questions if not self.is_plain(each)]
        for each in left:
            self.try_values(each)
        if len(left) > 1 and self.holds_together(left):
            return
        for each in left:
            verdict = self.answer(each.conditions, each.claim, self.patience.effort)
            if verdict is not Verdict.PROVED:
                raise Failed(each.what, verdict)

    def try_out(self, conditions: Conditions, claim: Term) -> Verdict:
        """Whether a claim is true, as far as that is found with some effort."""
        self.require_patience()
        self.asked += 1
        name = self.memory.name_of(Question("", conditions, claim))
        if name not in self.memory.tried:
            self.memory.tried[name] = self.answer(conditions, claim, GREAT)
        return self.memory.tried[name]

    def require_patience(self) -> None:
        """Raises Failed when all patience is at an end."""
        if time.monotonic() > self.began + self.patience.seconds:
            raise Failed("no end", Verdict.UNKNOWN)

    def put(self, hypotheses: Sequence[Term], claim: Term, effort: int | None, keep_model: bool = False) -> Answer:
        return solver.ask(hypotheses, claim, self.patience.milliseconds, keep_model, effort)

    def is_plain(self, question: Question) -> bool:
        """Whether it is true with nothing else known."""
        verdict = self.put(question.conditions, question.claim, solver.SMALL).verdict
        return verdict is Verdict.PROVED or bits.is_plain(question.claim)

    def try_values(self, question: Question) -> None:
        """Raises Failed when what is made of bits alone is wrong of some."""
        values = bits.some_values(question.claim)
        known = [*question.conditions, *self.known[-1], *values]
        if values and self.put(known, question.claim, solver.SMALL).verdict is Verdict.REFUTED:
            raise Failed(question.what, Verdict.REFUTED)

    def holds_together(self, questions: Sequence[Question]) -> bool:
        """Whether all is found to be true at once; the conditions they share stand where they simplify the rest.

        Raises Failed, with one that is wrong whatever else is known."""
        shared, everything = shared_conditions(questions), self.known[-1]
        whole = terms.both(terms.implies(terms.both(each.conditions), each.claim) for each in questions)
        for known, effort in zip(self.known[1:], (solver.SMALL, TOGETHER), strict=True):
            answer = self.put([*shared, *known], whole, effort, known is everything)
            if answer.verdict is Verdict.PROVED:
                return True
            wrong = None if answer.model is None else refuted_by(answer.model, questions)
            if wrong is not None:
                raise Failed(wrong.what, Verdict.REFUTED)
        return False

    def answer(self, conditions: Conditions, claim: Term, last: int | None) -> Verdict:
        """Ask one, as a whole and then part by part; with everything known as hard as `last` says."""
        if self.put(conditions, claim, solver.LITTLE).verdict is Verdict.PROVED:
            return Verdict.PROVED
        for premises, part in solver.parts_of(claim):
            verdict = self.answer_part([*conditions, *premises], part, last)
            if verdict is not Verdict.PROVED:
                return verdict
        return Verdict.PROVED

    def answer_part(self, conditions: Sequence[Term], claim: Term, last: int | None) -> Verdict:
        verdict = Verdict.UNKNOWN
        for known, effort in zip(self.known, (solver.SMALL, solver.SMALL, last), strict=True):
            verdict = self.put([*conditions, *known], claim, effort).verdict
            if verdict is Verdict.PROVED:
                break
        return verdict


def shared_conditions(questions: Sequence[Question]) -> list[Term]:
    """The conditions that all of some questions have."""
    others = [set(map(terms.identity, each.conditions)) for each in questions[1:]]
    return [each for each in questions[0].conditions if all(terms.identity(each) in other for other in others)]


def refuted_by(model: z3.ModelRef, questions: Sequence[Question]) -> Question | None:
    """The first question to which a model of the contrary of all plainly says no."""
    claims = ((each, terms.implies(terms.both(each.conditions), each.claim)) for each in questions)
    return next((each for each, claim in claims if z3.is_false(model.eval(claim, True))), None)

"""Loops: one step is proved for all steps, and none is ever unrolled.

At the head of a loop everything its body changes becomes unknown, but for what is found to be
kept, each guess of which is held only if one step preserves it: that counters do not fall below
where they began, nor pass their bound, nor part from each other; that a table written once a
step, at keys that follow each other, is what it was with a sweep on top (see `summaries`). Where
a table stays unknown the loop is cut: the kernel's invariants are known at its head because
they are to be shown on entry and after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

import z3

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Boolean, Integer
from exokernel.prover import solver, terms
from exokernel.prover.declared import counter_of, known_at_head, to_be_shown
from exokernel.prover.execute import Cut, Executor, Frame, Journal, Round, Universal, ended
from exokernel.prover.machine import GHOSTS
from exokernel.prover.paths import Conditions, Path
from exokernel.prover.solver import Verdict
from exokernel.prover.summaries import Summary, derive, remembered_changes, steps_gone_on, sweeps_on
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, is_term

Guess = Callable[[dict[str, Value]], Term]
ROUNDS = 6
EFFORT = 25_000_000  # for a guess


@dataclass
class Loop:
    """A loop that control has reached, and what is known of its head."""

    executor: Executor
    frame: Frame
    head: str
    path: Path  # on entry
    assigned: dict[str, op.Local]
    mark: str
    unknown: set[str] = field(default_factory=set)  # tables
    ghosts: set[str] = field(default_factory=set)  # unknown too, and in no invariant: what the machine was asked
    summaries: dict[str, Summary] = field(default_factory=dict)
    guesses: list[Guess] = field(default_factory=list)

    @property
    def blocks(self) -> set[str]:
        return self.frame.graph.loops[self.head]

    def at_head(self) -> Path:
        """Control at the head, some steps on."""
        start = replace(self.path, locals=dict(self.path.locals))
        for name in self.assigned:
            old = self.path.locals.get(name)
            if is_term(old):
                start.locals[name] = z3.Const(f"{name}{self.mark}", old.sort())  # type: ignore[union-attr]
            else:
                start.locals.pop(name, None)
        self.forget_tables(start)
        start.assume(terms.proposition(f"here{self.mark}"))  # or what is known at the head would bind who is not there
        for guess in self.guesses:
            start.assume(guess(start.locals))
        return start

    def forget_tables(self, start: Path) -> None:
        start.state = self.path.state.forgotten(self.unknown, self.mark).overlaid(self.ghosts, self.mark)
        for name, summary in self.summaries.items():
            start.state = start.state.with_table(name, summary.table(start.locals))
        if self.unknown:
            start.start, start.trail = start.state, (*self.path.trail, self.path.start)

    def trial(self) -> tuple[Path, list[Path]]:
        """The head, and the paths that come back to it, in a run that leaves no trace."""
        executor, frame, start = self.executor, self.frame, self.at_head()
        journal, outcomes = executor.journal, frame.outcomes
        executor.journal, frame.outcomes = Journal(demands=list(journal.demands)), []
        _, back = executor.region(frame, self.blocks, self.head, start)
        for path in back:
            path.conditions = known(executor, path)
        executor.journal, frame.outcomes = journal, outcomes
        return start, back

    def find_changed_tables(self) -> None:
        for _ in range(ROUNDS):
            start, back = self.trial()
            found = {name for each in back for name in each.state.changed(start.state)} - self.unknown - self.ghosts
            if not found:
                return
            ghosts = {name for name in found if name.startswith(GHOSTS)}
            self.ghosts |= ghosts
            self.unknown |= found - ghosts
        raise RuntimeError("a loop keeps changing more tables")

    def candidates(self) -> Iterator[Guess]:
        counters, path = integers(self), self.path
        for name in counters:
            first = path.locals[name]
            yield lambda now, name=name, first=first: now[name] >= first  # type: ignore[misc]
        for one, other in combinations(counters, 2):
            apart = path.locals[one] - path.locals[other]  # type: ignore[operator]
            yield lambda now, one=one, other=other, apart=apart: now[one] - now[other] == apart  # type: ignore[misc]
        for name, _, bound in comparisons(self):
            yield lambda now, name=name, bound=bound: now[name] <= bound  # type: ignore[misc]

    def find_guesses(self) -> None:
        on_entry = known(self.executor, self.path)
        self.guesses = [each for each in self.candidates() if holds(on_entry, each(self.path.locals))]
        while self.guesses:
            _, back = self.trial()
            kept = [each for each in self.guesses if all(holds(one.conditions, each(one.locals)) for one in back)]
            if len(kept) == len(self.guesses):
                return
            self.guesses = kept

    def find_summaries(self) -> None:
        """Say exactly what became of each table that can be said of."""
        start, back = self.trial()
        counters = {name: self.path.locals[name] for name in integers(self)}
        found = {
            name: derived
            for name in sorted(self.unknown)
            for derived in [derive(name, self.path, start, back, counters, self.mark)]
            if derived is not None
        }
        everything = self.unknown
        self.unknown, self.summaries = everything - found.keys(), found
        while self.summaries:
            _, back = self.trial()
            kept = {
                name: summary
                for name, summary in self.summaries.items()
                if all(holds(one.conditions, sweeps_on(summary, one)) for one in back)
            }
            if len(kept) == len(self.summaries):
                return
            self.summaries = kept
            self.unknown = everything - kept.keys()

    def find_universals(self) -> list[Universal]:
        """What is kept of every cell of a table."""
        flags = [name for name, local in self.assigned.items() if isinstance(local.type, Boolean)]
        flags = [name for name in flags if is_term(self.path.locals.get(name))]
        start, back = self.trial()
        found = [
            universal
            for name in sorted(self.unknown | self.summaries.keys())
            for flag in flags
            for universal in remembered_changes(name, flag, self.path, start)
        ]
        for summary in self.summaries.values() if len(back) == 1 else ():
            found += steps_gone_on(summary, start, back[0], self.mark)
        return [
            each for each in found if all(holds((*one.conditions, *each.at_head), each.after(one)) for one in back)
        ]


def run_loop(executor: Executor, frame: Frame, head: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Go through a loop that control reaches at its head: the ways out of it."""
    executor.journal.has_loops = True
    loop = Loop(executor, frame, head, path, assigned_in(frame, frame.graph.loops[head]), executor.fresh("~"))
    loop.find_changed_tables()
    loop.find_guesses()
    if loop.unknown:
        loop.find_summaries()
        executor.journal.universals += loop.find_universals()
    if loop.unknown:
        executor.journal.cuts.append(Cut(ended(path, None, terms.number(0)), "on entering a loop"))
    start, first = loop.at_head(), tuple(path.locals.get(name) for name in loop.assigned)
    executor.journal.rounds.append(Round(None, ended(path, None, terms.number(0)), first))
    executor.journal.stands += to_be_shown(executor, frame, head, path, "on entering the loop")
    executor.journal.declared += known_at_head(executor, frame, head, start)
    leaving, back = executor.region(frame, loop.blocks, head, start)
    for each in back:
        counter, carried = counter_of(frame, head), tuple(each.locals.get(name) for name in loop.assigned)
        step = None if counter is None else start.locals[counter]
        executor.journal.rounds.append(Round(step, ended(each, None, terms.number(0)), carried))
        executor.journal.stands += to_be_shown(executor, frame, head, each, "after a step of the loop")
    for each in back if loop.unknown else ():
        executor.journal.cuts.append(Cut(ended(each, None, terms.number(0)), "after a step of a loop"))
    for target, paths in leaving.items():
        for each in paths:
            yield target, each


def assigned_in(frame: Frame, blocks: set[str]) -> dict[str, op.Local]:
    found: dict[str, op.Local] = {}
    for name in sorted(blocks):
        for operation in frame.graph.blocks[name].operations:
            for each in (getattr(operation, "target", None), getattr(operation, "error", None)):
                if isinstance(each, op.Local):
                    found[each.name] = each
    return found


def integers(loop: Loop) -> list[str]:
    """The numbers that change from step to step."""
    numbers = [name for name, local in loop.assigned.items() if isinstance(local.type, Integer)]
    return [name for name in numbers if is_term(loop.path.locals.get(name))]


def comparisons(loop: Loop) -> Iterator[tuple[str, op.Relation, Term]]:
    """What the loop compares its counters with, and how."""
    counters = integers(loop)
    for name in sorted(loop.blocks):
        for operation in loop.frame.graph.blocks[name].operations:
            if isinstance(operation, op.Compare) and isinstance(operation.left, op.Local):
                bound = bound_of(operation.right, loop.path, loop.assigned)
                if operation.left.name in counters and bound is not None:
                    yield operation.left.name, operation.relation, bound


def bound_of(item: op.Operand, path: Path, assigned: dict[str, op.Local]) -> Term | None:
    if isinstance(item, op.Constant):
        return terms.number(item.value) if isinstance(item.value, int) else None
    return None if item.name in assigned else path.locals.get(item.name)


def holds(conditions: Conditions, claim: Term) -> bool:
    return solver.ask(conditions, claim, effort=EFFORT).verdict is Verdict.PROVED


def known(executor: Executor, path: Path) -> Conditions:
    """The conditions of a path, and what is demanded on the way."""
    return (*path.conditions, *(demand.fact for demand in executor.journal.demands))

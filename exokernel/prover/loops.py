"""Loops: one step is proved for all steps, and none is ever unrolled.

At the head of a loop everything its body changes becomes unknown; the invariants of the
kernel are known there, because they are to be shown on entry and after each step. What else
holds of the loop's counters is guessed (they do not fall below where they began, nor pass
their bound, nor part from each other) and each guess kept only if one step preserves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import combinations

import z3

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Integer
from exokernel.prover import terms
from exokernel.prover.execute import Cut, Executor, Frame, Journal, ended
from exokernel.prover.paths import Conditions, Path
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, is_term

Guess = Callable[[dict[str, Value]], Term]
ROUNDS = 6


def run_loop(executor: Executor, frame: Frame, head: str, path: Path) -> Iterator[tuple[str, Path]]:
    """Cut a loop that control reaches at its head: the ways out of it."""
    blocks = frame.graph.loops[head]
    assigned = assigned_in(frame, blocks)
    mark = executor.fresh("~")
    changed = tables_changed(executor, frame, head, path, assigned, mark)
    guesses = [each for each in candidates(frame, blocks, path, assigned) if holds(known(executor, path), each(path.locals))]
    guesses = inductive(executor, frame, head, path, assigned, changed, mark, guesses)
    executor.journal.cuts.append(Cut(ended(path, None, terms.number(0)), "on entering a loop"))
    start = at_head(path, assigned, changed, mark, guesses)
    leaving, back = executor.region(frame, blocks, head, start)
    for each in back:
        executor.journal.cuts.append(Cut(ended(each, None, terms.number(0)), "after a step of a loop"))
    for target, paths in leaving.items():
        for each in paths:
            yield target, each


def assigned_in(frame: Frame, blocks: set[str]) -> dict[str, op.Local]:
    found: dict[str, op.Local] = {}
    for name in blocks:
        for operation in frame.graph.blocks[name].operations:
            for each in (getattr(operation, "target", None), getattr(operation, "error", None)):
                if isinstance(each, op.Local):
                    found[each.name] = each
    return found


def at_head(path: Path, assigned: dict[str, op.Local], changed: set[str], mark: str, guesses: list[Guess]) -> Path:
    """Control at the head, some steps on: what may have changed is unknown."""
    head = path.state.forgotten(changed, mark)
    start = replace(path, locals=dict(path.locals), state=head, start=head, trail=(*path.trail, path.start))
    for name in assigned:
        old = path.locals.get(name)
        if is_term(old):
            assert old is not None
            start.locals[name] = z3.Const(f"{name}{mark}", old.sort())  # type: ignore[union-attr]
        else:
            start.locals.pop(name, None)
    for guess in guesses:
        start.assume(guess(start.locals))
    return start


def trial(executor: Executor, frame: Frame, head: str, start: Path) -> list[Path]:
    """The paths that come back to the head, knowing all that was demanded, in a run that leaves no trace."""
    journal, outcomes = executor.journal, frame.outcomes
    executor.journal, frame.outcomes = Journal(demands=list(journal.demands)), []
    _, back = executor.region(frame, frame.graph.loops[head], head, start)
    for path in back:
        path.conditions = known(executor, path)
    executor.journal, frame.outcomes = journal, outcomes
    return back


def tables_changed(
    executor: Executor, frame: Frame, head: str, path: Path, assigned: dict[str, op.Local], mark: str
) -> set[str]:
    changed: set[str] = set()
    for _ in range(ROUNDS):
        start = at_head(path, assigned, changed, mark, [])
        back = trial(executor, frame, head, start)
        found = changed | {name for each in back for name in each.state.changed(start.state)}
        if found == changed:
            return changed
        changed = found
    raise RuntimeError("a loop keeps changing more tables")


def candidates(frame: Frame, blocks: set[str], path: Path, assigned: dict[str, op.Local]) -> Iterator[Guess]:
    counters = [
        name for name, local in assigned.items() if isinstance(local.type, Integer) and is_term(path.locals.get(name))
    ]
    for name in counters:
        first = path.locals[name]
        yield lambda now, name=name, first=first: now[name] >= first  # type: ignore[misc]
    for one, other in combinations(counters, 2):
        apart = path.locals[one] - path.locals[other]  # type: ignore[operator]
        yield lambda now, one=one, other=other, apart=apart: now[one] - now[other] == apart  # type: ignore[misc]
    for name in blocks:
        for operation in frame.graph.blocks[name].operations:
            if isinstance(operation, op.Compare) and isinstance(operation.left, op.Local):
                bound = bound_of(operation.right, path, assigned)
                if operation.left.name in counters and bound is not None:
                    yield lambda now, name=operation.left.name, bound=bound: now[name] <= bound  # type: ignore[misc]


def bound_of(item: op.Operand, path: Path, assigned: dict[str, op.Local]) -> Term | None:
    if isinstance(item, op.Constant):
        return terms.number(item.value) if isinstance(item.value, int) else None
    return None if item.name in assigned else path.locals.get(item.name)


def holds(conditions: Conditions, claim: Term) -> bool:
    solver = z3.SolverFor("QF_AUFBV")
    solver.set("timeout", 5000)
    solver.add(*conditions, z3.Not(claim))
    return bool(solver.check() == z3.unsat)


def known(executor: Executor, path: Path) -> Conditions:
    """The conditions of a path, and what is demanded on the way."""
    return (*path.conditions, *(demand.fact for demand in executor.journal.demands))


def inductive(
    executor: Executor,
    frame: Frame,
    head: str,
    path: Path,
    assigned: dict[str, op.Local],
    changed: set[str],
    mark: str,
    guesses: list[Guess],
) -> list[Guess]:
    """The guesses that one step preserves, all of them being held before it."""
    while guesses:
        back = trial(executor, frame, head, at_head(path, assigned, changed, mark, guesses))
        kept = [each for each in guesses if all(holds(after.conditions, each(after.locals)) for after in back)]
        if len(kept) == len(guesses):
            return guesses
        guesses = kept
    return []

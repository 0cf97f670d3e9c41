"""Which private things a call's answer and effects depend on: noninterference by looking.

The answer of a call, the conditions of its paths, what a step of a loop hands to the next, and
everything written to the public tables are terms; what is mentioned in none of them cannot
matter. `spec.privacy` says what may. This is coarser than comparing two runs, which it implies:
states that agree on what is mentioned give the same answer and the same tables. It needs no
solver.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from exokernel.prover import terms
from exokernel.prover.cells import Fill, State, Sweep, Write
from exokernel.prover.machine import BYTES_OF_A_FRAME, GHOSTS, MEMORY, PAGES_OF, REQUESTS
from exokernel.prover.obligations import Run
from exokernel.prover.paths import Outcome
from exokernel.prover.terms import Term
from exokernel.prover.values import Pointer, Span, Value, is_term

BYTES = "bytes"
PRIVATE = {
    MEMORY: f"{MEMORY}[]",
    PAGES_OF: f"{PAGES_OF}[]",
    REQUESTS: f"{REQUESTS}[]",
    BYTES: BYTES_OF_A_FRAME,
    "secret": "exokernel.kernel.capabilities.secret",
}


def learned(run: Run) -> set[str]:
    """The private things that a call's answer, or what it does to the tables, depends on."""
    seen, told = set[int](), list(observable(run))  # all of it at once, so that the identities of these terms stay theirs
    names = {name for term in told for name in mentioned(term, seen)}
    return {thing for thing, prefix in PRIVATE.items() if any(name.startswith(prefix) for name in names)}


def observable(run: Run) -> Iterator[Term]:
    """Everything that can be told of a run."""
    for outcome in ends(run):
        yield from observed(outcome)
    for each in run.journal.rounds:
        yield from parts(each.carried)


def ends(run: Run) -> Iterator[Outcome]:
    yield from run.outcomes
    for cut in run.journal.cuts:
        yield cut.outcome
    for each in run.journal.rounds:
        yield each.outcome


def observed(outcome: Outcome) -> Iterator[Term]:
    """Everything that can be told of how a path ends."""
    yield from outcome.conditions
    yield outcome.error
    yield from parts(outcome.value)
    yield from written(outcome.state, outcome.start)


def parts(value: Value) -> Iterator[Term]:
    if isinstance(value, tuple):
        for each in value:
            yield from parts(each)
    elif isinstance(value, (Pointer, Span)):
        yield from value.indices
    elif is_term(value):
        yield value


def written(state: State, start: State) -> Iterator[Term]:
    """What was written to the public tables, where, and whether."""
    for name in state.changed(start):
        if name.startswith((MEMORY, PAGES_OF, *GHOSTS)):
            continue
        for update in state.updates_since(start, name):
            yield update.guard
            if isinstance(update, Write):
                yield from (update.index, update.value)
            elif isinstance(update, Fill):
                yield from (update.index, *([] if update.source is None else [update.source]))
            elif isinstance(update, Sweep):
                yield from (update.first, update.count, update.value(any_key(update.first.size())))
            else:
                yield update.value(any_key(sum(state.table(name).family.widths) or 1))


def any_key(width: int) -> Term:
    return terms.variable("any key", width)


def mentioned(term: Term, seen: set[int]) -> Iterator[str]:
    """The names of all unknowns in a term."""
    pending = [term]
    while pending:
        each = pending.pop()
        if terms.identity(each) in seen:
            continue
        seen.add(terms.identity(each))
        if z3.is_app(each) and each.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            yield each.decl().name()
        pending += each.children()

"""Which private things a call's answer and effects depend on: noninterference by looking.

The answer of a call, the conditions of its paths and everything it writes to the public tables
are terms; what is mentioned in none of them cannot matter. `spec.privacy` says what may. This
is coarser than comparing two runs, and needs no solver.
"""

from __future__ import annotations

from collections.abc import Iterator

import z3

from exokernel.prover import terms
from exokernel.prover.cells import State, Sweep, Write
from exokernel.prover.machine import GHOSTS, MEMORY, PAGES_OF, REQUESTS
from exokernel.prover.obligations import Run
from exokernel.prover.paths import Outcome
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, is_term

PRIVATE = {
    MEMORY: f"{MEMORY}[]",
    PAGES_OF: f"{PAGES_OF}[]",
    REQUESTS: f"{REQUESTS}[]",
    "secret": "exokernel.kernel.capabilities.secret",
}


def learned(run: Run) -> set[str]:
    """The private things that a call's answer, or what it does to the tables, depends on."""
    seen: set[int] = set()
    names = {name for outcome in ends(run) for term in observed(outcome) for name in mentioned(term, seen)}
    return {thing for thing, prefix in PRIVATE.items() if any(name.startswith(prefix) for name in names)}


def ends(run: Run) -> Iterator[Outcome]:
    yield from run.outcomes
    for cut in run.journal.cuts:
        yield cut.outcome


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
            elif isinstance(update, Sweep):
                key = terms.variable("any key", update.first.size())
                yield from (update.first, update.count, update.value(key))


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

"""Which private cells a call's answer and effects depend on: noninterference by looking.

The answer of a call, the conditions of its paths, what a step of a loop hands to the next, and
everything written to the public tables are terms. Each private cell that is mentioned in one of
them has to be a cell of which `spec.privacy` says that the call may learn it, wherever the mention
matters: of a choice, only the branch that is taken does, and of several conditions, each only where
the others hold. What may be learnt is itself said of public tables; so two states that agree
on these and on what may be learnt give the same answer and the same public tables, which is
noninterference. What drivers are given is told too. Not told of here: time, and which translations
and registers are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import z3

from exokernel.abi.names import FRAMES
from exokernel.prover import terms
from exokernel.prover.cells import Fill, State, Sweep, Write
from exokernel.prover.instantiate import Access, value_of
from exokernel.prover.machine import BYTES, FORGOTTEN, MEMORY, PAGES_OF, REGISTERS, REQUESTS, WORDS
from exokernel.prover.obligations import Obligation, Run, known_states
from exokernel.prover.own import arguments_of
from exokernel.prover.paths import Outcome
from exokernel.prover.system import System
from exokernel.prover.terms import Term
from exokernel.prover.values import Pointer, Span, Value, is_term

PRIVATE = "private"  # the clause that a call tells nothing that is not its caller's to know
NOTHING_ELSE = "what can be told of it depends on no private cell that it may not learn"
PREFIXES = {  # of the names of private tables -> what they hold
    WORDS: MEMORY,
    f"{REQUESTS}[]": REQUESTS,
    f"{PAGES_OF}[]|begin": "begin",
    f"{PAGES_OF}[]|end": "end",
    f"{PAGES_OF}[]": PAGES_OF,
    f"{BYTES}[]": BYTES,
    "exokernel.kernel.capabilities.secret": "secret",
    "exokernel.kernel.state.": "",  # the public tables
    "exokernel.": "hidden",  # all else that the kernel keeps; nobody may learn it
}
ALL_OF = "all of "  # before the name of a table that a recursion looks at
THINGS = tuple(filter(None, PREFIXES.values()))
UNTOLD = (MEMORY, FORGOTTEN, REGISTERS)
FRAME_BITS = (FRAMES - 1).bit_length()

May = Callable[[str, Term], Term]  # whether a call may learn the cell of a thing at a key


def private_thing(name: str) -> str:
    """What a table of this name holds that is private; "" if that is nothing."""
    return next((thing for prefix, thing in PREFIXES.items() if name.removeprefix(ALL_OF).startswith(prefix)), "")


class Looks:
    """What has to hold for terms to depend on no private cell but those a call may learn."""

    def __init__(self, may: May) -> None:
        self.may = may
        self.known: dict[int, tuple[Term, Term]] = {}  # with the terms, so that their identities stay theirs

    def allowed(self, term: Term) -> Term:
        """That each private cell that matters to a term is one that may be learnt."""
        key = terms.identity(term)
        if key not in self.known:
            self.known[key] = term, self.judged(term)
        return self.known[key][1]

    def judged(self, term: Term) -> Term:
        parts = term.children()
        if terms.is_both(term) or terms.is_either(term):
            return self.of_several(parts, terms.is_both(term))
        if z3.is_app_of(term, z3.Z3_OP_ITE):
            condition, then, otherwise = parts
            return terms.both((self.allowed(condition), terms.choose(condition, self.allowed(then), self.allowed(otherwise))))
        name = term.decl().name() if z3.is_app_of(term, z3.Z3_OP_UNINTERPRETED) else ""
        if name.startswith(ALL_OF) and private_thing(name):
            return terms.FALSE
        looked_at = [self.may(private_thing(name), parts[0] if parts else terms.number(0, 1))] if private_thing(name) else []
        return terms.both((*map(self.allowed, parts), *looked_at))

    def of_several(self, conditions: Iterable[Term], needs_all: bool) -> Term:
        """The same of conditions together: one that may be learnt and decides is enough, whatever the others are."""
        judged = [(each, self.allowed(each)) for each in conditions]
        deciding = [terms.both((allowed, terms.negate(each) if needs_all else each)) for each, allowed in judged]
        together = terms.both(allowed for _, allowed in judged)
        return together if terms.is_true(together) else terms.either((together, *deciding))

    def told_of(self, outcome: Outcome, told: Iterable[Term]) -> tuple[list[Term], Term]:
        """The public conditions of a path, and what has to hold under them."""
        public = [each for each in outcome.conditions if terms.is_true(self.allowed(each))]
        private = [each for each in outcome.conditions if not terms.is_true(self.allowed(each))]
        then = terms.implies(terms.both(private), terms.both(map(self.allowed, told)))
        return public, terms.both((self.of_several(private, needs_all=True), then))


def privacy(system: System, run: Run) -> Iterator[Obligation]:
    """That a call tells only what it may, for each way it ends and for each step of its loops."""
    accesses: list[Access] = []
    looks = Looks(lambda thing, key: may_learn(system, run, thing, key, accesses))
    for place, (outcome, told) in enumerate(everything_told(run, looks)):
        conditions, claim = looks.told_of(outcome, told)
        whole = terms.proposition(f"nothing else is told {place}")  # its parts share much, and one by one cost more
        conditions, states = [*conditions, terms.equal(whole, claim)], known_states(outcome)
        yield Obligation(PRIVATE, NOTHING_ELSE, whole, conditions, states, list(accesses), end=outcome, is_shallow=True)


def may_learn(system: System, run: Run, thing: str, key: Term, accesses: list[Access]) -> Term:
    """What `spec.privacy` says of a cell; it may itself look at nothing private."""
    claim = system.specification.function(f"{run.call.name}_may_learn_{thing}")
    if claim is None:
        return terms.FALSE
    reading = value_of(system.executor, claim.qualified, arguments_of(run, claim, named_by(key)), system.state)
    if any(private_thing(name) for name in reading.reads):
        return terms.FALSE
    accesses += reading.accesses
    return terms.simplify(terms.both((reading.defined, reading.value)))


def named_by(key: Term) -> dict[str, Value]:
    """The frame, and the place in it, that a key joins."""
    top, rest, found = key.size() - 1, key.size() - FRAME_BITS, dict[str, Value]()
    if rest >= 0:
        found["any_frame"] = terms.simplify(terms.widen(terms.slice_bits(key, top, rest), terms.BITS))
    if rest > 0:
        found["any_index"] = terms.simplify(terms.widen(terms.low_bits(key, rest), terms.BITS))
    return found


def everything_told(run: Run, looks: Looks) -> Iterator[tuple[Outcome, list[Term]]]:
    """Every way a run ends, or comes to the head of a loop, and all that can be told of it then."""
    for outcome in (*run.outcomes, *run.journal.halts):
        yield outcome, [outcome.error, *parts(outcome.value), *written(outcome.state, outcome.start)]
    yield from given_to_drivers(run)
    for each in run.journal.rounds:
        memory = learnable_memory(each.outcome.state, looks)
        yield each.outcome, [*parts(each.carried), *written(each.outcome.state, each.outcome.start), memory]


def parts(value: Value) -> Iterator[Term]:
    if isinstance(value, tuple):
        for each in value:
            yield from parts(each)
    elif isinstance(value, Pointer):
        yield from value.indices
    elif isinstance(value, Span):
        yield from (*value.indices, value.start, value.length)
    elif is_term(value):
        yield value


def given_to_drivers(run: Run) -> Iterator[tuple[Outcome, list[Term]]]:
    """All that drivers are given; together, what is given under the same conditions."""
    together: dict[tuple[int, ...], tuple[Outcome, list[Term]]] = {}
    for outcome, given in run.journal.said:
        _, told = together.setdefault(tuple(map(terms.identity, outcome.conditions)), (outcome, []))
        told += parts(given)
        told += (seen_through(each, outcome.state) for each in given if isinstance(each, Span))
    return iter(together.values())


def seen_through(view: Span, state: State) -> Term:
    """Any cell of a view."""
    place = any_key(terms.BITS)
    cell = state.table(f"{view.path}[]").read((*view.indices, terms.simplify(view.start + place)))
    return terms.choose(terms.both((place >= 0, place < view.length)), cell, terms.number(0, cell.size()))


def written(state: State, start: State) -> Iterator[Term]:
    """What was written to the public tables, where, and whether; and where the processor was sent."""
    for name in state.changed(start):
        if name.startswith(UNTOLD):
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


def learnable_memory(state: State, looks: Looks) -> Term:
    """Any word that the call may learn: the next step of a loop may, whatever has been moved there."""
    table = state.table(f"{WORDS}[]")
    key = any_key(sum(table.family.widths))
    word = table.look_up(key, len(table.updates))
    return terms.choose(looks.may(MEMORY, key), word, terms.number(0, word.size()))


def any_key(width: int) -> Term:
    return terms.variable("any key", width)

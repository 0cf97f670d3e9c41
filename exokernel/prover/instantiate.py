"""Which instances of the invariants a proof may use: those at the places it looks at.

No quantifier ever reaches the solver. An invariant is used at a name exactly when a table was
read or written at that name: the accesses whose indices are an invariant's parameters are its
triggers, found by running the invariant once. Using it looks at further places, so this is
done for a few rounds. Too few instances can only make a proof fail, never succeed wrongly.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import z3

from exokernel.prover import terms
from exokernel.prover.cells import Indices, State
from exokernel.prover.claims import Claim
from exokernel.prover.execute import Executor, Journal, Unsupported
from exokernel.prover.terms import Term
from exokernel.prover.values import Value

Access = tuple[str, Indices]
Key = tuple[int, ...]  # of an instance: its schema and its indices, by identity
JOINED = {"capabilities[]": 6}  # tables indexed by two names side by side -> bits of the second


class Reach(NamedTuple):
    """How far from the places that are looked at instances are taken."""

    rounds: int
    paired: bool = True  # also what every two things tell together: of many things, that is most of all


HERE, NEAR, MIDDLE, FAR = Reach(0), Reach(1), Reach(2, False), Reach(2)


@dataclass(frozen=True)
class Counted:
    """That one thing is counted, if it is, by the counter of a key."""

    counter: str
    key: Term
    count: Term
    is_counted: Term


@dataclass(frozen=True)
class Summed:
    """A quantity whose total over all names never changes."""

    amount: Term
    at_most: int  # the total


@dataclass
class Schema:
    """A claim run once on a state, for parameters that can be replaced by any terms."""

    claim: Claim
    variables: tuple[Term, ...]
    formula: Term
    accesses: list[Access]
    triggers: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    reads: frozenset[str] = frozenset()
    counted: Counted | None = None  # of a thing: which counter counts it
    summed: Summed | None = None

    def at(self, indices: Indices) -> tuple[Term, list[Access]]:
        """The claim at these names, and the places that looks at."""
        pairs = list(zip(self.variables, indices, strict=True))
        formula = z3.simplify(z3.substitute(self.formula, *pairs)) if pairs else self.formula
        seen = [(path, tuple(z3.simplify(z3.substitute(each, *pairs)) for each in at)) for path, at in self.accesses]
        return formula, seen

    def tells_with(self, other: Schema) -> bool:
        """Whether two different things, one of each kind, tell anything together."""
        if self.counted is not None and other.counted is not None:
            return self.counted.counter == other.counted.counter
        return self.summed is not None and self is other


@dataclass(frozen=True)
class Thing:
    """A name of what is counted, or has a share in a total."""

    key: Key
    schema: Schema
    indices: Indices

    def at(self, term: Term) -> Term:
        return z3.substitute(term, *zip(self.schema.variables, self.indices))


def within_ranges(claim: Claim, arguments: Iterable[Term]) -> Term:
    return terms.both(
        terms.within(value, parameter.length)
        for parameter, value in zip(claim.parameters, arguments)
        if parameter.length is not None
    )


@dataclass
class Reading:
    """What a function of the specification says of a state."""

    value: Value
    defined: Term  # that it does not fault
    accesses: list[Access]
    reads: frozenset[str]


def value_of(executor: Executor, name: str, arguments: tuple[Value, ...], state: State) -> Reading:
    """Run a function of the specification, which must change nothing."""
    journal, executor.journal = executor.journal, Journal()
    outcomes = executor.run(name, arguments, state)
    mine, executor.journal = executor.journal, journal
    if len(outcomes) != 1 or outcomes[0].state.changed(state):
        raise Unsupported(f"{name} is no pure function")
    if mine.has_loops:
        raise Unsupported(f"{name} has a loop, so it says nothing the prover can use")
    defined = terms.both(terms.implies(terms.both(each.conditions), each.claim) for each in mine.demands)
    accesses = [split((path, indices)) for (path, _), indices in mine.accesses.items()]
    return Reading(outcomes[0].value, defined, accesses, frozenset(mine.reads))


def holds(executor: Executor, claim: Claim, arguments: Indices, state: State) -> Reading:
    """A claim for these names in a state: that it is defined, and true."""
    reading = value_of(executor, claim.qualified, arguments, state)
    reading.value = terms.implies(within_ranges(claim, arguments), terms.both((reading.defined, reading.value)))
    return reading


def sees(executor: Executor, view: Claim, arguments: Indices, state: State) -> Reading:
    """A view of these names in a state: that it is defined."""
    reading = value_of(executor, view.qualified, arguments, state)
    reading.value = terms.implies(within_ranges(view, arguments), reading.defined)
    return reading


def split(access: Access) -> Access:
    """An access to a joined table as one by two names."""
    path, indices = access
    bits = next((bits for ending, bits in JOINED.items() if path.endswith(ending)), None)
    if bits is None or len(indices) != 1:
        return access
    (index,) = indices
    if z3.is_app_of(index, z3.Z3_OP_BADD) and index.num_args() == 2:
        for outer, inner in ((index.arg(0), index.arg(1)), (index.arg(1), index.arg(0))):
            multiple = shifted(outer, bits)
            if multiple is not None:
                return path, (multiple, inner)
    return path, (terms.simplify(index >> bits), terms.simplify(index & (1 << bits) - 1))


def shifted(term: Term, bits: int) -> Term | None:
    """What was shifted left by `bits` to give this term, if it is plainly that."""
    if z3.is_app_of(term, z3.Z3_OP_CONCAT) and term.num_args() == 2 and terms.literal(term.arg(1)) == 0:
        upper, zeros = term.arg(0), term.arg(1).size()
        if zeros == bits and z3.is_app_of(upper, z3.Z3_OP_EXTRACT) and upper.params() == [63 - bits, 0]:
            return upper.arg(0)
    return None


class Instances:
    """The instances of some schemas, found from accesses."""

    def __init__(self, schemas: list[Schema]) -> None:
        self.schemas = schemas
        self.by_trigger: dict[str, list[tuple[Schema, tuple[int, ...]]]] = {}
        for schema in schemas:
            for path, order in schema.triggers:
                self.by_trigger.setdefault(path, []).append((schema, order))
        self.known: dict[Key, tuple[Term, list[Access]]] = {}
        self.pairs: dict[tuple[Key, Key], Term] = {}
        self.kept: list[Indices] = []  # so that the identities of their terms stay theirs

    def found_from(self, seeds: Iterable[Access], reach: Reach = FAR) -> list[Term]:
        """All instances that the seeds lead to."""
        formulas: dict[Key, Term] = {}
        things: list[Thing] = []
        front = list(seeds)
        for schema in self.schemas:
            if not schema.variables:
                formulas[(id(schema),)] = schema.formula
                front += schema.accesses
        for _ in range(reach.rounds):
            front = [access for each in front for access in self.instances_at(each, formulas, things)]
        found = [*formulas.values(), *self.pairs_of(things if reach.paired else [])]
        return [formula for formula in found if not terms.is_true(formula)]

    def instances_at(
        self, access: Access, formulas: dict[Key, Term], things: list[Thing]
    ) -> Iterator[Access]:
        path, indices = access
        for schema, order in self.by_trigger.get(path, ()):
            arguments = tuple(indices[place] for place in order)
            key = (id(schema), *map(terms.identity, arguments))
            if key in formulas:
                continue
            if key not in self.known:
                self.known[key] = schema.at(arguments)
                self.kept.append(arguments)
            formulas[key], seen = self.known[key]
            if schema.counted is not None or schema.summed is not None:
                things.append(Thing(key, schema, arguments))
            yield from seen

    def pairs_of(self, things: list[Thing]) -> Iterator[Term]:
        """What every two things tell together."""
        for one, other in combinations(things, 2):
            if one.schema.tells_with(other.schema):
                key = one.key, other.key
                if key not in self.pairs:
                    self.pairs[key] = told_together(one, other)
                yield self.pairs[key]


def told_together(one: Thing, other: Thing) -> Term:
    """That two things counted by one counter make it two at least; that two amounts are no more than the total."""
    same, counted, summed = terms.FALSE, one.schema.counted, one.schema.summed
    if one.schema is other.schema:
        same = terms.both(terms.equal(each, also) for each, also in zip(one.indices, other.indices))
    if counted is not None and other.schema.counted is not None:
        also = other.schema.counted
        same_key = terms.equal(one.at(counted.key), other.at(also.key))
        premise = terms.both((same_key, one.at(counted.is_counted), other.at(also.is_counted)))
        told = terms.implies(premise, one.at(counted.count) >= 2)
    else:
        assert summed is not None
        claim, together = one.schema.claim, one.at(summed.amount) + other.at(summed.amount)
        ranges = terms.both((within_ranges(claim, one.indices), within_ranges(claim, other.indices)))
        told = terms.implies(ranges, terms.within(together, summed.at_most + 1))
    return terms.simplify(terms.either((same, told)))


def parameter_variables(claim: Claim, mark: str = "?") -> tuple[Term, ...]:
    return tuple(terms.variable(f"{claim.name}.{each.name}{mark}") for each in claim.parameters)


def schema_of(executor: Executor, claim: Claim, state: State) -> Schema:
    variables = parameter_variables(claim)
    reading = holds(executor, claim, variables, state)
    return make_schema(claim, variables, reading.value, reading)


def make_schema(claim: Claim, variables: tuple[Term, ...], formula: Term, reading: Reading) -> Schema:
    """A schema triggered by the accesses whose indices are just the variables."""
    schema = Schema(claim, variables, terms.simplify(formula), reading.accesses, reads=reading.reads)
    mine = [terms.identity(each) for each in variables]
    for path, indices in reading.accesses:
        given = [terms.identity(each) for each in indices]
        if mine and sorted(given) == sorted(mine):
            order = tuple(given.index(each) for each in mine)
            if (path, order) not in schema.triggers:
                schema.triggers.append((path, order))
    return schema

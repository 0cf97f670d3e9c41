"""Counters are exact, without any ghost: what a step adds to one is what it adds to the things counted.

`spec.counts` says, for each thing, which counter counts it. A step touches finitely many things
by name, so the change in their number is a finite sum; and it changes nothing for any other
thing, which is shown for an unknown one. From exactness this module draws what proofs of calls
need: a counter that counts something is not zero, and none exceeds the number of things.
That a finite sum of changes is the change of the sum is the one step not made by z3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import z3

from exokernel.prover import terms
from exokernel.prover.cells import Indices, State, Write
from exokernel.prover.claims import Claim, Specification
from exokernel.prover.execute import Executor
from exokernel.prover.instantiate import (
    Access,
    Counted,
    Reading,
    Schema,
    make_schema,
    parameter_variables,
    value_of,
    within_ranges,
)
from exokernel.prover.layout import record_of
from exokernel.prover.terms import Term, number

NONE = number(-1)


@dataclass(frozen=True)
class Counter:
    """One counter of the tables, and the kinds of thing it counts."""

    reader: Claim
    kinds: tuple[Claim, ...]
    at_most: int


@dataclass
class Goal:
    """Something to prove of a step, and the places it looks at."""

    name: str
    claim: Term
    accesses: list[Access]
    hypotheses: list[Term]


def counters(specification: Specification, at_most: dict[str, int]) -> list[Counter]:
    claims = specification.all("counts")
    return [
        Counter(claim, kinds, at_most[claim.name])
        for claim in claims
        if "_by_" not in claim.name
        for kinds in [tuple(each for each in claims if each.name.startswith(claim.name + "_by_"))]
    ]


def schemas(executor: Executor, counter: Counter, state: State) -> Iterator[Schema]:
    """What exactness tells of a state: for each thing, and for each counter. A thing whose counter there is none of tells nothing."""
    for kind in counter.kinds:
        variables = parameter_variables(kind)
        reading = value_of(executor, kind.qualified, variables, state)
        owner = terms.simplify(reading.value)
        names = names_of(counter, owner)
        count = value_of(executor, counter.reader.qualified, names, state)
        is_counted = terms.both((within_ranges(kind, variables), reading.defined, owner >= 0, within_ranges(counter.reader, names)))
        formula = terms.implies(is_counted, count.value > 0)  # type: ignore[operator]
        schema = make_schema(kind, variables, formula, Reading(owner, terms.TRUE, reading.accesses, reading.reads))
        schema.counted = Counted(counter.reader.name, owner, count.value, is_counted)
        yield schema
    variables = parameter_variables(counter.reader)
    reading = value_of(executor, counter.reader.qualified, variables, state)
    bound = terms.implies(
        within_ranges(counter.reader, variables), terms.within(reading.value, counter.at_most + 1)
    )
    yield make_schema(counter.reader, variables, bound, reading)


def among(executor: Executor, part: Counter, whole: Counter, state: State) -> Schema:
    """That a counter which counts some of what another does is no more than the other."""
    variables = parameter_variables(part.reader)
    some = value_of(executor, part.reader.qualified, variables, state)
    every = value_of(executor, whole.reader.qualified, variables, state)
    formula = terms.implies(within_ranges(part.reader, variables), some.value <= every.value)  # type: ignore[operator]
    return make_schema(part.reader, variables, formula, some)


def is_among(executor: Executor, part: Counter, whole: Counter, state: State) -> Goal:
    """That it does count only what the other counts too."""
    (kind,), (general,) = part.kinds, whole.kinds
    variables = parameter_variables(kind, "!")
    some = value_of(executor, kind.qualified, variables, state)
    every = value_of(executor, general.qualified, variables, state)
    claim = terms.either((terms.equal(some.value, NONE), terms.equal(some.value, every.value)))
    return Goal(f"{part.reader.name} counts some of {whole.reader.name}", claim, some.accesses, [])


def witnesses(executor: Executor, counter: Counter, state: State, mark: str) -> Iterator[Schema]:
    """That a counter which is not zero counts something, which gets a name, in each state another: by its mark."""
    if len(counter.kinds) != 1:
        return
    (kind,), variables = counter.kinds, parameter_variables(counter.reader)
    sorts = [each.sort() for each in variables]
    thing = tuple(
        z3.Function(f"{kind.name} witness {each.name}{mark}", *sorts, z3.BitVecSort(terms.BITS))(*variables)
        for each in kind.parameters
    )
    count = value_of(executor, counter.reader.qualified, variables, state)
    owner = value_of(executor, kind.qualified, thing, state)
    counted = terms.both((within_ranges(kind, thing), terms.equal(owner.value, key_of(counter, variables))))
    premise = terms.both((within_ranges(counter.reader, variables), count.value > 0))  # type: ignore[operator]
    reading = Reading(count.value, terms.TRUE, [*count.accesses, *owner.accesses], count.reads)
    yield make_schema(counter.reader, variables, terms.implies(premise, counted), reading)


def names_of(counter: Counter, key: Term) -> Indices:
    """The counter's own parameters, from the one number by which `counts` names it."""
    if len(counter.reader.parameters) == 1:
        return (key,)
    length = counter.reader.parameters[1].length
    assert length is not None
    return terms.simplify(key >> (length - 1).bit_length()), terms.simplify(key & length - 1)


def key_of(counter: Counter, names: Indices) -> Term:
    if len(names) == 1:
        return names[0]
    length = counter.reader.parameters[1].length
    assert length is not None
    return names[0] * length + names[1]


def goals(executor: Executor, counter: Counter, before: State, after: State) -> Iterator[Goal]:
    """That the step from one state to the other keeps a counter exact."""
    names = parameter_variables(counter.reader, "!")
    key = key_of(counter, names)
    old = value_of(executor, counter.reader.qualified, names, before)
    new = value_of(executor, counter.reader.qualified, names, after)
    change, accesses = number(0), [*old.accesses, *new.accesses]
    touches_any = False
    for kind in counter.kinds:
        variables = parameter_variables(kind, "!")
        was = value_of(executor, kind.qualified, variables, before)
        now = value_of(executor, kind.qualified, variables, after)
        if terms.same(terms.simplify(was.value), terms.simplify(now.value)):
            continue
        touches_any = True
        named = list(touched(kind, was, variables, before, after))
        others = [terms.negate(same_names(variables, each)) for each in named]
        seen = [*was.accesses, *now.accesses]
        yield Goal(
            f"{kind.name}: nothing else is counted otherwise",
            terms.equal(was.value, now.value),
            seen,
            [within_ranges(kind, variables), *others],
        )
        for place, thing in enumerate(named):
            first = terms.both(terms.negate(same_names(thing, each)) for each in named[:place])
            counted_was = value_of(executor, kind.qualified, thing, before)
            counted_now = value_of(executor, kind.qualified, thing, after)
            accesses += [*counted_was.accesses, *counted_now.accesses]
            gained = unit(terms.both((first, counted_now.value == key)))
            change = change + gained - unit(terms.both((first, counted_was.value == key)))
    if touches_any or not terms.same(terms.simplify(old.value), terms.simplify(new.value)):
        claim = terms.equal(new.value, old.value + change)
        yield Goal(f"{counter.reader.name} is exact", claim, accesses, [within_ranges(counter.reader, names)])


def unit(condition: Term) -> Term:
    return terms.choose(condition, number(1), number(0))


def same_names(left: Indices, right: Indices) -> Term:
    return terms.both(terms.equal(one, other) for one, other in zip(left, right, strict=True))


def touched(kind: Claim, reading: Reading, variables: Indices, before: State, after: State) -> Iterator[Indices]:
    """The things whose own cells a step wrote, by name; at least all that it counts otherwise."""
    schema = make_schema(kind, variables, terms.TRUE, reading)
    seen: set[tuple[int, ...]] = set()
    for name in sorted(reading.reads):
        orders = [order for path, order in schema.triggers if path == record_of(name)]
        for update in after.updates_since(before, name):
            if isinstance(update, Write) and orders:
                indices = tuple(terms.simplify(update.indices[place]) for place in orders[0])
                identity = tuple(map(terms.identity, indices))
                if identity not in seen:
                    seen.add(identity)
                    yield indices

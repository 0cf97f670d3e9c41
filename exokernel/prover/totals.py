"""Quantities that are conserved: what a step takes from one it gives to others.

`spec.totals` names them. A step changes finitely many, by name, so the change of the sum is a
finite sum, which must be nothing; and since none is negative, any two together are at most the
total. That a finite sum of changes is the change of the sum is the one step not made by z3.
"""

from __future__ import annotations

from collections.abc import Iterator

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.claims import Claim
from exokernel.prover.counting import Goal, same_names, touched
from exokernel.prover.execute import Executor
from exokernel.prover.instantiate import Schema, Summed, make_schema, parameter_variables, value_of, within_ranges
from exokernel.prover.terms import number


def schema(executor: Executor, quantity: Claim, at_most: int, state: State) -> Schema:
    """That one is at most the total."""
    variables = parameter_variables(quantity)
    reading = value_of(executor, quantity.qualified, variables, state)
    bounded = terms.within(reading.value, at_most + 1)
    formula = terms.implies(within_ranges(quantity, variables), bounded)
    found = make_schema(quantity, variables, formula, reading)
    found.summed = Summed(reading.value, at_most)
    return found


def goals(executor: Executor, quantity: Claim, at_most: int, before: State, after: State) -> Iterator[Goal]:
    """That the step from one state to the other keeps the total."""
    variables = parameter_variables(quantity, "!")
    was = value_of(executor, quantity.qualified, variables, before)
    now = value_of(executor, quantity.qualified, variables, after)
    if terms.same(terms.simplify(was.value), terms.simplify(now.value)):
        return
    named = list(touched(quantity, was, variables, before, after))
    change, accesses = number(0), []
    for place, names in enumerate(named):
        first = terms.both(terms.negate(same_names(names, each)) for each in named[:place])
        old = value_of(executor, quantity.qualified, names, before)
        new = value_of(executor, quantity.qualified, names, after)
        accesses += [*old.accesses, *new.accesses]
        change = change + terms.choose(first, new.value - old.value, number(0))  # type: ignore[operator]
    yield Goal(f"the total of {quantity.name} stays", terms.equal(change, number(0)), accesses, [])
    others = [within_ranges(quantity, variables), *(terms.negate(same_names(variables, each)) for each in named)]
    claim = terms.equal(was.value, now.value)
    yield Goal(f"no other {quantity.name} changes", claim, [*was.accesses, *now.accesses], others)

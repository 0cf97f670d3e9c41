"""What lies between registers and a call: the gate that the compiler makes for it.

The proof of a call begins with names. Here it is shown that the call's own gate hands on exactly
those, each register by the gate of its type and to its place, whose call it is before them; that it
refuses all else with BadName; and that what the call answers comes back. What the call does is
no question here, and what the gates of types let through is proved as of calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from exokernel.abi.errors import BadName
from exokernel.prover import terms
from exokernel.prover.execute import Executor
from exokernel.prover.obligations import Obligation, Run
from exokernel.prover.paths import Conditions, Outcome, Path
from exokernel.prover.system import System
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, agree, unknown


class Arrival(NamedTuple):
    """Where the call's own code begins, and what it answers: anything."""

    conditions: Conditions
    arguments: tuple[Value, ...]
    value: Value
    error: Term


class GateExecutor(Executor):
    """One that goes no further than to the call."""

    def __init__(self, system: System, implementation: str) -> None:
        super().__init__(system.program, system.layout, system.executor.models)
        self.implementation = implementation
        self.arrivals: list[Arrival] = []

    def call(self, name: str, arguments: tuple[Value, ...], path: Path) -> list[Outcome]:
        if name != self.implementation:
            return super().call(name, arguments, path)
        function = self.program.functions[name]
        value = unknown(self.fresh("answer"), function.result)
        error = terms.variable(self.fresh("error")) if function.raises else terms.number(0)
        self.arrivals.append(Arrival(path.conditions, arguments, value, error))
        fine = terms.equal(error, terms.number(0))
        answers = Outcome(path.state, path.start, (*path.conditions, fine), value, terms.number(0), path.trail)
        raises = Outcome(path.state, path.start, (*path.conditions, terms.negate(fine)), None, error, path.trail)
        return [answers, raises] if function.raises else [answers]


def passage(system: System, run: Run) -> Iterator[Obligation]:
    """What is to be shown of the gate of a call; of a step that the machine makes by itself, nothing."""
    if not run.call.has_caller:
        return
    executor = GateExecutor(system, run.call.qualified)
    outcomes = executor.run(f"{run.call.qualified}.gate", run.arguments[1:], system.state)
    begins = terms.both(run.known[1:])  # whose call it may be, the machine sees to
    (arrival,) = executor.arrivals
    arrives = terms.both(arrival.conditions)
    yield asked("what its gate lets through is what its proof begins with", terms.equal(arrives, begins), [])
    places = terms.both(agree(given, wanted) for given, wanted in zip(arrival.arguments, run.arguments, strict=True))
    yield asked("its gate brings each register to its place", places, [begins])
    for outcome in outcomes:
        conditions = list(outcome.conditions)
        refused = terms.equal(outcome.error, terms.number(BadName.number))
        answered = terms.equal(outcome.error, arrival.error)
        if outcome.value is not None:
            answered = terms.both((answered, agree(outcome.value, arrival.value)))
        yield asked("its gate gives back what it answers, or BadName", terms.choose(begins, answered, refused), conditions)
        untouched = terms.FALSE if outcome.state.changed(system.state) else terms.TRUE
        yield asked("its gate changes nothing", untouched, conditions)


def asked(what: str, claim: Term, conditions: list[Term]) -> Obligation:
    return Obligation("gate", what, claim, conditions, (), is_shallow=True, facts=0)

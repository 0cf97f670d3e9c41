"""What turns a register into a name, before a call's own code runs: shown once, of any register, for all calls.

It stops nowhere, changes nothing, refuses with nothing but BadName, and looks at nothing private. What
it lets through is no question here: that is what every proof of a call begins with.
"""

from __future__ import annotations

from collections.abc import Iterator

from exokernel.abi.errors import BadName
from exokernel.prover import terms
from exokernel.prover.claims import Parameter
from exokernel.prover.obligations import Obligation, Run, execute, known_states, obligations
from exokernel.prover.privacy import privacy
from exokernel.prover.system import ADMITTED, GATE, Call, System


def gates(system: System) -> Iterator[tuple[Run, Obligation]]:
    """What is to be shown of the gate of each type."""
    for name in ADMITTED.values():
        run = execute(system, Call(f"admit_{name}", GATE, (Parameter("raw", "int"),), False))
        for obligation in (*obligations(system, run), *refusals(run), *privacy(system, run)):
            yield run, obligation


def refusals(run: Run) -> Iterator[Obligation]:
    for outcome in run.outcomes:
        conditions, states = list(outcome.conditions), known_states(outcome)
        refused = terms.equal(outcome.error, terms.number(BadName.number))
        fine = terms.either((refused, terms.equal(outcome.error, terms.number(0))))
        yield Obligation("error", "a gate refuses with BadName alone", fine, conditions, states, end=outcome)
        untouched = terms.FALSE if outcome.state.changed(outcome.start) else terms.TRUE
        yield Obligation("keeps", "a gate changes nothing", untouched, conditions, states, end=outcome)

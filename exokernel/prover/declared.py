"""What `spec.loops` says of the kernel's loops: shown on entry and after a step, known at the head.

A claim is named as the function whose loop it is about, and speaks of the state in which that
function began. Its parameters are the function's own names, `step` the step that comes next,
and `any_…` any thing. `NAME_KIND` says what the row of any thing is by then; `NAME` is true.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from exokernel.compiler.ir import operations as op
from exokernel.prover import terms
from exokernel.prover.cells import Indices
from exokernel.prover.claims import Claim
from exokernel.prover.execute import Executor, Frame, Stand, ended
from exokernel.prover.instantiate import Reading, Schema, make_schema, parameter_variables, value_of, within_ranges
from exokernel.prover.paths import Path
from exokernel.prover.values import agree

NEXT = "step"


@dataclass(frozen=True)
class Declared:
    """One claim of a loop, and what reads the row it speaks of."""

    claim: Claim
    reader: Claim | None

    @property
    def things(self) -> Claim:
        """The claim as one of any things alone."""
        named = tuple(each for each in self.claim.parameters if each.name.startswith("any_"))
        return replace(self.claim, parameters=named)

    def at(self, executor: Executor, frame: Frame, head: str, path: Path, things: Indices) -> Reading:
        """The claim, where control is at the loop's head."""
        counter = counter_of(frame, head)
        assert counter is not None, f"{self.claim.name} is of a loop over a range"
        given = {**path.locals, NEXT: path.locals[counter]}
        given |= {each.name: thing for each, thing in zip(self.things.parameters, things, strict=True)}
        arguments = tuple(given[each.name] for each in self.claim.parameters)
        said = value_of(executor, self.claim.qualified, arguments, frame.before)
        value, accesses, reads = said.value, said.accesses, said.reads
        if self.reader is not None:
            found = value_of(executor, self.reader.qualified, things, path.state)
            value, accesses, reads = agree(found.value, value), [*accesses, *found.accesses], reads | found.reads
        holds = terms.implies(within_ranges(self.things, things), terms.both((said.defined, value)))
        return Reading(holds, said.defined, accesses, reads)


def counter_of(frame: Frame, head: str) -> str | None:
    """The number that a loop over a range has come to: what its variable will be in the next step."""
    first = frame.graph.blocks[head].operations[0]
    return first.left.name if isinstance(first, op.Compare) and isinstance(first.left, op.Local) else None


def known_at_head(executor: Executor, frame: Frame, head: str, start: Path) -> Iterator[Schema]:
    for declared in executor.declared.get(frame.function.name, ()):
        variables = parameter_variables(declared.things)
        reading = declared.at(executor, frame, head, start, variables)
        formula = terms.implies(terms.both(start.conditions), reading.value)
        yield make_schema(declared.claim, variables, formula, reading)


def to_be_shown(executor: Executor, frame: Frame, head: str, path: Path, when: str) -> Iterator[Stand]:
    for declared in executor.declared.get(frame.function.name, ()):
        claim = declared.claim
        reading = declared.at(executor, frame, head, path, parameter_variables(declared.things, "!"))
        outcome = ended(path, None, terms.number(0))
        yield Stand(claim.name, f"{claim.sentence} ({when})", reading.value, reading.accesses, outcome)

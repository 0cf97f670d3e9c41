"""Functions that are compared by themselves, and are one event to all that call them.

The source marks them `cold` and `never_inline`: what the kernel tells the host when something
ends. So is what the proofs know to be a function, and no more: the hash that seals are made
with. All that such a function leaves and returns may depend on its arguments and on the single
cells it looks at; it touches no table. What it does with them, its own comparison shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import z3

from exokernel.compiler.ir import operations as op
from exokernel.prover import terms
from exokernel.prover.claims import Parameter
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.source import Follower
from exokernel.prover.machine import PURE
from exokernel.prover.paths import Path
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term
from exokernel.prover.values import is_term

MARKS = {"cold", "never_inline"}
WORD = z3.BitVecSort(terms.BITS)


@dataclass(frozen=True)
class Event:
    """What such a function is to its callers."""

    function: str
    read: tuple[str, ...]  # cells
    written: tuple[str, ...]
    answers: bool = False  # with a word

    def happen(self, path: Path, arguments: Sequence[Term]) -> Term | None:
        given = [*(path.state.table(each).read(()) for each in self.read), *arguments]
        for name in self.written:
            table = path.state.table(name)
            left = terms.applied(f"{name} after {self.function}", given, table.read(()).sort())
            path.state = path.state.with_table(name, table.write((), left))
        return terms.applied(f"what {self.function} returns", given, WORD) if self.answers else None


def functions_apart(system: System) -> Iterator[Call]:
    """Those that calls lead to, each as if it were one."""
    for name, function in sorted(system.program.functions.items()):
        if name.startswith("exokernel.kernel.") and (function.attributes.keys() >= MARKS or name in PURE):
            module, _, short = name.rpartition(".")
            yield Call(short, module, tuple(Parameter(each.name, "") for each in function.parameters), False)


def event_of(system: System, follower: Follower, function: op.Function) -> Event:
    """What a function looks at and leaves, from its source. Raises Unsupported when that is no single cell.

    Of what proofs take for a function, that is nothing; to follow it here would slow down all that z3 is asked later.
    """
    if function.name in PURE:
        return Event(function.name, (), (), answers=True)

    arguments = tuple(terms.variable(f"{function.name}.{each.name}") for each in function.parameters)
    outcomes = follower.run(function.name, arguments, system.state)
    written = {name for each in outcomes for name in each.state.changed(each.start)}
    read = {name for name in follower.journal.reads if "$" not in name} | written
    for name in read:
        if system.state.table(name).family.widths:
            raise Unsupported(f"{function.name} is told apart, and touches {name}")
    answers = any(is_term(each.value) for each in outcomes)
    return Event(function.name, tuple(sorted(read)), tuple(sorted(written)), answers)

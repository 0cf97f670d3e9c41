"""What happens between calls, when the kernel does not run: it keeps the invariants too.

A library writes what it likes into frames of data, the only ones that any entry lets it write;
the processor notes in entries that it has used them. Both are steps like a call's, from any
state, and every invariant and counter is shown to survive them.
"""

from __future__ import annotations

from collections.abc import Iterator

from exokernel.abi.names import FRAMES, TABLE_ENTRIES
from exokernel.abi.tables import FrameKind
from exokernel.prover import terms
from exokernel.prover.execute import Journal
from exokernel.prover.layout import FRAME_ROWS
from exokernel.prover.machine import WORDS
from exokernel.prover.obligations import Obligation, Run, preserved
from exokernel.prover.paths import Outcome
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term, number

ACCESSED = 5  # and `dirty` above it: bits of an entry


def steps_between(system: System) -> Iterator[tuple[Run, Obligation]]:
    """What is to be shown of both kinds of step."""
    frame, index = terms.variable("frame between"), terms.variable("index between")
    words = system.state.table(f"{WORDS}[]")
    old = words.read((frame, index))
    kind = system.state.table(f"{FRAME_ROWS}|kind").read((frame,))
    anything = terms.variable("word between")
    present = terms.equal(terms.slice_bits(old, 0, 0), number(1, 1))
    is_data = terms.equal(kind, number(int(FrameKind.DATA), 8))
    yield from step(system, "a library writes its data", frame, index, anything, is_data)
    yield from step(system, "the processor notes a use", frame, index, noted(old, anything), present)


def noted(entry: Term, anything: Term) -> Term:
    """An entry with `accessed`, `dirty`, both or neither set, all else plainly as it was."""
    two = terms.slice_bits(entry, ACCESSED + 1, ACCESSED) | terms.slice_bits(anything, 1, 0)
    return terms.joined((terms.slice_bits(entry, 63, ACCESSED + 2), two, terms.slice_bits(entry, ACCESSED - 1, 0)))


def step(
    system: System, what: str, frame: Term, index: Term, word: Term, condition: Term
) -> Iterator[tuple[Run, Obligation]]:
    name = f"{WORDS}[]"
    conditions = (terms.within(frame, FRAMES), terms.within(index, TABLE_ENTRIES), condition)
    after = system.state.with_table(name, system.state.table(name).write((frame, index), word))
    outcome = Outcome(after, system.state, conditions, None, number(0))
    accesses = [(name, (frame, index)), (WORDS, (frame,))]
    run = Run(Call(what, "", (), False), (), [], [outcome], Journal(), accesses)
    for obligation in preserved(system, outcome, f"when {what}"):
        yield run, obligation

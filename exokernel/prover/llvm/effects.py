"""What the processor's instructions do, told once for both sides of a comparison.

Two clear or copy a whole frame. All others are events: what an instruction answers, and what
all later ones answer, may depend on every one before it, with its operands. So two programs
that leave the same trace have issued the same instructions in the same order. Where between
them a table was written is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import z3

from exokernel.compiler.ir.types import Cell
from exokernel.prover import terms
from exokernel.prover.cells import Fill
from exokernel.prover.execute import Unsupported
from exokernel.prover.layout import Layout
from exokernel.prover.llvm.addresses import Map, Sum, as_sum, key_in
from exokernel.prover.machine import WORDS
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number

TRACE = "trace"
CLEAR, COPY = "rep stosq", "rep movsq"
FRAME_WORDS = 512


def add_trace(layout: Layout) -> None:
    layout.add_root(TRACE, Cell(64))


def perform(where: Map, path: Path, text: str, operands: Sequence[Sum | Term]) -> Term | None:
    """Do what an instruction does, spelt as for LLVM; its answer, if it is one that answers."""
    if text in (CLEAR, COPY):
        target, second, third = operands if text == CLEAR else (operands[0], operands[2], operands[1])
        is_whole = terms.literal(as_term(second)) == FRAME_WORDS
        if not is_whole or (text == CLEAR and terms.literal(as_term(third)) != 0):
            raise Unsupported(f"{text} of anything but a whole frame")
        fill_frame(where, path, as_sum(target), as_sum(third) if text == COPY else None)
        return None
    return event(path, text, [as_term(each) for each in operands])


def as_term(value: Sum | Term) -> Term:
    return value.term if isinstance(value, Sum) else value


def event(path: Path, what: str, operands: Sequence[Term]) -> Term:
    """Note an event in the trace; what it answers."""
    table = path.state.table(TRACE)
    given = [table.read(()), *operands]
    word = z3.BitVecSort(terms.BITS)
    path.state = path.state.with_table(TRACE, table.write((), terms.applied(what, given, word)))
    return terms.applied(f"answer to {what}", given, word)


def fill_frame(where: Map, path: Path, target: Sum, source: Sum | None) -> None:
    """A whole frame cleared, or copied from another."""
    table = path.state.table(f"{WORDS}[]")

    def frame(address: Sum) -> Term:
        _, index, _ = where.locate(address)
        return terms.simplify(terms.slice_bits(key_in(table, index), 28, 9))

    origin = None if source is None else frame(source)
    path.state = path.state.with_table(f"{WORDS}[]", table.updated(Fill(frame(target), (), origin)))

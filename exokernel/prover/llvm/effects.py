"""What the processor's instructions do, told once for both sides of a comparison.

Two clear or copy a whole frame. All others are events: what an instruction answers, and what
all later ones answer, may depend on every one before it, with its operands. So two programs
that leave the same trace have issued the same instructions in the same order. Where between
them a table was written is not compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import z3

from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.names import FRAME_SIZE, FRAMES
from exokernel.compiler.ir.types import Cell
from exokernel.prover import terms
from exokernel.prover.cells import Fill
from exokernel.prover.execute import Unsupported
from exokernel.prover.layout import Layout
from exokernel.prover.llvm.addresses import Sum, as_sum
from exokernel.prover.machine import WORDS
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number

TRACE = "trace"
CLEAR, COPY = "rep stosq", "rep movsq"
FILLING = {CLEAR: "{di},{cx},{ax},", COPY: "{di},{si},{cx},"}  # in which registers their operands are
FRAME_WORDS = FRAME_SIZE // 8
FRAME_BITS = (FRAMES - 1).bit_length()


def add_trace(layout: Layout) -> None:
    layout.add_root(TRACE, Cell(64))


class Issued(NamedTuple):
    """An instruction, spelt as for LLVM."""

    template: str
    constraints: str  # where its operands are


def perform(path: Path, issued: Issued, operands: Sequence[Sum | Term]) -> Term | None:
    """Do what an instruction does; its answer, if it is one that answers. Raises Unsupported."""
    if issued.template not in FILLING:
        return event(path, " ".join(issued), [as_term(each) for each in operands])
    count, value = operands[1:] if issued.template == CLEAR else (operands[2], number(0))
    if terms.literal(as_term(count)) != FRAME_WORDS or terms.literal(as_term(value)) != 0:
        raise Unsupported(f"{issued.template} of anything but a whole frame")
    if not issued.constraints.startswith(FILLING[issued.template]):
        raise Unsupported(f"{issued.template} with operands in {issued.constraints}")
    target, *source = map(frame_at, filled(issued, operands))
    table = path.state.table(f"{WORDS}[]")
    path.state = path.state.with_table(f"{WORDS}[]", table.updated(Fill(target, (), *source or [None])))
    return None


def filled(issued: Issued, operands: Sequence[Sum | Term]) -> list[Sum]:
    """The addresses of the frame that an instruction fills, and of the one that it copies; none, if it is no such instruction."""
    return [as_sum(each) for each in operands[: {CLEAR: 1, COPY: 2}.get(issued.template, 0)]]


def frame_at(address: Sum) -> Term:
    """The number of the frame that begins at an address, cut to as many bits as numbers of frames have. Raises Unsupported."""
    offset = Sum(address.constant - DIRECT_MAP, address.parts)
    if address.symbol or offset.constant % FRAME_SIZE or any(each % FRAME_SIZE for each, _ in offset.parts):
        raise Unsupported(f"a frame at {address}")
    parts = tuple((each // FRAME_SIZE, term) for each, term in offset.parts)
    return terms.simplify(terms.low_bits(Sum(offset.constant // FRAME_SIZE, parts).term, FRAME_BITS))


def as_term(value: Sum | Term) -> Term:
    return value.term if isinstance(value, Sum) else value


def event(path: Path, what: str, operands: Sequence[Term]) -> Term:
    """Note an event in the trace; what it answers."""
    table = path.state.table(TRACE)
    given = [table.read(()), *operands]
    word = z3.BitVecSort(terms.BITS)
    path.state = path.state.with_table(TRACE, table.write((), terms.applied(what, given, word)))
    return terms.applied(f"answer to {what}", given, word)

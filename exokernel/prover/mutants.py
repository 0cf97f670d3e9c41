"""Is the proof awake? Change one thing in a call, and something must no longer be provable.

A mutant differs from the kernel in one operation of the IR: a store left out, a comparison
turned, a branch that always goes one way, a constant one off. Only the portable kernel is
changed, never the specification. A survivor is either no change at all, and stands with its
reason in the file of survivors, or a gap in the specification.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from exokernel.compiler.ir import operations as op
from exokernel.prover.cache import reached
from exokernel.prover.claims import ROOT
from exokernel.prover.execute import Unsupported
from exokernel.prover.obligations import Obligation, Run, deeper, execute, hypotheses, obligations
from exokernel.prover.own import own_specification
from exokernel.prover.solver import Verdict, prove
from exokernel.prover.system import GATE, Call, System
from exokernel.prover.theorems import step_theorems

SURVIVORS = ROOT / "tests" / "prover" / "survivors.txt"
TURNED = {
    op.Relation.EQUAL: op.Relation.NOT_EQUAL,
    op.Relation.NOT_EQUAL: op.Relation.EQUAL,
    op.Relation.LESS: op.Relation.LESS_EQUAL,
    op.Relation.LESS_EQUAL: op.Relation.LESS,
    op.Relation.GREATER: op.Relation.GREATER_EQUAL,
    op.Relation.GREATER_EQUAL: op.Relation.GREATER,
}
STORES = (op.Store, op.CopyRecord, op.Zero)
EFFECTS = ("paging.store", "paging.clear", "paging.copy", "paging.forget", "paging.forget_all")


@dataclass(frozen=True)
class Mutant:
    """One changed operation: in its place, others, or none."""

    function: str
    block: str
    place: int
    label: str
    operations: tuple[op.Operation, ...]


def mutants_of(function: op.Function) -> Iterator[Mutant]:
    everything = [one for block in function.blocks for one in block.operations]
    errors = {one.error.name for one in everything if isinstance(one, op.Call) and one.error is not None}
    tests = {one.target.name for one in everything if isinstance(one, op.Compare) and name_of(one.left) in errors}
    for block in function.blocks:
        for place, one in enumerate(block.operations):
            if isinstance(one, op.Compare) and one.target.name in tests:
                continue  # whether a call raised is asked by the compiler, not by the source
            if isinstance(one, op.Branch) and name_of(one.condition) in tests:
                continue
            for label, changed in changes(one):
                line = one.location.line if one.location else 0
                yield Mutant(function.name, block.name, place, f"{function.name}:{line} {label}", changed)


def name_of(item: op.Operand) -> str:
    return item.name if isinstance(item, op.Local) else ""


def changes(one: op.Operation) -> Iterator[tuple[str, tuple[op.Operation, ...]]]:
    if isinstance(one, STORES):
        yield "a store left out", ()
    elif isinstance(one, op.Call) and one.target is None and one.function.endswith(EFFECTS):
        yield f"{one.function.rpartition('.')[2]} left out", ()
    elif isinstance(one, op.Compare) and one.relation in TURNED:
        other = TURNED[one.relation]
        yield f"{one.relation.value} turned to {other.value}", (replace(one, relation=other),)
    elif isinstance(one, op.Branch):
        yield "always the first way", (op.Jump(one.then, location=one.location),)
        yield "always the other way", (op.Jump(one.otherwise, location=one.location),)
    elif isinstance(one, op.Binary) and one.operator in (op.BinaryOperator.ADD, op.BinaryOperator.SUBTRACT):
        other_way = op.BinaryOperator.SUBTRACT if one.operator is op.BinaryOperator.ADD else op.BinaryOperator.ADD
        yield f"{one.operator.value} turned", (replace(one, operator=other_way, proved=False),)


def portable(name: str) -> bool:
    return name.startswith("exokernel.kernel.") and not name.startswith(
        ("exokernel.kernel.arch.", "exokernel.kernel.drivers.", "exokernel.kernel.console.", GATE)
    )


def with_mutant(system: System, mutant: Mutant, action: Callable[[], bool]) -> bool:
    """Do something while the kernel is changed."""
    function = system.program.functions[mutant.function]
    block = next(each for each in function.blocks if each.name == mutant.block)
    original = list(block.operations)
    block.operations[mutant.place : mutant.place + 1] = list(mutant.operations)
    system.executor.graphs.clear()
    try:
        return action()
    finally:
        block.operations[:] = original
        system.executor.graphs.clear()


def is_killed(system: System, call: Call) -> bool:
    """Whether anything about the call can no longer be proved."""
    try:
        run = execute(system, call)
        for part in (own_specification, step_theorems, obligations):
            if any(not is_proved(system, each, run) for each in part(system, run)):
                return True
        return False
    except (Unsupported, RuntimeError):
        return True


def is_proved(system: System, obligation: Obligation, run: Run) -> bool:
    known = hypotheses(system, obligation, run)
    if prove(known, obligation.claim).verdict is Verdict.PROVED:
        return True
    more = deeper(system, obligation, run)
    return prove([*known, *more], obligation.claim).verdict is Verdict.PROVED


def report_mutants(system: System, names: list[str], survivors: Path = SURVIVORS) -> int:
    """Try every mutant of these calls; 1 if one survives that is not excused."""
    excused = set(survivors.read_text().splitlines()) if survivors.exists() else set()
    calls = [system.calls[name] for name in names or system.calls]
    began, killed, alive = time.perf_counter(), 0, list[str]()
    for label, mutant, callers in found(system, calls):
        if any(with_mutant(system, mutant, lambda call=call: is_killed(system, call)) for call in callers):  # type: ignore[misc]
            killed += 1
        else:
            alive.append(label)
            print(f"survived  {label}{'  (excused)' if label in excused else ''}", flush=True)
    total = killed + len(alive)
    score = 100 * killed / max(total, 1)
    print(f"{killed} of {total} mutants killed ({score:.1f} %) in {time.perf_counter() - began:.0f} s")
    return 1 if any(label not in excused for label in alive) else 0


def found(system: System, calls: list[Call]) -> Iterator[tuple[str, Mutant, list[Call]]]:
    """Every mutant of what the calls reach, with the calls that reach it."""
    reaching: dict[str, list[Call]] = {}
    for call in calls:
        for name in reached(system.program, call.qualified):
            if portable(name):
                reaching.setdefault(name, []).append(call)
    for name in sorted(reaching):
        for number, mutant in enumerate(mutants_of(system.program.functions[name])):
            yield f"{mutant.label} #{number}", mutant, reaching[name]

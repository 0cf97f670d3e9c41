"""Optional references: used only where a test has shown that they are not None.

A use is an assignment of an optional reference to one that is not; the builder makes one
before every access. What a branch on `is None` shows holds until the name is assigned again.
"""

from __future__ import annotations

from exokernel.compiler.check.flow import graph, uses
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

Finding = tuple[op.Location | None, str]
State = frozenset[str]


def check(function: op.Function) -> list[Finding]:
    """The uses of references that may be None."""
    if not any(_narrows(each) for block in function.blocks for each in block.operations):
        return []
    by_name = {block.name: block for block in function.blocks}
    before: dict[str, State | None] = dict.fromkeys(by_name)
    before[function.blocks[0].name] = frozenset()
    pending = [function.blocks[0].name]
    while pending:
        block = by_name[pending.pop()]
        state = before[block.name]
        assert state is not None
        for target, after in _edges(block, state):
            known = before[target]
            merged = after if known is None else known & after
            if merged != known:
                before[target] = merged
                pending.append(target)
    return [
        found
        for block in function.blocks
        if (state := before[block.name]) is not None
        for found in _absent(block, state)
    ]


def _narrows(operation: op.Operation) -> bool:
    """Whether an operation takes an optional reference for one that is there."""
    return (
        isinstance(operation, op.Assign)
        and isinstance(operation.target.type, ir.Reference)
        and not operation.target.type.optional
        and _optional(operation.value)
    )


def _optional(operand: op.Operand) -> bool:
    return operand.type == ir.NONE or (isinstance(operand.type, ir.Reference) and operand.type.optional)


def _step(operation: op.Operation, present: State) -> State:
    """What is known to be present after an operation."""
    if isinstance(operation, op.Assign) and _optional(operation.target):
        value = operation.value
        there = not _optional(value) or (isinstance(value, op.Local) and value.name in present)
        return present | {operation.target.name} if there else present - {operation.target.name}
    if _narrows(operation):
        assert isinstance(operation, op.Assign)
        return present | {operation.value.name} if isinstance(operation.value, op.Local) else present
    for local in uses.written(operation):
        present = present - {local.name}
    return present


def _edges(block: op.Block, state: State) -> list[tuple[str, State]]:
    """The state at each successor, with what a test of the last branch shows."""
    for operation in block.operations:
        state = _step(operation, state)
    last = block.operations[-1]
    if isinstance(last, op.Branch) and isinstance(last.condition, op.Local) and last.then != last.otherwise:
        tested, absent = _tested(block, last.condition.name)
        if tested is not None:
            shown = last.otherwise if absent else last.then
            other = last.then if absent else last.otherwise
            return [(shown, state | {tested}), (other, state)]
    return [(target, state) for target in graph.successors(block)]


def _tested(block: op.Block, name: str) -> tuple[str | None, bool]:
    """The reference a condition asks about, and whether true means absent."""
    absent, assigned = True, set[str]()
    for operation in reversed(block.operations[:-1]):
        if isinstance(operation, op.IsNone) and operation.target.name == name:
            reference = operation.reference
            still = isinstance(reference, op.Local) and reference.name not in assigned
            return (reference.name if isinstance(reference, op.Local) and still else None), absent
        assigned |= {local.name for local in uses.written(operation)}
        if isinstance(operation, op.Unary) and operation.target.name == name:
            if not isinstance(operation.operand, op.Local):
                return None, absent
            name, absent = operation.operand.name, not absent
        elif any(local.name == name for local in uses.written(operation)):
            return None, absent
    return None, absent


def _absent(block: op.Block, state: State) -> list[Finding]:
    found = []
    for operation in block.operations:
        if _narrows(operation):
            assert isinstance(operation, op.Assign)
            value = operation.value
            if not (isinstance(value, op.Local) and value.name in state):
                name = value.name if isinstance(value, op.Local) and not value.name[0].isdigit() else ""
                found.append((operation.location, name))
        state = _step(operation, state)
    return found

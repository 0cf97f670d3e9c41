"""Definite assignment: on every path to its use, a name has been given a value."""

from __future__ import annotations

from exokernel.compiler.check.flow import graph, uses
from exokernel.compiler.ir import operations as op

Finding = tuple[op.Location | None, str]


def check(function: op.Function) -> list[Finding]:
    """The uses of names that may have no value yet."""
    bits = {local.name: 1 << position for position, local in enumerate(function.locals)}
    if not bits:
        return []
    everything = (1 << len(bits)) - 1
    gains = {block.name: _gained(block, bits) for block in function.blocks}
    before = dict.fromkeys(gains, everything)
    before[function.blocks[0].name] = 0
    by_name = {block.name: block for block in function.blocks}
    pending = [block.name for block in reversed(function.blocks)]
    while pending:
        name = pending.pop()
        after = before[name] | gains[name]
        for target in graph.successors(by_name[name]):
            merged = before[target] & after
            if merged != before[target]:
                before[target] = merged
                pending.append(target)
    return [found for block in function.blocks for found in _unassigned(block, bits, before[block.name])]


def _gained(block: op.Block, bits: dict[str, int]) -> int:
    gained = 0
    for operation in block.operations:
        for local in uses.written(operation):
            gained |= bits.get(local.name, 0)
    return gained


def _unassigned(block: op.Block, bits: dict[str, int], assigned: int) -> list[Finding]:
    found = []
    for operation in block.operations:
        for local in uses.read(operation):
            bit = bits.get(local.name, 0)
            if bit & ~assigned:
                found.append((operation.location, local.name))
                assigned |= bit  # say it once
        for local in uses.written(operation):
            assigned |= bits.get(local.name, 0)
    return found

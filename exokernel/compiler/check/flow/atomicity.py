"""Failure atomicity: a system call that raises has changed nothing but its own frame.

For every function: whether it may change memory that is not its own (`effects`), and whether an
error may leave it after it has (`dirty`). A system call must not be dirty.
"""

from __future__ import annotations

from dataclasses import dataclass

from exokernel.compiler.check.flow import graph, uses
from exokernel.compiler.check.flow.lifetimes import ELSEWHERE, Regions
from exokernel.compiler.ir import operations as op


@dataclass
class Effects:
    """What a function may change: statics and the like, and what these parameters refer to."""

    elsewhere: bool = False
    parameters: frozenset[int] = frozenset()
    dirty: op.Location | None = None  # an error may leave from here after a change
    is_dirty: bool = False


class Analysis:
    """Effects of all functions, to a fixed point."""

    def __init__(
        self,
        functions: list[op.Function],
        regions: dict[str, Regions],
        instructions: dict[str, op.InstructionForm],
    ) -> None:
        self.functions, self.regions, self.instructions = functions, regions, instructions
        self.effects = {function.name: Effects() for function in functions}

    def solve(self) -> None:
        changed = True
        while changed:
            changed = False
            for function in self.functions:
                if function.blocks:
                    changed |= self._update(function)
        changed = True
        while changed:
            changed = False
            for function in self.functions:
                effects = self.effects[function.name]
                if function.raises and function.blocks and not effects.is_dirty:
                    where = self._dirty_raise(function)
                    if where is not None:
                        effects.is_dirty, effects.dirty = True, where.location
                        changed = True

    def _update(self, function: op.Function) -> bool:
        effects = self.effects[function.name]
        elsewhere, parameters = effects.elsewhere, set(effects.parameters)
        for block in function.blocks:
            for operation in block.operations:
                far, reached = self._changes(function, operation)
                elsewhere |= far
                parameters |= reached
        if elsewhere == effects.elsewhere and parameters == effects.parameters:
            return False
        effects.elsewhere, effects.parameters = elsewhere, frozenset(parameters)
        return True

    def _changes(self, function: op.Function, operation: op.Operation) -> tuple[bool, set[int]]:
        """Whether an operation changes memory elsewhere, and that of which parameters."""
        target = uses.stored(operation)
        if target is not None:
            return self._reached(function, target)
        if isinstance(operation, op.Instruct):
            form = self.instructions[operation.instruction]  # one that answers something only looks
            return operation.target is None and "memory" in form.clobbers, set()
        if not isinstance(operation, op.Call):
            return False, set()
        effects = self.effects[operation.function]
        elsewhere, parameters = effects.elsewhere, set[int]()
        for position in effects.parameters:
            far, reached = self._reached(function, operation.arguments[position])
            elsewhere |= far
            parameters |= reached
        return elsewhere, parameters

    def _reached(self, function: op.Function, target: op.Place | op.Operand) -> tuple[bool, set[int]]:
        """Whether memory is elsewhere, and which parameters it is reached by. A frame's own is neither."""
        regions = self.regions.get(function.name)
        if isinstance(target, op.Place):
            if isinstance(target.base, op.Slot):
                return False, set()
            found = regions.place(target) if regions is not None else set()
        else:
            found = regions.operand(target) if regions is not None else set()
        return not found or ELSEWHERE in found, {each for each in found if isinstance(each, int)}

    def changes(self, function: op.Function, operation: op.Operation) -> bool:
        """Whether an operation changes anything that outlives the function."""
        elsewhere, parameters = self._changes(function, operation)
        return elsewhere or bool(parameters)

    def _dirty_raise(self, function: op.Function) -> op.Raise | None:
        """A raise that may follow a change."""
        by_name = {block.name: block for block in function.blocks}
        before = dict.fromkeys(by_name, False)
        pending, seen = [function.blocks[0].name], set[str]()
        while pending:
            block = by_name[pending.pop()]
            seen.add(block.name)
            for target, changed in self._edges(function, block, before[block.name]):
                if target not in seen or (changed and not before[target]):
                    before[target] |= changed
                    pending.append(target)
        for block in function.blocks:
            last = block.operations[-1]
            if isinstance(last, op.Raise) and self._after(function, block, before[block.name]):
                return last
        return None

    def _after(self, function: op.Function, block: op.Block, changed: bool) -> bool:
        return changed or any(self.changes(function, each) for each in block.operations)

    def _edges(self, function: op.Function, block: op.Block, changed: bool) -> list[tuple[str, bool]]:
        """Whether something has changed, at each successor: a call that raised cleanly changed nothing."""
        last, call = block.operations[-1], None
        if isinstance(last, op.Branch) and len(block.operations) >= 3 and isinstance(block.operations[-3], op.Call):
            call = block.operations[-3]
        if call is None or call.error is None or not isinstance(last, op.Branch):
            after = self._after(function, block, changed)
            return [(target, after) for target in graph.successors(block)]
        first = changed or any(self.changes(function, each) for each in block.operations[:-3])
        raised = first or self.effects[call.function].is_dirty
        return [(last.then, raised), (last.otherwise, first or self.changes(function, call))]

"""Lifetimes: no reference outlives the record, array or text it refers to.

References are never stored, so storage of a function's own frame can escape it only by being
returned, and go stale only by being made anew while an older reference is still used. What a
call returns may refer to whatever its arguments referred to that its summary names.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exokernel.compiler.check.flow import graph, uses
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

Region = str | int  # a slot by name, a parameter by position
ELSEWHERE = "@"  # statics, and whatever else is not the function's own
FROZEN = "!"  # ends the region of bytes of a slot: they are not to change
Finding = tuple[op.Location | None, str, str]  # where, what, which rule


@dataclass
class Summary:
    """The parameters that a function's result may refer to, by position."""

    result: frozenset[int] = frozenset()


@dataclass
class Regions:
    """What each local of a function may refer to, on whatever path."""

    function: op.Function
    summaries: dict[str, Summary]
    of: dict[str, set[Region]] = field(default_factory=dict)

    def solve(self) -> None:
        for position, parameter in enumerate(self.function.parameters):
            if refers(parameter.type):
                self.of[parameter.name] = {position}
        moves = [each for block in self.function.blocks for each in block.operations if _moves(each)]
        changed = True
        while changed:
            changed = False
            for operation in moves:
                for target in uses.written(operation):
                    if refers(target.type):
                        known = self.of.setdefault(target.name, set())
                        before = len(known)
                        known |= self._sources(operation)
                        changed |= len(known) != before

    def operand(self, operand: op.Operand) -> set[Region]:
        return self.of.get(operand.name, set()) if isinstance(operand, op.Local) else set()

    def place(self, place: op.Place) -> set[Region]:
        match place.base:
            case op.Slot(name):
                return {name}
            case op.Local():
                return self.operand(place.base)
            case _:
                return {ELSEWHERE}

    def _sources(self, operation: op.Operation) -> set[Region]:
        match operation:
            case op.Refer(place=place):
                return self.place(place)
            case op.Call(function=name, arguments=arguments):
                summary = self.summaries.get(name, Summary())
                passed = set[Region]().union(*(self.operand(arguments[each]) for each in summary.result))
                return passed | {ELSEWHERE}
            case op.AtAddress():
                return {ELSEWHERE}
            case op.MakeTuple(items=items):
                return set[Region]().union(*(self.operand(each) for each in items))
            case op.Slice(view=view):
                return self.operand(view)
            case op.BytesOf(value=value):
                found = self.operand(value)
                frozen = isinstance(value.type, ir.View)
                return found | {f"{each}{FROZEN}" for each in found if _is_slot(each)} if frozen else found
            case op.Assign(value=value) | op.Item(value=value):
                return self.operand(value)
            case _:
                return set()


def _moves(operation: op.Operation) -> bool:
    return isinstance(
        operation, (op.Refer, op.Call, op.AtAddress, op.MakeTuple, op.Slice, op.Assign, op.BytesOf, op.Item)
    )


def refers(kind: ir.Value) -> bool:
    """Whether values of a type refer to memory."""
    if isinstance(kind, ir.Tuple):
        return any(map(refers, kind.items))
    return isinstance(kind, (ir.Reference, ir.View, ir.Text, ir.Bytes))


def _is_slot(region: Region) -> bool:
    return isinstance(region, str) and region != ELSEWHERE and not region.endswith(FROZEN)


def summarise(functions: list[op.Function]) -> tuple[dict[str, Summary], dict[str, Regions]]:
    """The summaries of all functions, to a fixed point, and the regions they come from."""
    summaries = {function.name: Summary() for function in functions}
    solved: dict[str, Regions] = {}
    pending = [function for function in functions if _concerned(function)]
    changed = True
    while changed:
        changed = False
        for function in pending:
            regions = solved.setdefault(function.name, Regions(function, summaries))
            regions.solve()
            result = frozenset(each for each in _returned(regions) if isinstance(each, int))
            if result != summaries[function.name].result:
                summaries[function.name] = Summary(result)
                changed = True
    return summaries, solved


def _concerned(function: op.Function) -> bool:
    return bool(function.slots) or any(refers(each.type) for each in function.parameters)


def _returned(regions: Regions) -> set[Region]:
    found = set[Region]()
    for block in regions.function.blocks:
        last = block.operations[-1]
        if isinstance(last, op.Return) and last.value is not None:
            found |= regions.operand(last.value)
    return found


def check(regions: Regions) -> list[Finding]:
    """References that escape their function, or are used after their storage was made anew."""
    function, found = regions.function, list[Finding]()
    for block in function.blocks:
        last = block.operations[-1]
        if isinstance(last, op.Return) and last.value is not None:
            for each in sorted(str(each) for each in regions.operand(last.value) if _is_slot(each)):
                found.append((last.location, each, "escapes"))
    holders = {
        name: {each for each in held if isinstance(each, str) and each != ELSEWHERE} for name, held in regions.of.items()
    }
    holders = {name: slots for name, slots in holders.items() if slots}
    return [*found, *_outdated(regions, holders)] if holders else found


def _outdated(regions: Regions, holders: dict[str, set[str]]) -> list[Finding]:
    """Where storage is made anew, or bytes of it change, while what refers to it is still to be used."""
    live = _live_at_end(regions.function, set(holders))
    found = []
    for block in regions.function.blocks:
        alive = set(live[block.name])
        for operation in reversed(block.operations):
            for local in uses.written(operation):
                alive.discard(local.name)
            held = set[str]().union(*(holders[each] for each in alive))
            for name, rule in _changes(regions, operation):
                if (name if rule == "stale" else f"{name}{FROZEN}") in held:
                    found.append((operation.location, name, rule))
            alive |= {local.name for local in uses.read(operation) if local.name in holders}
    return found


def _changes(regions: Regions, operation: op.Operation) -> list[tuple[str, str]]:
    """The slots that an operation makes anew, or may change."""
    if isinstance(operation, op.Zero) and isinstance(operation.place.base, op.Slot) and not operation.place.path:
        return [(operation.place.base.name, "stale")]
    target = uses.stored(operation)
    if isinstance(target, op.Place):
        reached = regions.place(target)
    elif target is not None:
        reached = regions.operand(target)
    elif isinstance(operation, op.Call):
        passed = [each for each in operation.arguments if isinstance(each.type, (ir.Reference, ir.View))]
        reached = set[Region]().union(*(regions.operand(each) for each in passed))
    else:
        return []
    return [(each, "frozen") for each in sorted(str(each) for each in reached if _is_slot(each))]


def _live_at_end(function: op.Function, names: set[str]) -> dict[str, set[str]]:
    """For each block, which of these names may be read after it before they are assigned."""
    before = graph.predecessors(function)
    by_name = {block.name: block for block in function.blocks}
    live: dict[str, set[str]] = {name: set() for name in by_name}
    pending = list(by_name)
    while pending:
        block = by_name[pending.pop()]
        alive = set(live[block.name])
        for operation in reversed(block.operations):
            alive -= {local.name for local in uses.written(operation)}
            alive |= {local.name for local in uses.read(operation) if local.name in names}
        for name in before[block.name]:
            if not alive <= live[name]:
                live[name] |= alive
                pending.append(name)
    return live

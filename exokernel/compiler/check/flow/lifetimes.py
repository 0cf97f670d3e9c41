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

Region = str | int  # a slot by name, a parameter by position, a static by its name behind ELSEWHERE
ELSEWHERE = "@"  # statics, and whatever else is not the function's own
FROZEN = "!"  # ends the region of bytes of any of these: they are not to change
Finding = tuple[op.Location | None, str, str]  # where, what, which rule


@dataclass
class Summary:
    """What a function's result may refer to, and what the function may change, besides what is its own."""

    result: frozenset[Region] = frozenset()
    changes: frozenset[Region] = frozenset()


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
            case op.Static(name):
                return {ELSEWHERE, ELSEWHERE + name}

    def _sources(self, operation: op.Operation) -> set[Region]:
        match operation:
            case op.Refer(place=place):
                return self.place(place)
            case op.Call(function=name):
                return self._seen_from(operation, self.summaries.get(name, Summary()).result) | {ELSEWHERE}
            case op.AtAddress():
                return {ELSEWHERE}
            case op.MakeTuple(items=items):
                return set[Region]().union(*(self.operand(each) for each in items))
            case op.Slice(view=view):
                return self.operand(view)
            case op.BytesOf(value=value):
                found = self.operand(value)
                return found | _frozen(found) if isinstance(value.type, ir.View) else found
            case op.Assign(value=value) | op.Item(value=value):
                return self.operand(value)
            case _:
                return set()


    def _seen_from(self, call: op.Call, regions: frozenset[Region]) -> set[Region]:
        """Regions of a function called, as the caller knows them."""
        found = set[Region]()
        for each in regions:
            position, frozen, _ = str(each).partition(FROZEN)
            if position.isdigit():
                passed = self.operand(call.arguments[int(position)])
                found |= _frozen(passed) if frozen else passed
            else:
                found.add(each)
        return found

    def changed(self, operation: op.Operation) -> set[Region]:
        """What an operation may change."""
        target = uses.stored(operation)
        if isinstance(target, op.Place):
            return self.place(target)
        if target is not None:
            return self.operand(target)
        if isinstance(operation, op.Call):
            return self._seen_from(operation, self.summaries.get(operation.function, Summary()).changes)
        return set()


def _frozen(regions: set[Region]) -> set[Region]:
    return {f"{each}{FROZEN}" for each in regions if each != ELSEWHERE and not str(each).endswith(FROZEN)}


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
    return isinstance(region, str) and not region.startswith(ELSEWHERE) and not region.endswith(FROZEN)


def summarise(functions: list[op.Function]) -> tuple[dict[str, Summary], dict[str, Regions]]:
    """The summaries of all functions, to a fixed point, and the regions they come from."""
    summaries = {function.name: Summary() for function in functions}
    solved: dict[str, Regions] = {}
    changed = True
    while changed:
        changed = False
        for function in functions:
            regions = solved.setdefault(function.name, Regions(function, summaries))
            regions.solve()
            made = Summary(_outer(_returned(regions), function), _outer(_changed(regions), function))
            if made != summaries[function.name]:
                summaries[function.name] = made
                changed = True
    return summaries, solved


def _outer(regions: set[Region], function: op.Function) -> frozenset[Region]:
    """Those of a function's regions that its callers know, too."""
    return frozenset(each for each in regions if str(each).partition(FROZEN)[0] not in function.slots)


def _changed(regions: Regions) -> set[Region]:
    return set[Region]().union(
        *(regions.changed(each) for block in regions.function.blocks for each in block.operations)
    )


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
    holders = {name: {str(each) for each in held} - {ELSEWHERE} for name, held in regions.of.items()}
    holders = {name: held for name, held in holders.items() if any(not each.isdigit() for each in held)}
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
            if isinstance(operation, op.Zero) and isinstance(operation.place.base, op.Slot) and not operation.place.path:
                if operation.place.base.name in held:
                    found.append((operation.location, operation.place.base.name, "stale"))
            else:
                for name in sorted(f"{each}{FROZEN}" for each in map(str, regions.changed(operation))):
                    if name in held:
                        found.append((operation.location, _named(name, regions.function), "frozen"))
            alive |= {local.name for local in uses.read(operation) if local.name in holders}
    return found


def _named(region: str, function: op.Function) -> str:
    """A region as the source calls it."""
    name = region.removesuffix(FROZEN)
    return function.parameters[int(name)].name if name.isdigit() else name.rpartition(".")[2] if name[0] == ELSEWHERE else name


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

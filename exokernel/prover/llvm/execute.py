"""Symbolic execution of optimised LLVM IR on the same states as the source.

Every path at once, merged where paths meet, as for the source. Traps are collected: each has to
be shown out of reach. A loop is refused, and so is whatever has no meaning here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.instructions import Values, perform
from exokernel.prover.llvm.reader import Code, Instruction
from exokernel.prover.paths import Conditions, Outcome, Path, merge_paths
from exokernel.prover.terms import Term


@dataclass
class Machine:
    """A module, and what its execution leaves behind besides its outcome."""

    module: dict[str, Code]
    map: Map
    constants: dict[str, list[int]] = field(default_factory=dict)
    traps: list[Conditions] = field(default_factory=list)
    bounds: list[Term] = field(default_factory=list)  # that what was accessed lies in its table
    fresh: int = 0

    def run(self, name: str, arguments: list[Any], state: State, conditions: Conditions) -> list[Outcome]:
        """Every way a function ends."""
        code = self.module[name]
        order = in_order(code)
        start = Path(dict(zip(code.parameters, arguments)), state, state, conditions)
        pending: dict[str, list[Path]] = {order[0]: [start]}
        ended: list[Path] = []
        for block in order:
            for path in merge_paths(pending.pop(block, [])):
                for target, after in self.block(code, block, path):
                    if target is None:
                        ended.append(after)
                    elif not after.impossible:
                        pending.setdefault(target, []).append(after)
        return [
            Outcome(path.state, state, path.conditions, path.locals.get("ret"), terms.number(0))
            for path in merge_paths(ended)
        ]

    def block(self, code: Code, name: str, path: Path) -> Iterator[tuple[str | None, Path]]:
        paths = [path]
        for one in code.blocks[name]:
            if one.operation == "phi":
                continue
            if one.operation in ("br", "switch", "ret", "unreachable"):
                for each in paths:
                    yield from self.leave(code, name, each, one)
                return
            paths = [after for each in paths for after in self.step(each, one)]

    def step(self, path: Path, one: Instruction) -> list[Path]:
        result = perform(self, Values(path), one)
        if isinstance(result, list):  # what a call came back with
            return result
        if result is not None and one.result:
            path.locals[one.result] = result
        return [path]

    def call(self, path: Path, name: str, arguments: list[Any], result: str) -> list[Path]:
        returned = []
        for outcome in self.run(name, arguments, path.state, path.conditions):
            after = replace(path, locals=dict(path.locals), state=outcome.state, conditions=outcome.conditions)
            if result:
                after.locals[result] = outcome.value
            returned.append(after)
        return returned

    def leave(self, code: Code, name: str, path: Path, last: Instruction) -> Iterator[tuple[str | None, Path]]:
        values = Values(path)
        if last.operation == "ret":
            path.locals = {} if last.rest == "void" else {"ret": values.typed(last.rest)}
            yield None, path
        elif last.operation == "br" and last.rest.startswith("label"):
            yield self.enter(code, name, label(last.rest), path)
        elif last.operation == "br":
            condition, then, otherwise = last.rest.split(", ")
            chosen = terms.simplify(values.truth(condition.removeprefix("i1 ")))
            yield self.enter(code, name, label(then), path.fork(chosen))
            yield self.enter(code, name, label(otherwise), path.fork(terms.negate(chosen)))
        elif last.operation == "switch":
            yield from self.switch(code, name, path, last, values)

    def switch(
        self, code: Code, name: str, path: Path, last: Instruction, values: Values
    ) -> Iterator[tuple[str | None, Path]]:
        head, _, cases = last.rest.partition("[")
        operand, default = head.rsplit(", label ", 1)
        value, others = values.typed(operand), []
        for case in cases.rstrip("] ").split("  "):
            if case.strip():
                constant, target = case.strip().split(", label ")
                chosen = terms.simplify(value == values.typed(constant))
                others.append(terms.negate(chosen))
                yield self.enter(code, name, label(target), path.fork(chosen))
        yield self.enter(code, name, label(default), path.fork(terms.simplify(terms.both(others))))

    def enter(self, code: Code, source: str, target: str, path: Path) -> tuple[str, Path]:
        """Go along an edge: the target's phi nodes take their values."""
        values, taken = Values(path), dict[str, Any]()
        for one in code.blocks[target]:
            if one.operation != "phi":
                break
            taken[one.result] = values.incoming(one.rest, source)
        path.locals.update(taken)
        return target, path


def label(text: str) -> str:
    return text.strip().removeprefix("label ").removeprefix("%").strip('"')


def targets(block: list[Instruction]) -> list[str]:
    import re

    last = block[-1]
    if last.operation not in ("br", "switch"):
        return []
    return [each.strip('"') for each in re.findall(r'label %("[^"]*"|[\w.$-]+)', last.rest)]


def in_order(code: Code) -> list[str]:
    """The blocks, each after all that lead to it. Raises Unsupported for a loop."""
    order: list[str] = []
    active, done = set[str](), set[str]()

    def visit(name: str) -> None:
        if name in active:
            raise Unsupported(f"{code.name} has a loop")
        if name not in done:
            active.add(name)
            for target in targets(code.blocks[name]):
                visit(target)
            active.discard(name)
            done.add(name)
            order.append(name)

    visit(next(iter(code.blocks)))
    return order[::-1]

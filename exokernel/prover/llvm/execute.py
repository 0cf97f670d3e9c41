"""Symbolic execution of optimised LLVM IR on the same states as the source.

Every path at once, merged where paths meet, as for the source. Traps are collected: each has to
be shown out of reach. Loops are the business of `simulation`; whatever has no meaning here is
refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.execute import Flow, Unsupported
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.instructions import Values, perform
from exokernel.prover.llvm.reader import Code, Constants, Instruction
from exokernel.prover.llvm.simulation import Simulation
from exokernel.prover.paths import Conditions, Outcome, Path, merge_paths
from exokernel.prover.terms import Term

if TYPE_CHECKING:
    from exokernel.prover.llvm.apart import Event

CASE = re.compile(r"(\S+ \S+), label (%\S+)")  # of a switch


@dataclass(frozen=True)
class Trap:
    """A check that is left in the code, and when control gets there."""

    function: str  # as compiled
    block: str
    conditions: Conditions


Promise = tuple[str, str, Instruction]  # of an instruction in a block of a function


@dataclass
class Machine:
    """A module, and what its execution leaves behind besides its outcome."""

    module: dict[str, Code]
    map: Map
    constants: dict[str, Constants] = field(default_factory=dict)
    apart: Mapping[str, Event] = field(default_factory=dict)
    simulation: Simulation | None = None  # passes loops
    traps: list[Trap] = field(default_factory=list)
    bounds: list[Term] = field(default_factory=list)  # what LLVM takes for granted: that an address lies in its table, and so on
    promises: list[tuple[Promise, Term]] = field(default_factory=list)
    doubtful: set[Promise] = field(default_factory=set)  # what may break its promise
    flows: dict[str, Flow] = field(default_factory=dict)
    place: tuple[str, str] = ("", "")  # the function and the block that run
    unknowns: int = 0

    def run(self, name: str, arguments: list[Any], state: State, conditions: Conditions) -> list[Outcome]:
        """Every way a function ends."""
        code = self.module[name]
        order = self.flow(code).order
        start = Path(dict(zip(code.parameters, arguments)), state, state, conditions)
        leaving, _ = self.region(code, set(order), order[0], start, whole=True)
        return [
            Outcome(path.state, state, path.conditions, path.locals.get("ret"), terms.number(0))
            for path in merge_paths(leaving.get(None, []))
        ]

    def flow(self, code: Code) -> Flow:
        if code.name not in self.flows:
            following = {name: targets(block) for name, block in code.blocks.items()}
            self.flows[code.name] = Flow(next(iter(code.blocks)), following)
        return self.flows[code.name]

    def region(
        self, code: Code, blocks: set[str], entry: str, path: Path, whole: bool = False
    ) -> tuple[dict[str | None, list[Path]], list[Path]]:
        """Run some blocks from one of them: the paths that leave, by where to (None: from the function); those that come back."""
        flow = self.flow(code)
        pending: dict[str, list[Path]] = {entry: [path]}
        leaving: dict[str | None, list[Path]] = {}
        back: list[Path] = []
        for name in flow.order:
            if name not in blocks or name not in pending:
                continue
            for merged in merge_paths(pending.pop(name)):
                is_loop = name in flow.loops and (whole or name != entry)
                ways = self.pass_loop(code, name, merged) if is_loop else self.block(code, name, merged)
                for target, after in ways:
                    if target is not None and after.impossible:
                        continue
                    if target == entry and not whole:
                        back.append(after)
                    elif target in blocks:
                        pending.setdefault(target, []).append(after)
                    else:
                        leaving.setdefault(target, []).append(after)
        if pending:
            raise Unsupported(f"{code.name}: nothing leads in order to {', '.join(pending)}")
        return leaving, back

    def anything(self, width: int) -> Term:
        """What an undefined value is taken for: each time for another unknown."""
        self.unknowns += 1
        return terms.variable(f"undefined {self.unknowns}", width)

    def pass_loop(self, code: Code, head: str, path: Path) -> Iterator[tuple[str | None, Path]]:
        if self.simulation is None:
            raise Unsupported(f"{code.name} has a loop")
        return self.simulation.pass_loop(self, code, head, path)

    def trap(self, path: Path) -> None:
        self.traps.append(Trap(*self.place, path.conditions))

    def note_bounds(self, path: Path, claim: Term) -> None:
        """Record what must be true here."""
        claim = terms.simplify(claim)
        if not terms.is_true(claim):
            self.bounds.append(terms.implies(terms.both(path.conditions), claim))

    def trusted(self, path: Path, one: Instruction, promises: Iterable[Term], result: Term) -> Term:
        """The result of an instruction that keeps its promises; of one that may not, anything where it does not."""
        promise, claim = (*self.place, one), terms.simplify(terms.both(promises))
        if terms.is_true(claim):
            return result
        if promise in self.doubtful:
            return terms.choose(claim, result, self.anything(result.size()))
        self.promises.append((promise, terms.implies(terms.both(path.conditions), claim)))
        return result

    def mark(self) -> tuple[int, int, int]:
        return len(self.traps), len(self.bounds), len(self.promises)

    def back_to(self, mark: tuple[int, int, int]) -> None:
        """Forget what was noted since."""
        del self.traps[mark[0] :], self.bounds[mark[1] :], self.promises[mark[2] :]

    def block(self, code: Code, name: str, path: Path) -> Iterator[tuple[str | None, Path]]:
        paths = [path]
        for one in code.blocks[name]:
            if one.operation == "phi":
                continue
            if one.operation in ("br", "switch", "ret", "unreachable"):
                for each in paths:
                    yield from self.leave(code, name, each, one)
                return
            self.place = code.name, name
            paths = [after for each in paths for after in self.step(each, one)]

    def step(self, path: Path, one: Instruction) -> list[Path]:
        result = perform(self, Values(self, path), one)
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
        values = Values(self, path)
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
        else:
            self.note_bounds(path, terms.FALSE)  # control never comes here

    def switch(
        self, code: Code, name: str, path: Path, last: Instruction, values: Values
    ) -> Iterator[tuple[str | None, Path]]:
        head, _, cases = last.rest.partition("[")
        operand, default = head.rsplit(", label ", 1)
        value, others = values.typed(operand), []
        for constant, target in CASE.findall(cases):
            chosen = terms.simplify(value == values.typed(constant))
            others.append(terms.negate(chosen))
            yield self.enter(code, name, label(target), path.fork(chosen))
        yield self.enter(code, name, label(default), path.fork(terms.simplify(terms.both(others))))

    def enter(self, code: Code, source: str, target: str, path: Path) -> tuple[str, Path]:
        """Go along an edge: the target's phi nodes take their values."""
        values, taken = Values(self, path), dict[str, Any]()
        for one in code.blocks[target]:
            if one.operation != "phi":
                break
            taken[one.result] = values.incoming(one.rest, source)
        path.locals.update(taken)
        return target, path


def label(text: str) -> str:
    return text.strip().removeprefix("label ").removeprefix("%").strip('"')


def targets(block: list[Instruction]) -> list[str]:
    last = block[-1]
    if last.operation not in ("br", "switch"):
        return []
    return [each.strip('"') for each in re.findall(r'label %("[^"]*"|[\w.$-]+)', last.rest)]

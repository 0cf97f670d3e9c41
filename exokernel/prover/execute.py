"""Symbolic execution of the IR: every path of a function at once, from an unknown state.

A function's blocks are taken in an order in which every block follows all that lead to it, so
paths that meet can merge. Calls are followed, functions of the machine are modelled (see
`machine`), loops are cut (see `loops`). What must hold on the way (an index within its array, a
sum within 64 bits) is collected as a demand: whoever runs this proves every demand, in order,
each from those before it. Single operations are the business of `steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from exokernel.compiler.ir import operations as op
from exokernel.prover import terms
from exokernel.prover.cells import Indices, State
from exokernel.prover.layout import Layout
from exokernel.prover.paths import Conditions, Outcome, Path, merge_outcomes, merge_paths
from exokernel.prover.terms import Term
from exokernel.prover.values import Value

if TYPE_CHECKING:
    from exokernel.prover.declared import Declared
    from exokernel.prover.instantiate import Schema

MAXIMUM_DEPTH = 40  # of calls; the kernel has no recursion


class Unsupported(Exception):
    """The source does something the prover has no meaning for. Says what, and where."""


@dataclass(frozen=True)
class Demand:
    """What must hold wherever control reaches a place, or the kernel would stop there."""

    conditions: Conditions
    claim: Term
    what: str
    location: op.Location | None
    trail: tuple[State, ...]
    looked_at: Term | None = None  # a frame, which has to lie below the end of memory

    @cached_property
    def fact(self) -> Term:
        """What is known everywhere, once the demand is proved."""
        return terms.implies(terms.both(self.conditions), self.claim)


@dataclass(frozen=True)
class Cut:
    """A place at the head of a loop that control reaches: the invariants have to hold there."""

    outcome: Outcome
    what: str


@dataclass(frozen=True)
class Stand:
    """What the specification says of a loop, to be shown where control comes to its head."""

    clause: str
    what: str
    claim: Term
    accesses: list[tuple[str, Indices]]
    outcome: Outcome


@dataclass(frozen=True)
class Round:
    """Control at the head of a loop."""

    step: Term | None  # which step was done, if one was, and the loop counts them
    outcome: Outcome
    carried: tuple[Value, ...]  # what the next step finds in the locals that steps set


@dataclass(frozen=True)
class Universal:
    """What is known, at the head of a loop, of every cell of a family."""

    family: str
    at: Callable[[Indices], Term]
    at_head: Conditions  # the same, of any one cell, before a step
    after: Callable[[Path], Term]  # and after it


@dataclass
class Journal:
    """What an execution leaves behind besides its outcomes."""

    demands: list[Demand] = field(default_factory=list)
    cuts: list[Cut] = field(default_factory=list)
    accesses: dict[tuple[str, tuple[int, ...]], Indices] = field(default_factory=dict)
    reads: set[str] = field(default_factory=set)  # families
    universals: list[Universal] = field(default_factory=list)
    stands: list[Stand] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)
    halts: list[Outcome] = field(default_factory=list)  # where the machine ends, and with which status
    said: list[tuple[Outcome, tuple[Value, ...]]] = field(default_factory=list)  # what drivers are given, and when
    declared: list[Schema] = field(default_factory=list)  # known at the heads of loops
    has_loops: bool = False

    def access(self, path: str, indices: Indices) -> None:
        self.accesses.setdefault((path, tuple(map(terms.identity, indices))), indices)


@dataclass
class Frame:
    """One activation of a function."""

    function: op.Function
    prefix: str  # of the names of its slots
    graph: Graph
    before: State  # when it was called
    outcomes: list[Outcome] = field(default_factory=list)


class Flow:
    """The order of some blocks, each after all that lead to it, and the loops among them."""

    def __init__(self, entry: str, following: dict[str, list[str]]) -> None:
        self.following = following
        self.order: list[str] = []
        self.loops: dict[str, set[str]] = {}  # head -> blocks
        self.visit(entry)
        self.order.reverse()

    def visit(self, entry: str) -> None:
        active, done = {entry}, {entry}
        stack = [(entry, iter(self.following[entry]))]
        back: list[tuple[str, str]] = []
        while stack:
            name, following = stack[-1]
            found = next(following, None)
            if found is None:
                stack.pop()
                active.discard(name)
                self.order.append(name)
            elif found in active:
                back.append((name, found))
            elif found not in done:
                active.add(found)
                done.add(found)
                stack.append((found, iter(self.following[found])))
        for tail, head in back:
            self.loops.setdefault(head, {head}).update(self.body(head, tail))

    def body(self, head: str, tail: str) -> set[str]:
        """The blocks from which the tail of a loop is reached without passing its head."""
        found, todo = {head}, [tail]
        while todo:
            name = todo.pop()
            if name not in found:
                found.add(name)
                todo += [each for each, following in self.following.items() if name in following]
        return found


class Graph(Flow):
    """The flow of a function."""

    def __init__(self, function: op.Function) -> None:
        self.blocks = {block.name: block for block in function.blocks}
        super().__init__(function.blocks[0].name, {name: successors(block) for name, block in self.blocks.items()})


def successors(block: op.Block) -> list[str]:
    match block.operations[-1]:
        case op.Jump(block=target):
            return [target]
        case op.Branch(then=then, otherwise=otherwise):
            return [then, otherwise]
        case op.Switch(cases=cases, default=default):
            return [*(target for _, target in cases), default]
        case _:
            return []


Model = Callable[["Executor", Path, op.Function, tuple[Value, ...]], Value]


class Executor:
    """Runs functions of one program on states of one layout."""

    meanings: Mapping[type[op.Operation], Callable[..., list[Path] | None]] = {}  # of its own, before those of `steps`

    def __init__(self, program: op.Program, layout: Layout, models: Callable[[str], Model | None]) -> None:
        self.program, self.layout, self.models = program, layout, models
        self.declared: dict[str, list[Declared]] = {}  # of loops, by the function they stand in
        self.journal = Journal()
        self.graphs: dict[str, Graph] = {}
        self.counter = 0
        self.stack: list[str] = []

    def run(self, name: str, arguments: tuple[Value, ...], state: State, conditions: Conditions = ()) -> list[Outcome]:
        """Every way a function can end, called from a state that is also where its story starts."""
        return self.call(name, arguments, Path({}, state, state, conditions))

    def fresh(self, what: str) -> str:
        self.counter += 1
        return f"{what}!{self.counter}"

    def demand(
        self, path: Path, claim: Term, what: str, location: op.Location | None, looked_at: Term | None = None
    ) -> None:
        """Record that a claim must hold here."""
        claim = terms.simplify(claim)
        if terms.is_true(claim) and looked_at is None:
            return
        trail = (*path.trail, path.start)
        self.journal.demands.append(Demand(path.conditions, claim, what, location, trail, looked_at))

    def call(self, name: str, arguments: tuple[Value, ...], path: Path) -> list[Outcome]:
        function = self.program.functions.get(name)
        if function is None or not function.blocks:
            raise Unsupported(f"{name} has no body and no model")
        if len(self.stack) >= MAXIMUM_DEPTH:
            raise Unsupported(f"{name} is called too deep: {' '.join(self.stack[-3:])}")
        self.stack.append(name)
        if name not in self.graphs:
            self.graphs[name] = self.graph(function)
        frame = Frame(function, self.fresh(name) + "$", self.graphs[name], path.state)
        for slot, storage in function.slots.items():
            self.layout.add_root(frame.prefix + slot, storage)
        parameters = {each.name: value for each, value in zip(function.parameters, arguments, strict=True)}
        inner = Path(parameters, path.state, path.start, path.conditions, path.trail)
        self.region(frame, set(frame.graph.order), frame.graph.order[0], inner, whole=True)
        self.stack.pop()
        for outcome in frame.outcomes:
            outcome.state = outcome.state.without(frame.prefix)
        return merge_outcomes(frame.outcomes)

    def region(
        self, frame: Frame, blocks: set[str], entry: str, path: Path, whole: bool = False
    ) -> tuple[dict[str, list[Path]], list[Path]]:
        """Run some blocks from one of them: the paths that leave, by where to; and those that come back."""
        pending: dict[str, list[Path]] = {entry: [path]}
        leaving: dict[str, list[Path]] = {}
        back: list[Path] = []
        for name in frame.graph.order:
            if name not in blocks or name not in pending:
                continue
            for merged in merge_paths(pending.pop(name)):
                is_loop = name in frame.graph.loops and (whole or name != entry)
                ways = self.pass_loop(frame, name, merged) if is_loop else self.block(frame, name, merged)
                for target, after in ways:
                    if after.impossible:
                        continue
                    if target == entry and not whole:
                        back.append(after)
                    elif target in blocks:
                        pending.setdefault(target, []).append(after)
                    else:
                        leaving.setdefault(target, []).append(after)
        assert not pending, f"{frame.function.name}: nothing leads in order to {', '.join(pending)}"
        return leaving, back

    def graph(self, function: op.Function) -> Graph:
        return Graph(function)

    def pass_loop(self, frame: Frame, head: str, path: Path) -> Iterator[tuple[str, Path]]:
        from exokernel.prover.loops import run_loop  # which runs regions in turn

        return run_loop(self, frame, head, path)

    def block(self, frame: Frame, name: str, path: Path) -> Iterator[tuple[str, Path]]:
        """Run one block: where control goes from there, and how."""
        from exokernel.prover.steps import step

        paths = [path]
        operations = frame.graph.blocks[name].operations
        for operation in operations[:-1]:
            paths = [after for each in paths for after in step(self, frame, each, operation)]
        for each in paths:
            yield from self.leave(frame, each, operations[-1])

    def leave(self, frame: Frame, path: Path, last: op.Operation) -> Iterator[tuple[str, Path]]:
        from exokernel.prover.steps import operand

        match last:
            case op.Jump():
                yield last.block, path
            case op.Branch():
                condition = terms.simplify(operand(path, last.condition))
                yield last.then, path.fork(condition)
                yield last.otherwise, path.fork(terms.negate(condition))
            case op.Switch():
                value, others = operand(path, last.value), []
                for case, target in last.cases:
                    chosen = terms.simplify(terms.equal(value, terms.number(case, value.size())))
                    others.append(terms.negate(chosen))
                    yield target, path.fork(chosen)
                yield last.default, path.fork(terms.simplify(terms.both(others)))
            case op.Return():
                result = None if last.value is None else operand(path, last.value)
                frame.outcomes.append(ended(path, result, terms.number(0)))
            case op.Raise():
                frame.outcomes.append(ended(path, None, operand(path, last.error)))
            case op.Stop():
                self.demand(path, terms.FALSE, f"{last.fault.name.lower()} is never reached", last.location)
            case _:
                raise Unsupported(f"{frame.function.name} ends a block with {type(last).__name__}")


def ended(path: Path, value: Value, error: Term) -> Outcome:
    return Outcome(path.state, path.start, path.conditions, value, error, path.trail)

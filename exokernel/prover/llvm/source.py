"""The source, executed as far down as its optimised code goes: to the processor's instructions.

Of the machine's functions only those are not run that see memory at a computed address; a view
of a frame is that frame's words. Loops are turned as LLVM turns them, tested before the first
step and after each, and passed with all that their bodies change unknown. What each passage
looked like is kept, for the loops of the optimised code to be compared with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import z3

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Embedded, Reference
from exokernel.compiler.lower.control import constraints_text, template_text
from exokernel.prover import machine, terms
from exokernel.prover.arithmetic import RELATIONS
from exokernel.prover.cells import Indices, State, Table
from exokernel.prover.execute import Executor, Frame, Graph, Model, Unsupported, ended
from exokernel.prover.layout import Layout
from exokernel.prover.llvm.addresses import Leaf, Map, byte_in, chosen, leaves_of
from exokernel.prover.llvm.effects import Issued, add_trace, perform
from exokernel.prover.loops import Guess, Loop, assigned_in, comparisons
from exokernel.prover.machine import PAGES_OF, REQUESTS, WORDS
from exokernel.prover.paths import Outcome, Path
from exokernel.prover.steps import operand
from exokernel.prover.system import System
from exokernel.prover.terms import Term, number
from exokernel.prover.values import Literal, Pointer, Span, Value

if TYPE_CHECKING:
    from exokernel.prover.llvm.apart import Event

OCTETS = "octets[]"
FRAME_OCTETS = 4096
VIEWS = ("paging.entries", "paging.map_request", "running.environment_page")
STOPS = ("panic.panic",)
ADDRESS_OF = "address of "  # a symbol


def model_of(name: str) -> Model | None:
    ending = ".".join(name.rsplit(".", 2)[-2:])
    if ending == "paging.bytes_in":
        return octets
    return machine.model_of(name) if ending in (*VIEWS, *STOPS) else None


def octets(executor: Executor, path: Path, function: op.Function, arguments: tuple[Term, ...]) -> Value:
    return Span(OCTETS, arguments, number(0), number(FRAME_OCTETS))


class Seen(State):
    """A state in which whatever is seen through a view of a frame is read from memory."""

    def table(self, name: str) -> Table:
        if name.startswith((f"{PAGES_OF}[]|", f"{REQUESTS}[]|", f"{OCTETS}[]")):
            leaf = leaf_of(self.layout, name)
            return View(super().table(f"{WORDS}[]"), leaf, name)  # type: ignore[return-value]
        return super().table(name)


@cache
def leaf_of(layout: Layout, name: str) -> Leaf | None:
    """Where in its frame a field lies that is seen through a view."""
    view = name.partition("[")[0]
    leaves = leaves_of(layout.program, f"{view}[]", layout.resolve(f"{view}[]")[0], 0) if view in layout.roots else ()
    return next((leaf for leaf in leaves if leaf.family == name), None)


class View:
    """A family of cells that are frames' words, or parts of them."""

    def __init__(self, memory: Table, leaf: Leaf | None, name: str) -> None:
        self.memory, self.leaf, self.name = memory, leaf, name

    def read(self, indices: Indices) -> Term:
        if self.name.startswith(OCTETS):
            frame, place = indices
            return byte_in(self.memory, terms.simplify((frame << 12) + place))
        assert self.leaf is not None
        first = indices[0] << 9 if self.name.startswith(PAGES_OF) else indices[0]
        key = terms.simplify(terms.low_bits(first + number(self.leaf.offset // 8), 29))
        word, low = self.memory.look_up(key, len(self.memory.updates)), 8 * (self.leaf.offset % 8)
        return terms.simplify(terms.slice_bits(word, low + 8 * self.leaf.size - 1, low))


@dataclass
class Passed:
    """A passage through a loop: how it was entered, its head some steps on, and the ways back to it."""

    where: str
    entry: Path
    head: Path
    back: list[Path]
    variables: tuple[str, ...]  # what changes from step to step
    within: Passed | None


@dataclass
class Turn(Loop):
    """A loop passed with nothing but guesses known of what it changes."""

    passed: list[Passed] = field(default_factory=list)  # the executor's: loops passed so far

    def forget_tables(self, start: Path) -> None:
        start.state = start.state.overlaid(self.unknown | self.ghosts, self.mark)

    def candidates(self) -> Iterator[Guess]:
        yield from super().candidates()
        for name, relation, bound in comparisons(self):  # a loop that was turned has made its test already
            yield lambda now, name=name, holds=RELATIONS[relation], bound=bound: holds(now[name], bound)  # type: ignore[misc]

    def trial(self) -> tuple[Path, list[Path]]:
        kept = len(self.passed)
        found = super().trial()
        del self.passed[kept:]
        return found


class Follower(Executor):
    """Runs the source of a call down to its instructions, and keeps how it passed its loops."""

    def __init__(self, system: System, where: Map, apart: Mapping[str, Event]) -> None:
        super().__init__(system.program, system.layout, model_of)
        add_trace(system.layout)
        self.where, self.apart = where, apart
        self.passed: list[Passed] = []
        self.within: Passed | None = None

    def graph(self, function: op.Function) -> Graph:
        return Graph(turned(function))

    def call(self, name: str, arguments: tuple[Value, ...], path: Path) -> list[Outcome]:
        if name not in self.apart or not self.stack:
            return super().call(name, arguments, path)
        value = self.apart[name].happen(path, arguments)
        return [ended(path, value, number(0))]

    def pass_loop(self, frame: Frame, head: str, path: Path) -> Iterator[tuple[str, Path]]:
        assigned = assigned_in(frame, frame.graph.loops[head])
        loop = Turn(self, frame, head, path, assigned, self.fresh("~"), passed=self.passed)
        loop.find_changed_tables()
        loop.find_guesses()
        start = loop.at_head()
        where = f"{frame.function.name} ({head})"
        passed = Passed(where, path, replace(start, locals=dict(start.locals)), [], tuple(loop.assigned), self.within)
        self.passed.append(passed)
        self.within = passed
        leaving, passed.back = self.region(frame, loop.blocks, head, start)
        self.within = passed.within
        for target, paths in leaving.items():
            for each in paths:
                yield target, each


def turned(function: op.Function) -> op.Function:
    """The same function, with the test at a loop's head made once before the loop too."""
    for head in list(Graph(function).loops):
        graph = Graph(function)
        blocks, last = graph.loops.get(head, set()), graph.blocks[head].operations[-1]
        if not isinstance(last, op.Branch) or (last.then in blocks) == (last.otherwise in blocks):
            continue
        if head in (last.then, last.otherwise):
            continue  # its test is made after each step already
        first = f"{head}.first"
        outside = [each if each.name in blocks else leading(each, head, first) for each in function.blocks]
        function = replace(function, blocks=[*outside, op.Block(first, graph.blocks[head].operations)])
    return function


def leading(block: op.Block, old: str, new: str) -> op.Block:
    """A block that leads to another one."""

    def at(name: str) -> str:
        return new if name == old else name

    last = block.operations[-1]
    match last:
        case op.Jump():
            last = replace(last, block=at(last.block))
        case op.Branch():
            last = replace(last, then=at(last.then), otherwise=at(last.otherwise))
        case op.Switch():
            cases = tuple((value, at(target)) for value, target in last.cases)
            last = replace(last, cases=cases, default=at(last.default))
    return op.Block(block.name, [*block.operations[:-1], last])


# Operations that the proofs have no need of


def instruct(executor: Follower, frame: Frame, path: Path, item: op.Instruct) -> None:
    form = executor.program.instructions[item.instruction]
    operands = [operand(path, each) for each in item.arguments]
    answer = perform(path, Issued(template_text(form), constraints_text(form)), operands)
    if item.target is not None:
        path.locals[item.target.name] = answer


def at_address(executor: Follower, frame: Frame, path: Path, item: op.AtAddress) -> None:
    """A record that the machine's own code names by a symbol."""
    address = operand(path, item.address)
    symbol = str(address.decl().name()) if z3.is_const(address) else ""
    if not symbol.startswith(ADDRESS_OF) or not isinstance(item.target.type, Reference):
        raise Unsupported(f"{frame.function.name} sees memory at an address")
    name = symbol.removeprefix(ADDRESS_OF)
    executor.layout.add_root(name, Embedded(item.target.type.record))
    path.locals[item.target.name] = Pointer(name, ())


def octet(executor: Follower, frame: Frame, path: Path, item: op.Octet) -> None:
    view, index = operand(path, item.view), operand(path, item.index)
    if not isinstance(view, Literal):
        raise Unsupported(f"{frame.function.name} looks into bytes it was given")
    executor.demand(path, terms.within(index, len(view.content)), "the index is within the bytes", item.location)
    octets = octets_of(view)
    places = [terms.simplify(terms.equal(index, number(place))) for place in range(len(octets))]
    found = chosen(octets, places, 8)
    path.locals[item.target.name] = terms.simplify(terms.widen(found, terms.BITS))


def bytes_of(executor: Follower, frame: Frame, path: Path, item: op.BytesOf) -> None:
    value = operand(path, item.value)
    path.locals[item.target.name] = Literal(octets_of(value)) if isinstance(value, Literal) else value


def octets_of(literal: Literal) -> bytes:
    return literal.content if isinstance(literal.content, bytes) else literal.content.encode()


Follower.meanings = {op.Instruct: instruct, op.AtAddress: at_address, op.Octet: octet, op.BytesOf: bytes_of}

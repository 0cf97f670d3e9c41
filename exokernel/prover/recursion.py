"""Functions of the specification that call themselves: to the solver, names.

Such a function is opened where it is mentioned, once, and so shows itself again with less to
go. A loop that keeps what it says of the steps so far then needs only what one step adds: the
induction is the loop's own. That every call comes closer to an end is shown first, or a name
could mean nothing at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import z3

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Boolean, Tuple, Word
from exokernel.compiler.ir.types import Value as ValueType
from exokernel.prover import solver, terms
from exokernel.prover.cells import State, Table, Write
from exokernel.prover.claims import Claim
from exokernel.prover.execute import Executor, Model, Unsupported
from exokernel.prover.instantiate import Reading, Schema, value_of
from exokernel.prover.paths import Conditions, Path
from exokernel.prover.solver import Verdict
from exokernel.prover.terms import Term
from exokernel.prover.values import Value, agree, unknown

SPECIFICATION = "exokernel.spec."


@dataclass
class Meaning:
    """One function, in the states that agree on what it reads."""

    symbol: str
    variables: tuple[Value, ...]
    tables: dict[str, Table]
    closer: set[int] | None = None  # the parameters that every call within brings closer to an end

    def applied(self, function: op.Function, arguments: tuple[Value, ...]) -> Value:
        """The name of what the function gives: of its arguments and all that it reads."""
        given = [*arguments, *(as_term(table) for table in self.tables.values())]
        return named(function.name, function.result, given)


class Recursions:
    """All meanings there are so far, and what opens them."""

    def __init__(self, program: op.Program) -> None:
        self.program = program
        self.reads: dict[str, frozenset[str]] = {}
        self.meanings: dict[str, list[Meaning]] = {}
        self.open: dict[str, Meaning] = {}
        self.schemas: list[Schema] = []

    def model_of(self, name: str) -> Model | None:
        """How a call is understood, if it is of a function that calls itself."""
        function = self.program.functions.get(name) if name.startswith(SPECIFICATION) else None
        return self.apply if function is not None and calls(function, name) else None

    def knows(self, symbol: str) -> bool:
        return any(each.symbol == symbol for known in self.meanings.values() for each in known)

    def apply(self, executor: Executor, path: Path, function: op.Function, arguments: tuple[Value, ...]) -> Value:
        meaning = self.open.get(function.name)
        if meaning is None:
            meaning = self.meaning(executor, path.state, function)
        else:
            come_closer(meaning, arguments, path)
        executor.journal.reads |= meaning.tables.keys()
        executor.journal.access(meaning.symbol, arguments)
        return meaning.applied(function, arguments)

    def meaning(self, executor: Executor, state: State, function: op.Function) -> Meaning:
        if function.name not in self.reads:
            self.reads[function.name] = frozenset()
            self.reads[function.name] = self.opened(executor, state, function, "")[1].reads
        known = self.meanings.setdefault(function.name, [])
        for each in known:
            if all(unchanged(table, state.table(name)) for name, table in each.tables.items()):
                return each
        symbol = f"{function.name.rpartition('.')[2]}@{len(known)}"
        made, reading = self.opened(executor, state, function, symbol)
        if not made.closer or not reading.reads <= made.tables.keys():
            raise Unsupported(f"{function.name} calls itself, and nothing says that this ends")
        known.append(made)
        self.schemas.append(schema(made, function, reading))
        return made

    def opened(
        self, executor: Executor, state: State, function: op.Function, symbol: str
    ) -> tuple[Meaning, Reading]:
        """A meaning, and what the function says, its calls of itself unopened."""
        variables = tuple(unknown(f"{symbol}.{each.name}", each.type) for each in function.parameters)
        tables = {name: state.table(name) for name in sorted(self.reads[function.name])}
        made = self.open[function.name] = Meaning(symbol, variables, tables)
        reading = value_of(executor, function.name, variables, state)
        del self.open[function.name]
        return made, reading


def schema(meaning: Meaning, function: op.Function, reading: Reading) -> Schema:
    """That the name stands for what the function says, wherever it is mentioned."""
    name = meaning.applied(function, meaning.variables)
    formula = terms.simplify(terms.implies(reading.defined, agree(name, reading.value)))
    order = tuple(range(len(meaning.variables)))
    claim = Claim(meaning.symbol, "", (), "", "")
    return Schema(claim, meaning.variables, formula, reading.accesses, [(meaning.symbol, order)], reading.reads)


def calls(function: op.Function, name: str) -> bool:
    return any(isinstance(each, op.Call) and each.function == name for block in function.blocks for each in block.operations)


def unchanged(table: Table, other: Table) -> bool:
    return table is other or (table.updates == other.updates and terms.same(table.base, other.base))


def come_closer(meaning: Meaning, arguments: tuple[Value, ...], path: Path) -> None:
    """Note which parameters a call within makes less, or more; one that all do cannot go on for ever."""
    found = set()
    for place, (given, before) in enumerate(zip(arguments, meaning.variables)):
        if z3.is_bv(given) and not terms.same(given, before):
            steps = {2 * place: terms.below(given, before), 2 * place + 1: given > before}  # type: ignore[operator]
            found |= {each for each, step in steps.items() if proves(path.conditions, step)}
    meaning.closer = found if meaning.closer is None else meaning.closer & found


def proves(conditions: Conditions, claim: Term) -> bool:
    return solver.prove(conditions, claim).verdict is Verdict.PROVED


def as_term(table: Table) -> Term:
    """A table as one thing; two that were written otherwise than cell by cell are not told to be the same."""
    if not table.family.widths:
        return table.read(())
    term = terms.variable(f"all of {table.base}")
    for place, update in enumerate(table.updates):
        if not isinstance(update, Write):
            return terms.variable("-".join([f"all of {table.base}", *(str(id(each)) for each in table.updates)]))
        written = terms.applied(f"{table.family.name} with", (term, update.index, update.value), term.sort())
        is_same = terms.equal(table.look_up(update.index, place), update.value)
        term = terms.choose(terms.both((update.guard, terms.negate(is_same))), written, term)
    return term


def named(symbol: str, kind: ValueType, arguments: list[Any]) -> Value:
    if isinstance(kind, Tuple):
        return tuple(named(f"{symbol}.{place}", each, arguments) for place, each in enumerate(kind.items))
    width = kind.width if isinstance(kind, Word) else terms.BITS
    sort = z3.BoolSort() if isinstance(kind, Boolean) else z3.BitVecSort(width)
    return terms.applied(symbol, arguments, sort)

"""The optimised LLVM IR of a call does what its source does.

Both are executed from one unknown state on the same registers, gate included, down to the
processor's instructions. Whenever the source returns, the optimised code returns the same error
and value, leaves the same tables and has issued the same instructions; loops go step by step
(see `llvm.simulation`); and no trap in it is in reach. Ghosts exist on neither side. What the
back end then makes of the IR is not compared.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from exokernel.compiler import pipeline
from exokernel.compiler.build.program import build_program
from exokernel.compiler.emit.machine_code import emit
from exokernel.compiler.emit.survey import SurvivingCheck, survey
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.targets import TARGETS
from exokernel.prover import solver, terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.instantiate import split
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.apart import Event, event_of, functions_apart
from exokernel.prover.llvm.execute import Machine, Promise
from exokernel.prover.llvm.questions import Failed, Known, Memory, Patience, Question, Questions, known_of
from exokernel.prover.llvm.reader import Code, Constants, read_constants, read_module
from exokernel.prover.llvm.simulation import SLOT, Simulation, Unlike, same_cells
from exokernel.prover.llvm.source import Follower, Passed, Seen
from exokernel.prover.llvm.undefined import within_range
from exokernel.prover.obligations import Run
from exokernel.prover.paths import Outcome
from exokernel.prover.solver import Verdict
from exokernel.prover.system import ASSUMED, CALLER, Call, System

TRAP = "no trap is in reach"
TRAPPING = "@llvm.ubsantrap"
CALLED = re.compile(r'@("[^"]*"|[\w.$-]+)\(')


@dataclass
class Comparison:
    """What became of one call, step, or function compared apart."""

    call: str
    verdict: str  # equal, different, unknown, or not compared
    what: str = ""
    questions: int = 0
    loops: int = 0  # of the source
    traps: int = 0  # in the optimised code, by how control could get there: none is in reach
    places: list[tuple[str, str]] = field(default_factory=list)  # their functions and blocks in the optimised code
    checks: list[str] = field(default_factory=list)  # what they check, and where in the source
    seconds: float = 0.0


@dataclass(frozen=True)
class Module:
    """The optimised kernel: its functions and constant tables, and the symbol of each call's gate."""

    functions: dict[str, Code]
    constants: dict[str, Constants]
    symbols: dict[str, str]
    checks: dict[str, list[SurvivingCheck]] = field(default_factory=dict)  # by function, in the order of its text
    apart: dict[str, Event] = field(default_factory=dict)

    def symbol_of(self, call: Call) -> str:
        return self.symbols.get(call.name, call.qualified)

    def leads_to(self, call: Call) -> bool:
        """Whether a call's number leads to its gate, where there is a table of calls."""
        table, count, symbol = self.constants.get("system_calls"), self.constants.get("system_call_count"), self.symbols.get(call.name)
        if table is None or symbol is None:
            return True
        number = int(symbol.removeprefix("syscall_"))
        return count is not None and count.items == [len(table.items)] and table.items[number] == symbol

    def functions_of(self, call: Call) -> set[str]:
        """The functions that the optimised code of a call consists of, but for what is compared apart."""
        found: set[str] = set()
        pending = [self.symbol_of(call)]
        while pending:
            each = pending.pop()
            is_other = each in self.apart and each != call.qualified
            if each in self.functions and each not in found and not is_other:
                found.add(each)
                text = " ".join(one.rest for block in self.functions[each].blocks.values() for one in block)
                pending += [called.strip('"') for called in CALLED.findall(text)]
        return found

    def check_at(self, function: str, block: str) -> str:
        """Where in the source a check was written that traps in this block, and what it checks."""
        blocks = self.functions[function].blocks
        trapping = [name for name, instructions in blocks.items() if any(TRAPPING in one.rest for one in instructions)]
        check = self.checks[function][trapping.index(block)]
        return f"{check.file}:{check.line} {check.kind.name.lower()}"

    def checks_at(self, places: Iterable[tuple[str, str]]) -> list[str]:
        return sorted({self.check_at(*each) for each in places})


def optimised_kernel(system: System) -> Module:
    """The kernel as LLVM leaves it to its back end."""
    recipe = pipeline.kernel_recipe()
    program = build_program(recipe.roots, recipe.options)
    target = TARGETS["kernel"]
    code = emit(lower_program(program, recipe.name, target.conventions), target, 2)
    symbols = {
        name.removesuffix(".gate").rpartition(".")[2]: f"syscall_{function.attributes['syscall']}"
        for name, function in program.functions.items()
        if "syscall" in function.attributes
    }
    checks: dict[str, list[SurvivingCheck]] = {}
    for check in survey(code.optimised).checks:
        checks.setdefault(check.inside, []).append(check)
    return Module(read_module(code.optimised), read_constants(code.optimised), symbols, checks, events(system))


def events(system: System) -> dict[str, Event]:
    """What the functions that are compared apart are to their callers."""
    where, found = Map(system), dict[str, Event]()
    for call in functions_apart(system):
        found[call.qualified] = event_of(system, Follower(system, where, {}), system.program.functions[call.qualified])
    return found


class Source:
    """A call's source, run once: what any number of optimised codes can be compared with, which differ from the
    module's in no parameter of a function compared apart."""

    def __init__(self, system: System, call: Call, module: Module) -> None:
        self.system, self.call, self.module = system, call, module
        self.where, self.memory = Map(system), Memory()
        self.is_reached = False  # every end of it, as was shown
        self.apart = {name: event for name, event in module.apart.items() if name != call.qualified}

    @cached_property
    def passage(self) -> tuple[Run, list[Passed]]:
        """How it runs, and passes its loops. Raises Unsupported."""
        follower = Follower(self.system, self.where, self.apart)
        return run_source(self.system, self.call, self.module, follower), follower.passed

    @cached_property
    def known(self) -> Known:
        return known_of(self.system, self.passage[0])


def compare(source: Source, module: Module, patience: Patience = Patience()) -> Comparison:
    """Whether the optimised code of a call equals its source."""
    began = time.perf_counter()
    result = Comparison(source.call.name, "equal")
    try:
        follow(source, module, result, patience)
    except Failed as failure:
        result.what = str(failure)
        result.verdict = "different" if failure.verdict is Verdict.REFUTED else "unknown"
    except Unlike as reason:
        result.verdict, result.what = "not compared" if reason.is_certain else "unknown", str(reason)
    except Unsupported as reason:
        result.verdict, result.what = "not compared", str(reason)
    result.seconds = time.perf_counter() - began
    return result


def run_source(system: System, call: Call, module: Module, follower: Follower) -> Run:
    """The source of a call, from its gate on for any content of the registers; a step of the machine's own, or a
    function that is compared apart, for any arguments it is given."""
    state, gate = Seen(system.layout, system.state.tag), f"{call.qualified}.gate"
    if gate in system.program.functions:
        name, parameters = gate, system.program.functions[gate].parameters
        registers = tuple(terms.variable(f"{call.name}.{each.name}") for each in parameters)
        caller = follower.run(CALLER, (), state)[0].value
        known = [follower.run(ASSUMED, (caller,), state)[0].value]
    elif call.name in system.calls:
        name = call.qualified
        registers, known = system.arguments(call)
    else:
        name, code = call.qualified, module.functions[call.qualified]
        registers = tuple(terms.variable(f"{call.name}.{each.name}") for each in call.parameters)
        known = [within_range(code.ranges.get(parameter), value) for parameter, value in zip(code.parameters, registers, strict=True)]
    outcomes = follower.run(name, registers, state, tuple(known))
    journal = follower.journal
    accesses = [split((path, indices)) for (path, _), indices in journal.accesses.items()]
    return Run(call, registers, known, outcomes, journal, accesses)


def follow(source: Source, module: Module, result: Comparison, patience: Patience) -> None:
    """Run both and ask all there is to ask. Raises Failed, Unlike, Unsupported."""
    symbol = module.symbol_of(source.call)
    if symbol not in module.functions:
        raise Unsupported("nothing in the optimised code has its name")
    if not module.leads_to(source.call):
        raise Failed("the table of calls leads elsewhere", Verdict.REFUTED)
    run, passed = source.passage
    require_reach(source)
    result.loops = len(passed)
    questions, doubtful = Questions(source.known, source.memory, patience), set[Promise]()
    while True:
        simulation = Simulation(run.outcomes[0].start, passed, questions.ask, questions.try_out)
        machine = Machine(module.functions, source.where, module.constants, source.apart, simulation, doubtful=doubtful)
        try:
            ended = run_optimised(source, machine, symbol)
            more = broken(machine, questions)
            for asked in remaining(run, machine, ended) if not more else ():
                questions.ask(asked)
        finally:
            result.questions, result.traps = questions.asked, len(machine.traps)
        if not more:
            result.places = sorted({(each.function, each.block) for each in machine.traps})
            result.checks = module.checks_at(result.places)
            return
        doubtful |= more


def run_optimised(source: Source, machine: Machine, symbol: str) -> Outcome:
    """The one way in which the optimised code ends. Raises Failed, Unlike, Unsupported."""
    run, _ = source.passage
    ends = machine.run(symbol, list(run.arguments), run.outcomes[0].start, tuple(run.known))
    assert machine.simulation is not None
    machine.simulation.finish()
    if len(ends) != 1:
        raise Unsupported(f"it ends in {len(ends)} ways")
    return ends[0]


def broken(machine: Machine, questions: Questions) -> set[Promise]:
    """The instructions that may break their promises, as far as can be told."""
    everything = terms.both(claim for _, claim in machine.promises)
    if questions.try_out((), everything) is Verdict.PROVED:
        return set()
    return {promise for promise, claim in machine.promises if questions.try_out((), claim) is not Verdict.PROVED}


def require_reach(source: Source) -> None:
    """Raises Failed when no state leads to some end of the source: of that, anything would be equal."""
    run, _ = source.passage
    for outcome in run.outcomes if not source.is_reached else ():
        if not solver.satisfiable([*outcome.conditions, *source.known[1]]):
            raise Failed(f"an end of the source with error {outcome.error} is out of reach", Verdict.UNKNOWN)
    source.is_reached = True


def remaining(run: Run, machine: Machine, compiled: Outcome) -> Iterator[list[Question]]:
    """What is to be asked where both have ended; together, what has one reason."""
    yield [Question(TRAP, reached.conditions, terms.FALSE) for reached in machine.traps]
    yield [Question("nothing is undefined, every address lies in its table", (), terms.both(machine.bounds))]
    for outcome in run.outcomes:
        yield list(endings(run, outcome, compiled))


def endings(run: Run, outcome: Outcome, compiled: Outcome) -> Iterator[Question]:
    """That the optimised code ends like the source wherever that ends in one way. With an error a gate returns 0."""
    value, error = compiled.value if isinstance(compiled.value, tuple) else (compiled.value, terms.number(0, 32))
    conditions, nothing = outcome.conditions, terms.number(0)
    yield Question("it ends when the source does", conditions, terms.both(compiled.conditions))
    yield Question("the same error", conditions, terms.equal(terms.low_bits(outcome.error, 32), error))
    if value is not None:
        succeeds = terms.equal(outcome.error, nothing)
        expected = terms.choose(terms.simplify(succeeds), nothing if outcome.value is None else outcome.value, nothing)
        yield Question("the same value", conditions, terms.equal(expected, value))
    for name in sorted({*outcome.state.changed(run.outcomes[0].start), *compiled.state.changed(compiled.start)}):
        if SLOT not in name:
            yield Question(f"the same {name}", conditions, same_cells(outcome.state, compiled.state, name))

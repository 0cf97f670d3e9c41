"""The optimised LLVM IR of a call does what its source does.

Both are executed from one unknown state on the same registers, gate included, down to the
processor's instructions. Whenever the source returns, the optimised code returns the same error
and value, leaves the same tables and has issued the same instructions; loops go step by step
(see `llvm.simulation`); and no trap in it is in reach. Ghosts exist on neither side. What the
back end then makes of the IR is not compared.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

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
from exokernel.prover.llvm.execute import Machine, Trap
from exokernel.prover.llvm.reader import Code, read_constants, read_module
from exokernel.prover.llvm.simulation import SLOT, Simulation, Unlike, same_cells
from exokernel.prover.llvm.source import Follower, Seen
from exokernel.prover.obligations import Obligation, Run, hypotheses
from exokernel.prover.paths import Conditions, Outcome
from exokernel.prover.solver import Verdict
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term

TRAP = "no trap is in reach"
TRAPPING = "@llvm.ubsantrap"
SMALL, GREAT = 2_000_000, 40_000_000  # efforts, for what is asked again with more known, and for what need not be true
CALLER = "exokernel.kernel.gate.caller"


@dataclass
class Comparison:
    """What became of one call."""

    call: str
    verdict: str  # equal, different, unknown, or not compared
    what: str = ""
    questions: int = 0
    loops: int = 0  # of the source
    traps: int = 0  # in the optimised code, by how control could get there: none is in reach
    checks: list[str] = field(default_factory=list)  # what they check, and where in the source
    seconds: float = 0.0


@dataclass(frozen=True)
class Module:
    """The optimised kernel: its functions and constant tables, and the symbol of each call's gate."""

    functions: dict[str, Code]
    constants: dict[str, list[int]]
    symbols: dict[str, str]
    checks: dict[str, list[SurvivingCheck]] = field(default_factory=dict)  # by function, in the order of its text

    def check_of(self, trap: Trap) -> str:
        """Where in the source a trap was written, and what it checks."""
        blocks = self.functions[trap.function].blocks
        trapping = [name for name, block in blocks.items() if any(TRAPPING in one.rest for one in block)]
        check = self.checks[trap.function][trapping.index(trap.block)]
        return f"{check.file}:{check.line} {check.kind.name.lower()}"


def optimised_kernel() -> Module:
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
    return Module(read_module(code.optimised), read_constants(code.optimised), symbols, checks)


class Failed(Exception):
    """A question that was not answered with yes."""

    def __init__(self, what: str, verdict: Verdict) -> None:
        super().__init__(what)
        self.verdict = verdict


class Questions:
    """Asks the solver: first with nothing known but the conditions, then with what a run of the source tells."""

    def __init__(self, system: System, run: Run) -> None:
        facts = [demand.fact for demand in run.journal.demands]
        everything = hypotheses(system, Obligation("equality", "", terms.TRUE, [], (system.state,)), run)
        self.known: tuple[list[Term], ...] = ([], facts, everything)
        self.asked = 0

    def answer(self, conditions: Conditions, claim: Term, last: int | None) -> Verdict:
        self.asked += 1
        verdict = Verdict.UNKNOWN
        for known, effort in zip(self.known, (SMALL, SMALL, last)):
            verdict = solver.prove([*conditions, *known], claim, effort=effort).verdict
            if verdict is Verdict.PROVED:
                break
        return verdict

    def follows(self, conditions: Conditions, claim: Term) -> bool:
        """Whether a claim is true, as far as that is found with some effort."""
        return self.answer(conditions, claim, GREAT) is Verdict.PROVED

    def ask(self, what: str, conditions: Conditions, claim: Term) -> None:
        verdict = self.answer(conditions, claim, None)
        if verdict is not Verdict.PROVED:
            raise Failed(what, verdict)


def compare(system: System, call: Call, module: Module) -> Comparison:
    """Whether the optimised code of a call equals its source."""
    began = time.perf_counter()
    result = Comparison(call.name, "equal")
    try:
        follow(system, call, module, result)
    except Failed as failure:
        result.what = str(failure)
        result.verdict = "different" if failure.verdict is Verdict.REFUTED else "unknown"
    except Unlike as reason:
        result.verdict, result.what = "unknown", str(reason)
    except Unsupported as reason:
        result.verdict, result.what = "not compared", str(reason)
    result.seconds = time.perf_counter() - began
    return result


def run_gate(system: System, call: Call, follower: Follower) -> tuple[Run, list[Term]]:
    """The source of a call, from its gate on, for any content of the registers."""
    name = f"{call.qualified}.gate"
    if name not in system.program.functions:
        raise Unsupported("no gate leads to it")
    function = system.program.functions[name]
    registers = [terms.variable(f"{call.name}.{each.name}") for each in function.parameters]
    state = Seen(system.layout, system.state.tag)
    caller = follower.run(CALLER, (), state)[0].value
    conditions = (terms.negate(terms.equal(caller, terms.number(0))),)
    outcomes = follower.run(name, tuple(registers), state, conditions)
    journal = follower.journal
    accesses = [split((path, indices)) for (path, _), indices in journal.accesses.items()]
    return Run(call, tuple(registers), list(conditions), outcomes, journal, accesses), registers


def follow(system: System, call: Call, module: Module, result: Comparison) -> None:
    """Run both and ask all there is to ask. Raises Failed, Unlike, Unsupported."""
    where = Map(system)
    follower = Follower(system, where)
    run, registers = run_gate(system, call, follower)
    start = run.outcomes[0].start
    questions = Questions(system, run)
    result.loops = len(follower.passed)
    simulation = Simulation(start, follower.passed, questions.ask, questions.follows)
    machine = Machine(module.functions, where, module.constants, simulation)
    try:
        compiled = machine.run(module.symbols[call.name], list(registers), start, tuple(run.known))
        simulation.finish()
        for what, conditions, claim in remaining(run, machine, compiled[0]):
            questions.ask(what, conditions, claim)
    finally:
        result.questions, result.traps = questions.asked, len(machine.traps)
    result.checks = sorted({module.check_of(each) for each in machine.traps})


def remaining(run: Run, machine: Machine, compiled: Outcome) -> Iterator[tuple[str, Conditions, Term]]:
    """What is to be asked where both have ended."""
    for reached in machine.traps:
        yield TRAP, reached.conditions, terms.FALSE
    yield "every address lies in its table", (), terms.both(machine.bounds)
    value, error = compiled.value  # type: ignore[misc]
    for outcome in run.outcomes:
        conditions = outcome.conditions
        yield "the same error", conditions, terms.equal(terms.low_bits(outcome.error, 32), error)
        if outcome.value is not None and terms.literal(outcome.error) == 0:
            yield "the same value", conditions, terms.equal(outcome.value, value)
        for name in sorted({*outcome.state.changed(run.outcomes[0].start), *compiled.state.changed(compiled.start)}):
            if SLOT not in name:
                yield f"the same {name}", conditions, same_cells(outcome.state, compiled.state, name)

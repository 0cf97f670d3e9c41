"""The optimised LLVM IR of a call does what its source does.

Both are executed from one unknown state on the same registers, gate included. Whenever the
source returns, the optimised code returns the same error and value and leaves the same tables;
and no trap in it is in reach. Ghosts exist on neither side. What the back end then makes of the
IR is not compared; nor are calls whose optimised code has a loop, which are named.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from exokernel.compiler import pipeline
from exokernel.compiler.build.program import build_program
from exokernel.compiler.emit.machine_code import emit
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.targets import TARGETS
from exokernel.prover import solver, terms
from exokernel.prover.execute import Journal, Unsupported
from exokernel.prover.instantiate import split
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.execute import Machine
from exokernel.prover.llvm.reader import Code, read_constants, read_module
from exokernel.prover.machine import GHOSTS
from exokernel.prover.obligations import Obligation, Run, hypotheses
from exokernel.prover.paths import Outcome
from exokernel.prover.solver import Verdict
from exokernel.prover.system import Call, System
from exokernel.prover.terms import Term

TRAP = "no trap is in reach"


@dataclass
class Comparison:
    """What became of one call."""

    call: str
    verdict: str  # equal, different, unknown, or not compared
    what: str = ""
    questions: int = 0
    traps: int = 0  # in the optimised code, none in reach
    seconds: float = 0.0


@dataclass(frozen=True)
class Module:
    """The optimised kernel: its functions and constant tables, and the symbol of each call's gate."""

    functions: dict[str, Code]
    constants: dict[str, list[int]]
    symbols: dict[str, str]


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
    return Module(read_module(code.optimised), read_constants(code.optimised), symbols)


def compare(system: System, call: Call, module: Module) -> Comparison:
    """Whether the optimised code of a call equals its source."""
    began = time.perf_counter()
    result = Comparison(call.name, "equal")
    try:
        for what, conditions, claim, run in questions(system, call, module):
            result.questions += 1
            result.traps += what == TRAP
            obligation = Obligation("equality", what, claim, conditions, (system.state,))
            answer = solver.prove(hypotheses(system, obligation, run), claim)
            if answer.verdict is not Verdict.PROVED:
                result.what = what
                result.verdict = "different" if answer.verdict is Verdict.REFUTED else "unknown"
                break
    except Unsupported as reason:
        result.verdict, result.what = "not compared", str(reason)
    result.seconds = time.perf_counter() - began
    return result


def run_gate(system: System, call: Call) -> tuple[Run, list[Term]]:
    """The source of a call, from its gate on, for any content of the registers."""
    executor, name = system.executor, f"{call.qualified}.gate"
    if name not in system.program.functions:
        raise Unsupported(f"{name} is not in the program")
    function = system.program.functions[name]
    registers = [terms.variable(f"{call.name}.{each.name}") for each in function.parameters]
    journal, executor.journal = executor.journal, Journal()
    caller = executor.run(CALLER, (), system.state)[0].value
    conditions = (terms.negate(terms.equal(caller, terms.number(0))),)
    outcomes = executor.run(name, tuple(registers), system.state, conditions)
    mine, executor.journal = executor.journal, journal
    accesses = [split((path, indices)) for (path, _), indices in mine.accesses.items()]
    return Run(call, tuple(registers), list(conditions), outcomes, mine, accesses), registers


CALLER = "exokernel.kernel.gate.caller"


def questions(
    system: System, call: Call, module: Module
) -> Iterator[tuple[str, list[Term], Term, Run]]:
    run, registers = run_gate(system, call)
    if run.journal.has_loops:
        raise Unsupported("the source has a loop")
    machine = Machine(module.functions, Map(system), module.constants)
    (compiled,) = machine.run(module.symbols[call.name], list(registers), system.state, tuple(run.known))
    for reached in machine.traps:
        yield TRAP, list(reached), terms.FALSE, run
    yield "every address lies in its table", [], terms.both(machine.bounds), run
    value, error = compiled.value  # type: ignore[misc]
    for outcome in run.outcomes:
        conditions = list(outcome.conditions)
        same_error = terms.equal(terms.low_bits(outcome.error, 32), error)
        yield "the same error", conditions, same_error, run
        if outcome.value is not None and terms.literal(outcome.error) == 0:
            yield "the same value", conditions, terms.equal(outcome.value, value), run
        for name in sorted({*outcome.state.changed(system.state), *compiled.state.changed(system.state)}):
            if not name.startswith(GHOSTS) or name.startswith("forgotten"):
                yield f"the same {name}", conditions, same_cells(outcome, compiled, name), run


def same_cells(source: Outcome, compiled: Outcome, name: str) -> Term:
    left, right = source.state.table(name), compiled.state.table(name)
    key = terms.variable(f"any {name}", sum(left.family.widths) or 1)
    found = terms.equal(left.look_up(key, len(left.updates)), right.look_up(key, len(right.updates)))
    if name.startswith("forgotten"):  # dropping more than the source asks for is no difference
        return terms.either((found, terms.equal(right.look_up(key, len(right.updates)), terms.number(1, 1))))
    return found

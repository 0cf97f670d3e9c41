"""What is shown of gates: that they refuse with one error only, and change nothing."""

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.execute import Executor
from exokernel.prover.gates import gates, refusals
from exokernel.prover.layout import Layout
from exokernel.prover.obligations import Run
from exokernel.prover.prove import answer_to
from exokernel.prover.solver import Verdict, prove
from exokernel.prover.system import ADMITTED, Call, load_system

GATE = """
static @count: u64
function admit(%raw: int) -> int raises 2, 5:
block entry:
  %0: bool = %raw < 16
  branch %0, done, refuse
block refuse:
  raise 2
block done:
  return %raw
end
"""


def refuted(source: str) -> set[str]:
    program = read_program(source)
    layout = Layout(program)
    executor, state = Executor(program, layout, lambda name: None), State(layout)
    outcomes = executor.run("admit", (terms.variable("raw"),), state)
    run = Run(Call("admit", "", (), False), (), [], outcomes, executor.journal, [])
    return {each.clause for each in refusals(run) if prove(each.conditions, each.claim).verdict is not Verdict.PROVED}


def test_a_gate_refuses_with_one_error_and_changes_nothing() -> None:
    assert refuted(GATE) == set()
    assert refuted(GATE.replace("raise 2\n", "raise 5\n")) == {"error"}
    assert refuted(GATE.replace("block done:\n", "block done:\n  store @count: u64, 1\n")) == {"keeps"}


@pytest.mark.slow
def test_every_gate_of_the_kernel_is_asked_all() -> None:
    system = load_system()
    asked = [(run.call.name, each.clause) for run, each in gates(system) if answer_to(system, each, run).verdict is Verdict.PROVED]
    for name in ADMITTED.values():
        assert {clause for call, clause in asked if call == f"admit_{name}"} >= {"error", "keeps", "private"}
    assert len(asked) == len(list(gates(system)))

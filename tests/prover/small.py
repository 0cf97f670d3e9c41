"""Small programs for the prover: what any kernel has, and how one of its functions is executed."""

from exokernel.compiler.ir.reader import read_program
from exokernel.prover.cells import State
from exokernel.prover.execute import Executor
from exokernel.prover.layout import Layout
from exokernel.prover.obligations import Run
from exokernel.prover.system import Call
from exokernel.prover.terms import Term

RECORDS = """
record exokernel.abi.environment_page.EnvironmentPage size 8 align 8:
  0 begin: i64
end
record exokernel.abi.tables.MapRequest size 8 align 8:
  0 index: i64
end
"""
CALLER = """
function exokernel.kernel.gate.caller() -> int at "m.py":1:1:
block entry:
  return 1
end
function exokernel.spec.gates.call_assumes(%caller: int) -> bool:
block entry:
  %0: bool = %caller != 0
  return %0
end
"""  # whose call it is


def prepared(source: str) -> tuple[Executor, State]:
    """A small program, ready to be executed, and a state of which nothing is known."""
    program = read_program(source)
    layout = Layout(program)
    return Executor(program, layout, lambda name: None), State(layout)


def run_of(source: str, name: str, *arguments: Term) -> tuple[Run, State]:
    """A function of a small program, executed; and the state in which it began."""
    executor, state = prepared(source)
    outcomes = executor.run(name, arguments, state)
    return Run(Call(name, "", (), False), (), [], outcomes, executor.journal, []), state

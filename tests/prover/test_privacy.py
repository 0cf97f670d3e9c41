"""What a call tells of private things: found in answers, in tables, and in what a loop carries along."""

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.prover.cells import State
from exokernel.prover.execute import Executor
from exokernel.prover.layout import Layout
from exokernel.prover.obligations import Run
from exokernel.prover.privacy import learned
from exokernel.prover.prove import prove_call
from exokernel.prover.system import Call, load_system

TABLES = """
static @memory: u64[16]
static @public: u64[16]
"""

ANSWERS = """
function call() -> int:
block entry:
  %0: int = load @memory[3]: u64
  return %0
end
"""

REFUSES = """
function call() -> none raises 5:
block entry:
  %0: int = load @memory[3]: u64
  %1: bool = %0 == 7
  branch %1, refuse, done
block refuse:
  raise 5
block done:
  return
end
"""

WRITES = """
function call() -> none:
block entry:
  %0: int = load @memory[3]: u64
  store @public[%0]: u64, 1
  return
end
"""

CARRIES = """
function call() -> int:
  local %i: int
  local %found: int
block entry:
  %i = 0
  %found = 0
  jump head
block head:
  %0: bool = %i < 16
  branch %0, body, done
block body:
  %found = load @memory[%i]: u64
  %i = %i + 1
  jump head
block done:
  return %found
end
"""

BEGINS_WITH = """
function call() -> int:
  local %i: int
  local %found: int
block entry:
  %i = 0
  %found = load @memory[3]: u64
  jump head
block head:
  %0: bool = %i < 16
  branch %0, body, done
block body:
  %1: bool = %i == 99
  branch %1, forget, next
block forget:
  %found = 0
  jump next
block next:
  %i = %i + 1
  jump head
block done:
  return %found
end
"""

MOVES = """
function call() -> int:
block entry:
  %0: int = load @memory[3]: u64
  store @memory[4]: u64, %0
  %1: int = load @public[4]: u64
  return %1
end
"""


def told_by(source: str) -> set[str]:
    program = read_program(TABLES + source)
    layout = Layout(program)
    executor = Executor(program, layout, lambda name: None)
    outcomes = executor.run("call", (), State(layout))
    return learned(Run(Call("call", "", (), False), (), [], outcomes, executor.journal, []))


@pytest.mark.parametrize("source", [ANSWERS, REFUSES, WRITES, CARRIES, BEGINS_WITH], ids=["answers", "refuses", "writes", "carries", "begins with"])
def test_a_leak_is_found(source: str) -> None:
    assert told_by(source) == {"memory"}


def test_what_moves_from_frame_to_frame_is_told_to_nobody() -> None:
    assert told_by(MOVES) == set()


@pytest.mark.slow
def test_the_kernel_may_learn_nothing_that_is_not_declared() -> None:
    system = load_system()
    assert prove_call(system, system.calls["map"], "private").proved
    system.specification.may_learn["map"] = ()
    (failure,) = prove_call(system, system.calls["map"], "private").failures
    assert failure.what == "the answer depends on what is private: memory"

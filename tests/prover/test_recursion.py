"""Functions of the specification that call themselves, and loops that keep what these say."""

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.claims import Claim, Parameter
from exokernel.prover.declared import Declared
from exokernel.prover.execute import Executor, Unsupported
from exokernel.prover.instantiate import Instances
from exokernel.prover.layout import Layout
from exokernel.prover.recursion import Recursions
from exokernel.prover.solver import Verdict, prove

SPECIFICATION = """
record Seat size 8 align 4:
  0 taken: u32
  4 owner: u16
end
static @seats: Seat[16]

function exokernel.spec.seats.taken(%among: int) -> int:
block entry:
  %0: bool = %among <= 0
  branch %0, none_left, more
block none_left:
  return 0
block more:
  %1: int = %among - 1
  %2: int = call exokernel.spec.seats.taken(%1)
  %3: int = load @seats[%1]->taken: u32
  %4: bool = %3 != 0
  branch %4, counted, free
block counted:
  %5: int = %2 + 1
  return %5
block free:
  return %2
end

function exokernel.spec.seats.endless(%n: int) -> int:
block entry:
  %0: int = call exokernel.spec.seats.endless(%n)
  return %0
end

function exokernel.spec.loops.count(%step: int, %found: int) -> bool:
block entry:
  %0: int = call exokernel.spec.seats.taken(%step)
  %1: bool = %0 == %found
  return %1
end
"""

COUNT = """
function exokernel.kernel.seats.count() -> int:
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
  %1: int = load @seats[%i]->taken: u32
  %2: bool = %1 RELATION 0
  branch %2, counted, next
block counted:
  %found = %found + 1
  jump next
block next:
  %i = %i + 1
  jump head
block done:
  return %found
end
"""


def prepare(source: str = "") -> tuple[Executor, Recursions, State]:
    program = read_program(SPECIFICATION + source)
    layout, recursions = Layout(program), Recursions(program)
    return Executor(program, layout, recursions.model_of), recursions, State(layout)


def test_it_is_opened_once_where_it_is_mentioned() -> None:
    executor, recursions, state = prepare()
    (outcome,) = executor.run("exokernel.spec.seats.taken", (terms.number(0),), state)
    assert terms.literal(outcome.value) == 0
    (outcome,) = executor.run("exokernel.spec.seats.taken", (terms.number(1),), state)
    opened = Instances(recursions.schemas).found_from([(path, at) for (path, _), at in executor.journal.accesses.items()])
    within = terms.both((outcome.value >= 0, outcome.value <= 1))  # type: ignore[operator]
    assert prove(opened, within).verdict is Verdict.PROVED
    assert prove([], within).verdict is Verdict.REFUTED


def test_one_that_comes_no_closer_to_an_end_is_refused() -> None:
    executor, _, state = prepare()
    with pytest.raises(Unsupported, match="nothing says that this ends"):
        executor.run("exokernel.spec.seats.endless", (terms.variable("n"),), state)


def test_what_it_reads_tells_two_states_apart_and_nothing_else_does() -> None:
    executor, recursions, state = prepare()
    n = terms.variable("n")

    def named(of: State) -> terms.Term:
        function = executor.program.functions["exokernel.spec.seats.taken"]
        return recursions.meaning(executor, of, function).applied(function, (n,))

    owned = state.with_table("seats[]|owner", state.table("seats[]|owner").write((n,), terms.number(1, 16)))
    taken = state.with_table("seats[]|taken", state.table("seats[]|taken").write((n,), terms.number(1, 32)))
    assert terms.same(named(state), named(owned)) and not terms.same(named(state), named(taken))
    already = state.table("seats[]|taken").read((n,)) == 1
    assert prove([already], terms.equal(named(state), named(taken))).verdict is Verdict.PROVED


@pytest.mark.parametrize(("relation", "verdict"), [("!=", Verdict.PROVED), ("==", Verdict.REFUTED)])
def test_a_loop_keeps_what_is_said_of_it(relation: str, verdict: Verdict) -> None:
    executor, recursions, state = prepare(COUNT.replace("RELATION", relation))
    parameters = (Parameter("step", "int"), Parameter("found", "int"))
    claim = Claim("count", "exokernel.spec.loops", parameters, "bool", "So many are taken.")
    executor.declared = {"exokernel.kernel.seats.count": [Declared(claim, None)]}
    executor.run("exokernel.kernel.seats.count", (), state)
    on_entry, after_step = executor.journal.stands
    for stand, expected in ((on_entry, Verdict.PROVED), (after_step, verdict)):
        known = Instances([*recursions.schemas, *executor.journal.declared]).found_from(stand.accesses)
        facts = [demand.fact for demand in executor.journal.demands]
        assert prove([*stand.outcome.conditions, *facts, *known], stand.claim).verdict is expected


def test_a_claim_of_a_loop_that_is_false_on_entry_does_not_show_itself() -> None:
    down = COUNT.replace("count() -> int", "count(%n: int) -> int").replace("%i = 0", "%i = %n").replace("%i < 16", "%i > 3").replace("%i + 1", "%i - 1")
    executor, recursions, state = prepare(down.replace("RELATION", "!=").replace("seats[%i]", "seats[3]"))
    claim = Claim("count", "exokernel.spec.loops", (Parameter("step", "int"), Parameter("found", "int")), "bool", "So many are taken.")
    executor.declared = {"exokernel.kernel.seats.count": [Declared(claim, None)]}
    executor.run("exokernel.kernel.seats.count", (terms.variable("n"),), state)
    on_entry = executor.journal.stands[0]
    known = Instances([*recursions.schemas, *executor.journal.declared]).found_from(on_entry.accesses)
    assert prove([*on_entry.outcome.conditions, *known], on_entry.claim).verdict is Verdict.REFUTED

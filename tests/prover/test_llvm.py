"""Optimised LLVM IR, read and executed: what comes of a branch, a phi node, an address, a trap."""

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.claims import Specification
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.execute import Machine
from exokernel.prover.llvm.reader import read_constants, read_module
from exokernel.prover.solver import Verdict, prove
from exokernel.prover.system import System

TABLES = """
record exokernel.abi.environment_page.EnvironmentPage size 8 align 8:
  0 begin: i64
end
record exokernel.abi.tables.MapRequest size 8 align 8:
  0 index: i64
end
record Seat size 12 align 4:
  0 taken: u32
  4 owner: u16
  6 row: u16
  8 price: u32
end
static @seats: Seat[16] at -4096
"""

CODE = """
@table = private unnamed_addr constant [3 x i64] [i64 5, i64 7, i64 9], align 8

define i64 @larger(i64 %a, i64 %b) {
entry:
  %0 = icmp ult i64 %a, %b
  br i1 %0, label %left, label %right
left:
  br label %right
right:
  %r = phi i64 [ %a, %entry ], [ %b, %left ]
  ret i64 %r
}

define void @take(i64 %seat) {
  %0 = icmp ult i64 %seat, 16
  br i1 %0, label %good, label %bad
good:
  %1 = getelementptr inbounds nuw [12 x i8], ptr inttoptr (i64 -4096 to ptr), i64 %seat
  %2 = getelementptr inbounds nuw i8, ptr %1, i64 4
  store i32 65538, ptr %2, align 4
  ret void
bad:
  call void @llvm.ubsantrap(i8 1)
  unreachable
}

define i64 @forever(i64 %a) {
entry:
  br label %entry
}
"""


@pytest.fixture
def machine() -> Machine:
    system = System(read_program(TABLES), Specification(), {})
    return Machine(read_module(CODE), Map(system), read_constants(CODE))


def state_of(machine: Machine) -> State:
    return State(machine.map.layout)


def test_a_phi_node_takes_the_value_of_the_edge(machine: Machine) -> None:
    a, b = terms.variable("a"), terms.variable("b")
    (outcome,) = machine.run("larger", [a, b], state_of(machine), ())
    assert prove([terms.below(a, b)], terms.equal(outcome.value, b)).verdict is Verdict.PROVED
    assert prove([terms.below(b, a)], terms.equal(outcome.value, a)).verdict is Verdict.PROVED


def test_a_store_over_two_fields_writes_both_and_no_third(machine: Machine) -> None:
    seat = terms.variable("seat")
    (outcome,) = machine.run("take", [seat], state_of(machine), ())
    changed = {name: outcome.state.table(name) for name in outcome.state.changed(outcome.start)}
    assert set(changed) == {"seats[]|owner", "seats[]|row"}
    for name, value in (("seats[]|owner", 2), ("seats[]|row", 1)):
        stored = terms.equal(changed[name].read((seat,)), terms.number(value, 16))
        assert prove(outcome.conditions, stored).verdict is Verdict.PROVED


def test_a_trap_is_noted_and_an_address_held_to_its_table(machine: Machine) -> None:
    machine.run("take", [terms.variable("seat")], state_of(machine), ())
    assert len(machine.traps) == 1
    assert prove([], terms.both(machine.bounds)).verdict is Verdict.PROVED


def test_a_loop_is_refused(machine: Machine) -> None:
    with pytest.raises(Unsupported, match="has a loop"):
        machine.run("forever", [terms.variable("a")], state_of(machine), ())


def test_constant_tables_are_read(machine: Machine) -> None:
    assert machine.constants == {"table": [5, 7, 9]}

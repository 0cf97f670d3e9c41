"""Optimised LLVM IR, read and executed: what comes of a branch, a phi node, an address, a trap."""

import pytest

from exokernel.abi.names import FRAME_SIZE, FRAMES
from exokernel.compiler.ir.reader import read_program
from exokernel.prover import equality, terms
from exokernel.prover.cells import State
from exokernel.prover.claims import Specification
from exokernel.prover.equality import Comparison, Module, Source, compare, events
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import Map
from exokernel.prover.llvm.apart import functions_apart
from exokernel.prover.llvm.execute import Machine
from exokernel.prover.llvm.questions import Questions
from exokernel.prover.llvm.reader import read_constants, read_module
from exokernel.prover.machine import WORDS
from exokernel.prover.solver import Verdict, prove
from exokernel.prover.system import Call, System
from tests.prover.small import CALLER, RECORDS

pytestmark = pytest.mark.slow

TABLES = f"""{RECORDS}record Seat size 12 align 4:
  0 taken: u32
  4 owner: u16
  6 row: u16
  8 price: u32
end
static @seats: Seat[16] at -4096
instruction m.fill(%to: int in "di", %count: int in "cx", %value: int in "ax") -> none in "" is "rep stosq" clobbers "memory" clobbers "rcx" clobbers "rdi"
"""

CODE = """
@table = private unnamed_addr constant [3 x i64] [i64 5, i64 7, i64 9], align 8
@text = private unnamed_addr constant [3 x i8] c"ok\\0A", align 1
@texts = private unnamed_addr constant [2 x ptr] [ptr @text, ptr @text], align 8

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

define void @spill(i64 %seat) {
  %1 = getelementptr inbounds nuw [12 x i8], ptr inttoptr (i64 -4096 to ptr), i64 %seat
  %2 = getelementptr inbounds nuw i8, ptr %1, i64 8
  store i64 0, ptr %2, align 4
  ret void
}

define void @clean(i64 %frame) {
  %1 = shl i64 %frame, 12
  %2 = add i64 %1, -140737488355328
  call void asm sideeffect "rep stosq", "{di},{cx},{ax},~{dirflag},~{flags},~{fpsr},~{memory},~{rcx},~{rdi}"(i64 %2, i64 512, i64 0)
  ret void
}

define void @askew(i64 %frame) {
  %1 = shl i64 %frame, 12
  %2 = add i64 %1, -140737488355320
  call void asm sideeffect "rep stosq", "{di},{cx},{ax},~{dirflag},~{flags},~{fpsr},~{memory},~{rcx},~{rdi}"(i64 %2, i64 512, i64 0)
  ret void
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


def test_a_store_past_the_end_of_a_record_is_refused(machine: Machine) -> None:
    with pytest.raises(Unsupported, match="no field is at 12"):
        machine.run("spill", [terms.variable("seat")], state_of(machine), ())


def test_what_is_cleared_is_a_frame_and_one_that_there_is(machine: Machine) -> None:
    frame = terms.variable("frame")
    (outcome,) = machine.run("clean", [frame], state_of(machine), ())
    (bound,) = machine.bounds
    assert prove([], terms.equal(bound, terms.within(frame << 12, FRAMES * FRAME_SIZE))).verdict is Verdict.PROVED
    word = outcome.state.table(f"{WORDS}[]").read((frame, terms.number(511)))
    assert prove([], terms.equal(word, terms.number(0))).verdict is Verdict.PROVED
    with pytest.raises(Unsupported, match="a frame at"):
        machine.run("askew", [frame], state_of(machine), ())


def test_a_loop_is_refused(machine: Machine) -> None:
    with pytest.raises(Unsupported, match="has a loop"):
        machine.run("forever", [terms.variable("a")], state_of(machine), ())


# A loop of the source and the same loop as LLVM leaves it: tested once before it, and after each step

RAISE_PRICES = CALLER + """
function m.rise.gate(%count: int) -> none at "m.py":2:1:
  local %place: int
block entry:
  %1: int = 0
  jump for.2
block for.2:
  %2: bool = %1 < %count
  branch %2, do.3, end.1
block do.3:
  %place = %1
  %3: int = load @seats[%place]->price: u32
  %4: int = %3 + 7
  store @seats[%place]->price: u32, %4
  instruct m.ring(%place)
  %1: int = %1 + 1 proved
  jump for.2
block end.1:
  return
end
instruction m.ring(%bell: int in "r") -> none in "" is "ring {bell}" clobbers "memory"
"""
RAISED = """
define { i64, i32 } @syscall_1(i64 %count) {
first:
  %some = icmp sgt i64 %count, 0
  br i1 %some, label %step, label %end
step:
  %place = phi i64 [ 0, %first ], [ %next, %step ]
  %seat = getelementptr inbounds nuw [12 x i8], ptr inttoptr (i64 -4096 to ptr), i64 %place
  %price = getelementptr inbounds nuw i8, ptr %seat, i64 8
  %old = load i32, ptr %price, align 4
  %new = add nuw i32 %old, 7
  store i32 %new, ptr %price, align 4
  call void asm sideeffect "ring $0", "r,~{dirflag},~{flags},~{fpsr},~{memory}"(i64 %place)
  %next = add nuw nsw i64 %place, 1
  %over = icmp eq i64 %next, %count
  br i1 %over, label %end, label %step
end:
  ret { i64, i32 } zeroinitializer
}
"""


def compiled(code: str) -> Module:
    return Module(read_module(code), {}, {"rise": "syscall_1"})


def source() -> Source:
    system = System(read_program(TABLES + RAISE_PRICES), Specification(), {})
    return Source(system, Call("rise", "m", (), False), compiled(RAISED))


def compared(code: str) -> Comparison:
    return compare(source(), compiled(code))


def test_a_loop_goes_step_by_step_with_its_source() -> None:
    found = compared(RAISED)
    assert (found.verdict, found.what, found.loops) == ("equal", "", 1)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("add nuw i32 %old, 7", "add nuw i32 %old, 8"),
        ("ptr %seat, i64 8", "ptr %seat, i64 0"),
        ("add nuw nsw i64 %place, 1", "add nuw nsw i64 %place, 2"),
        ("[ 0, %first ]", "[ 1, %first ]"),
        ("icmp sgt i64 %count, 0", "icmp sgt i64 %count, 1"),
        ("icmp eq i64 %next, %count", "icmp eq i64 %place, %count"),
        ("label %step, label %end\nstep", "label %end, label %end\nstep"),
        ("(i64 %place)", "(i64 %next)"),
        ('  call void asm sideeffect "ring $0", "r,~{dirflag},~{flags},~{fpsr},~{memory}"(i64 %place)\n', ""),
        ("end:\n", 'end:\n  call void asm sideeffect "ring $0", "r,~{dirflag},~{flags},~{fpsr},~{memory}"(i64 0)\n'),
    ],
)
def test_a_loop_that_differs_is_found(right: str, wrong: str) -> None:
    assert right in RAISED
    assert compared(RAISED.replace(right, wrong)).verdict in ("different", "not compared")


def test_a_loop_is_unlike_another_only_if_that_is_certain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Questions, "try_out", lambda *_: Verdict.UNKNOWN)
    assert compared(RAISED).verdict == "unknown"
    monkeypatch.setattr(Questions, "try_out", lambda *_: Verdict.REFUTED)
    assert compared(RAISED).verdict == "not compared"


def test_a_source_is_run_once_for_any_number_of_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    once, wrong, runs = source(), RAISED.replace("add nuw i32 %old, 7", "add nuw i32 %old, 8"), list[Call]()
    run_source = equality.run_source
    monkeypatch.setattr(equality, "run_source", lambda *given: runs.append(given[1]) or run_source(*given))
    assert [compare(once, compiled(code)).verdict for code in (RAISED, wrong, RAISED)] == ["equal", "different", "equal"]
    assert len(runs) == 1


# A function that is compared apart, and a caller of it

TELL = CALLER + """
function exokernel.kernel.m.rise.gate(%count: int) -> none at "m.py":2:1:
block entry:
  %1: int = %count + 1
  call exokernel.kernel.m.tell(%count)
  return
end
function exokernel.kernel.m.tell(%bell: int) -> none at "m.py":5:1:
  attribute cold ""
  attribute never_inline ""
block entry:
  instruct m.ring(%bell)
  return
end
instruction m.ring(%bell: int in "r") -> none in "" is "ring {bell}" clobbers "memory"
"""
TOLD = """
define { i64, i32 } @syscall_1(i64 %count) {
first:
  call fastcc void @exokernel.kernel.m.tell(i64 %count)
  ret { i64, i32 } zeroinitializer
}

define internal fastcc void @exokernel.kernel.m.tell(i64 %bell) {
first:
  call void asm sideeffect "ring $0", "r,~{dirflag},~{flags},~{fpsr},~{memory}"(i64 %bell)
  ret void
}
"""


def compared_apart(source: str, code: str, name: str) -> Comparison:
    system = System(read_program(TABLES + source), Specification(), {})
    module = Module(read_module(code), {}, {"rise": "syscall_1"}, apart=events(system))
    calls = {each.name: each for each in functions_apart(system)}
    return compare(Source(system, calls.get(name, Call("rise", "exokernel.kernel.m", (), False)), module), module)


def test_what_is_compared_apart_is_one_event_to_its_caller() -> None:
    assert compared_apart(TELL, TOLD, "tell").verdict == "equal"
    assert compared_apart(TELL, TOLD.replace("(i64 %bell)\n  ret", "(i64 1)\n  ret"), "tell").verdict == "different"
    assert compared_apart(TELL, TOLD, "rise").verdict == "equal"
    assert compared_apart(TELL, TOLD.replace("tell(i64 %count)", "tell(i64 1)"), "rise").verdict == "different"
    assert compared_apart(TELL, TOLD.replace("  call fastcc void @exokernel.kernel.m.tell(i64 %count)\n", ""), "rise").verdict == "different"


def test_what_a_function_compared_apart_returns_may_be_anything_that_its_arguments_give() -> None:
    source = TELL.replace("rise.gate(%count: int) -> none", "rise.gate(%count: int) -> int").replace(
        "  call exokernel.kernel.m.tell(%count)\n  return\n", "  %2: int = call exokernel.kernel.m.tell(%count)\n  return %2\n"
    )
    source = source.replace("tell(%bell: int) -> none", "tell(%bell: int) -> int").replace("(%bell)\n  return\n", "(%bell)\n  return %bell\n")
    answer = "  %both = insertvalue { i64, i32 } { i64 poison, i32 0 }, i64 %told, 0\n  ret { i64, i32 } %both"
    code = TOLD.replace("void @exo", "i64 @exo").replace("  call fastcc", "  %told = call fastcc").replace("ret void", "ret i64 %bell")
    code = code.replace("  ret { i64, i32 } zeroinitializer", answer)
    assert compared_apart(source, code, "tell").verdict == "equal"
    assert compared_apart(source, code.replace("ret i64 %bell", "ret i64 7"), "tell").verdict == "different"
    assert compared_apart(source, code, "rise").verdict == "equal"
    assert compared_apart(source, code.replace("tell(i64 %count)", "tell(i64 1)"), "rise").verdict == "different"
    assert compared_apart(source, code.replace("i64 %told, 0", "i64 %count, 0"), "rise").verdict == "different"


def test_what_optimised_code_takes_for_granted_of_an_argument_is_asked_of_callers() -> None:
    narrow = TOLD.replace("tell(i64 %bell)", "tell(i64 range(i64 0, 256) %bell)")
    assert compared_apart(TELL, narrow, "tell").verdict == "equal"
    assert compared_apart(TELL, narrow, "rise").verdict == "different"


def test_what_touches_a_table_is_not_compared_apart() -> None:
    source = TELL.replace("  instruct m.ring(%bell)\n", "  store @seats[%bell]->price: u32, 7\n")
    with pytest.raises(Unsupported, match="touches seats"):
        compared_apart(source, TOLD, "rise")


def test_constant_tables_are_read(machine: Machine) -> None:
    found = {name: (each.size, each.items) for name, each in machine.constants.items()}
    assert found == {"table": (8, [5, 7, 9]), "text": (1, [111, 107, 10]), "texts": (8, ["text", "text"])}

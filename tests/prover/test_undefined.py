"""What optimised code takes for granted is asked, and what it leaves out is noticed: none of it counts as equal."""

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.prover.claims import Specification
from exokernel.prover.equality import Module, Source, compare
from exokernel.prover.llvm.reader import read_constants, read_module
from exokernel.prover.llvm.undefined import PROMISES
from exokernel.prover.system import Call, System
from tests.prover.small import CALLER, RECORDS

pytestmark = pytest.mark.slow

TABLES = f"""{RECORDS}record Seat size 8 align 4:
  0 taken: bool
  4 price: u32
end
static @seats: Seat[16] at -4096
{CALLER}instruction m.read(%port: int in "dx") -> int in "ax" is "in {{port}}" clobbers "memory"
"""
GATE = 'function m.rise.gate({parameters}) -> int at "m.py":2:1:\nblock entry:\n{body}end\n'
CODE = "define {{ i64, i32 }} @syscall_1({parameters}) {{\n{body}}}\n"
SUCCEEDS = "  %pair = insertvalue { i64, i32 } { i64 poison, i32 0 }, i64 %r, 0\n  ret { i64, i32 } %pair\n"
FREE = "~{dirflag},~{flags},~{fpsr},~{memory}"
READ = f'asm sideeffect "in $1", "={{ax}},{{dx}},{FREE}"(i64 %a)'
STORE = "  %p = getelementptr inbounds nuw [8 x i8], ptr inttoptr (i64 -4096 to ptr), i64 3\n  store i8 1, ptr %p, align 1\n"


def verdict(source: str, code: str, more: str = "", helpers: str = "") -> str:
    """What comes of comparing the body of a call with that of its code; `a` and `b` are its arguments."""
    text = GATE.format(parameters="%a: int, %b: int", body=source)
    system = System(read_program(TABLES + text), Specification(), {})
    compiled = more + CODE.format(parameters="i64 %a, i64 %b", body=code) + helpers
    module = Module(read_module(compiled), read_constants(compiled), {"rise": "syscall_1"})
    return compare(Source(system, Call("rise", "m", (), False), module), module).verdict


SUM = "  %1: int = %a & 7\n  %2: int = %1 + 8\n  return %2\n"
ADDED = f"first:\n  %low = and i64 %a, 7\n  %r = add i64 %low, 8\n{SUCCEEDS}"


@pytest.mark.parametrize(
    ("changed", "is_equal"),
    [
        ("add nuw nsw i64 %low, 8", True),
        ("or disjoint i64 %low, 8", True),
        ("add nuw i64 %low, -1", False),
        ("or disjoint i64 %low, 1", False),
    ],
)
def test_a_flag_is_a_promise_that_has_to_be_kept(changed: str, is_equal: bool) -> None:
    added = int(changed.rpartition(" ")[2])
    source = SUM.replace("%1 + 8", f"%1 + {added}")
    assert (verdict(source, ADDED.replace("add i64 %low, 8", changed)) == "equal") is is_equal


# Instructions of what `%x` leaves of an argument or of its lower half, `%t`; and which bits may be left so that the promise is kept.
PROMISING = {
    "add nuw i64 %x, 1": 7,
    "add nsw i64 %x, 1": 7,
    "sub nuw i64 8, %x": 7,
    "sub nsw i64 %x, 1": 7,
    "mul nuw i64 %x, 3": 7,
    "mul nsw i64 %x, 3": 7,
    "shl nuw i64 %x, 3": 7,
    "shl nsw i64 %x, 3": 7,
    "lshr exact i64 %x, 3": -8,
    "ashr exact i64 %x, 3": -8,
    "udiv exact i64 %x, 8": -8,
    "sdiv exact i64 %x, 8": -8,
    "or disjoint i64 %x, 8": 7,
    "icmp samesign ult i64 %x, 9": 7,
    "zext nneg i32 %t to i64": 7,
    "trunc nuw i64 %x to i32": 7,
    "trunc nsw i64 %x to i32": 7,
}


@pytest.mark.parametrize("promising", PROMISING)
def test_every_promise_is_asked(promising: str) -> None:
    """The instruction and the same without its flag differ in nothing if it is kept, and else in anything."""
    operation, _, rest = promising.split(" ", 2)
    kind = {"icmp": "i1", "trunc": "i32"}.get(operation, "i64")
    code = f"first:\n  %x = and i64 %a, MASK\n  %t = trunc i64 %x to i32\n  %one = {promising}\n  %other = {operation} {rest}\n"
    result = "add i64 %d, 0" if kind == "i64" else f"zext {kind} %d to i64"
    code += f"  %d = xor {kind} %one, %other\n  %r = {result}\n{SUCCEEDS}"
    assert verdict("  return 0\n", code.replace("MASK", str(PROMISING[promising]))) == "equal"
    assert verdict("  return 0\n", code.replace("MASK", "-1")) == "different"


def test_there_is_a_test_for_every_promise() -> None:
    asked = {tuple(each.split(" ")[:2]) for each in PROMISING}
    assert asked >= set(PROMISES)


def test_a_promise_may_be_broken_where_nobody_uses_the_result() -> None:
    source = "  %1: bool = %a < 8\n  branch %1, small, large\nblock small:\n  return 1\nblock large:\n  return 2\n"
    code = "first:\n  %wild = shl nuw nsw i64 %a, 60\n  %x = and i64 %wild, MASK\n  %c = icmp slt i64 %a, 8\n"
    code += f"  %s = select i1 %c, i64 1, i64 2\n  %r = add i64 %s, %x\n{SUCCEEDS}"
    assert verdict(source, code.replace("MASK", "0")) == "equal"
    assert verdict(source, code.replace("MASK", "1")) != "equal"


@pytest.mark.parametrize("operation", ["ashr", "lshr"])
def test_a_shift_is_by_less_than_the_width(operation: str) -> None:
    source = "  %1: int = %b & 63\n  %2: int = %a >> %1\n  return %2\n" if operation == "ashr" else "  return 0\n"
    code = f"first:\n  %n = and i64 %b, 63\n  %r = {operation} i64 %a, %n\n{SUCCEEDS}"
    assert (verdict(source, code) == "equal") is (operation == "ashr")
    assert verdict(source, code.replace("%n\n", "%b\n")) != "equal"


def test_nothing_is_divided_by_nothing() -> None:
    code = "first:\n  %q = udiv i64 %a, BY\n  %z = and i64 %q, 0\n  %r = add i64 %z, 5\n" + SUCCEEDS
    assert verdict("  return 5\n", code.replace("BY", "3")) == "equal"
    assert verdict("  return 5\n", code.replace("BY", "%b")) != "equal"


def test_what_comes_with_an_error_is_nothing() -> None:
    source = GATE.replace("-> int", "-> int raises 5")
    system = System(read_program(TABLES + source.format(parameters="%a: int", body="  raise 5\n")), Specification(), {})
    for value, expected in (("0", "equal"), ("12345", "different"), ("poison", "different")):
        code = CODE.format(parameters="i64 %a", body=f"first:\n  ret {{ i64, i32 }} {{ i64 {value}, i32 5 }}\n")
        module = Module(read_module(code), {}, {"rise": "syscall_1"})
        assert compare(Source(system, Call("rise", "m", (), False), module), module).verdict == expected


def test_control_does_not_get_lost() -> None:
    code = f"first:\n  %c = icmp ult i64 %a, 10\n  br i1 %c, label %ok, label %dead\nok:\n  %r = add i64 %a, 0\n{SUCCEEDS}dead:\n  unreachable\n"
    assert verdict("  return %a\n", code) != "equal"
    assert verdict("  return %a\n", code.replace("label %dead\n", "label %ok\n")) == "equal"


@pytest.mark.parametrize(
    "wrong",
    [
        READ.replace("={ax},{dx}", "={cx},{dx}"),
        READ.replace(",~{memory}", ""),
        READ.replace("sideeffect ", ""),
        READ.replace("in $1", "inb $1"),
    ],
)
def test_an_instruction_is_one_that_the_source_declares(wrong: str) -> None:
    source = "  %1: int = instruct m.read(%a)\n  return %1\n"
    code = f"first:\n  %r = call i64 {READ}\n{SUCCEEDS}"
    assert verdict(source, code) == "equal"
    assert verdict(source, code.replace(READ, wrong)) == "not compared"


def test_a_truth_in_memory_is_one_bit() -> None:
    source, code = "  store @seats[3]->taken: bool, true\n  return 0\n", f"first:\n{STORE}  ret {{ i64, i32 }} zeroinitializer\n"
    assert verdict(source, code) == "equal"
    assert verdict(source, code.replace("i8 1", "i8 3")) != "equal"
    assert verdict(source, code.replace("i8 1", "i12 1")) == "not compared"


HELPER = "define internal fastcc i64 @f(i64 %x) {\nfirst:\n  ret i64 %x\n}\n"


@pytest.mark.parametrize(
    ("called", "helper"),
    [
        ("call i64 @f(i64 %a)", HELPER),
        ("call fastcc i32 @f(i64 %a)", HELPER),
        ("call fastcc i64 @f(i64 range(i64 0, 8) %a)", HELPER),
        ("call fastcc range(i64 0, 8) i64 @f(i64 %a)", HELPER),
        ("call fastcc i64 @f(i64 %a)", HELPER.replace("(i64 %x)", "(i64 range(i64 0, 8) %x)")),
        ("call fastcc i64 @f(i64 %a)", HELPER.replace("fastcc i64", "fastcc range(i64 0, 8) i64")),
    ],
)
def test_a_function_is_called_as_it_is_defined(called: str, helper: str) -> None:
    code = "first:\n  %r = CALLED\n" + SUCCEEDS
    assert verdict("  return %a\n", code.replace("CALLED", "call fastcc i64 @f(i64 %a)"), helpers=HELPER) == "equal"
    assert verdict("  return %a\n", code.replace("CALLED", called), helpers=helper) != "equal"


def test_what_is_assumed_is_so() -> None:
    code = "first:\n  %c = icmp eq i64 %a, %a\n  call void @llvm.assume(i1 %c)\n  %r = add i64 %a, 0\n" + SUCCEEDS
    assert verdict("  return %a\n", code) == "equal"
    assert verdict("  return %a\n", code.replace("%a, %a", "%a, %b")) != "equal"


def test_a_constant_is_read_whole_and_within_its_table() -> None:
    table = "@t = private unnamed_addr constant [3 x i64] [i64 5, i64 7, i64 9], align 8\n"
    code = "first:\n  %i = and i64 %a, MASK\n  %p = getelementptr inbounds nuw i8, ptr @t, i64 %i\n  %r = load i64, ptr %p\n" + SUCCEEDS
    source = "  %1: int = %a & 8\n  %2: bool = %1 == 8\n  branch %2, one, none\nblock one:\n  return 7\nblock none:\n  return 5\n"
    assert verdict(source, code.replace("MASK", "8"), table) == "equal"
    assert verdict(source, code.replace("MASK", "40"), table) != "equal"
    assert verdict(source, code.replace("MASK", "8").replace("load i64", "load i8"), table) == "not compared"


def test_what_is_undefined_is_something_else_each_time() -> None:
    code = f"first:\n  %r = sub i64 undef, undef\n{SUCCEEDS}"
    assert verdict("  return 0\n", code) == "different"


def test_the_table_of_calls_leads_to_each() -> None:
    code, body = "@system_calls = dso_local constant [2 x ptr] [ptr @other, ptr @syscall_1]\n", f"first:\n  %r = add i64 %a, 0\n{SUCCEEDS}"
    count = "@system_call_count = dso_local local_unnamed_addr constant i64 2\n"
    assert verdict("  return %a\n", body, code + count) == "equal"
    assert verdict("  return %a\n", body, code.replace("@other, ptr @syscall_1", "@syscall_1, ptr @other") + count) == "different"
    assert verdict("  return %a\n", body, code + count.replace("i64 2", "i64 3")) == "different"

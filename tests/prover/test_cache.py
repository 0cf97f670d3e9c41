"""What was proved is remembered only of what it was proved of, and told of what stands there now."""

from functools import partial
from pathlib import Path

import pytest

from exokernel.compiler.emit.survey import SurvivingCheck
from exokernel.compiler.ir.operands import Fault
from exokernel.compiler.ir.reader import read_program
from exokernel.prover import cache
from exokernel.prover.cache import key_of, recall, recall_comparison, remember, remember_comparison
from exokernel.prover.claims import Specification
from exokernel.prover.equality import Comparison, Module
from exokernel.prover.llvm.reader import read_module
from exokernel.prover.prove import Failure, Result
from exokernel.prover.system import Call, System
from tests.prover.small import RECORDS

KERNEL = f"""{RECORDS}record Seat size 8 align 4:
  0 taken: bool
  4 price: u32
end
static @seats: Seat[16] at -4096
instruction m.read(%port: int in "dx") -> int in "ax" is "in {{port}}" clobbers "memory"
function m.rise(%a: int, %b: int) -> int at "m.py":2:1:
block entry:
  %1: int = instruct m.read(%a)
  %2: int = call m.sum(%1, %b)
  return %2
end
function m.sum(%a: int, %b: int) -> int at "m.py":9:1:
block entry:
  %1: int = %a + %b
  return %1
end
function exokernel.spec.m.rise_value(%a: int) -> int at "spec.py":2:1:
block entry:
  return %a
end
function exokernel.kernel.gate.admit_price(%a: int) -> int at "gate.py":2:1:
block entry:
  return %a
end
function m.another() -> int at "m.py":20:1:
block entry:
  return 1
end
"""


def key(kernel: str) -> str:
    return key_of(System(read_program(kernel), Specification(), {}), Call("rise", "m", (), False))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("m.read(%a)", "m.read(%b)"),
        ("m.sum(%a: int, %b: int)", "m.sum(%b: int, %a: int)"),
        ("%a + %b", "%a - %b"),
        ('"spec.py":2:1:\nblock entry:\n  return %a\n', '"spec.py":2:1:\nblock entry:\n  return 0\n'),
        ('"gate.py":2:1:\nblock entry:\n  return %a\n', '"gate.py":2:1:\nblock entry:\n  return 0\n'),
        ("4 price: u32", "4 price: i32"),
        ("Seat[16]", "Seat[32]"),
        ("at -4096", "at -8192"),
        ("in {port}", "inb {port}"),
        ('"dx"', '"cx"'),
        (' clobbers "memory"', ""),
    ],
)
def test_another_kernel_is_proved_anew(before: str, after: str) -> None:
    assert KERNEL.count(before) == 1
    assert key(KERNEL) != key(KERNEL.replace(before, after))


@pytest.mark.parametrize(("before", "after"), [('"m.py":9:1', '"m.py":10:5'), ("  return 1\n", "  return 2\n")])
def test_neither_lines_nor_what_a_call_does_not_reach_make_it_another(before: str, after: str) -> None:
    assert KERNEL.count(before) == 1
    assert key(KERNEL) == key(KERNEL.replace(before, after))


def test_what_follows_from_the_invariants_depends_on_what_is_said_and_on_gates_but_on_no_call() -> None:
    lines = "%a + %b", '"spec.py":2:1:\nblock entry:\n  return %a', '"gate.py":2:1:\nblock entry:\n  return %a'
    changed = [KERNEL, *(KERNEL.replace(line, line.replace("%a", "0")) for line in lines)]
    keys = [key_of(System(read_program(each), Specification(), {}), None) for each in changed]
    assert keys[1] == keys[0] and len({*keys, key(KERNEL)}) == 4


def test_only_what_is_proved_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "recall_text", partial(cache.recall_text, folder=tmp_path))
    monkeypatch.setattr(cache, "remember_text", partial(cache.remember_text, folder=tmp_path))
    remember("wrong", Result("rise", failures=[Failure("error", "it raises", "refuted", "")]))
    remember("right", Result("rise", {"error": 2}, 1.5, 3))
    assert recall("wrong") is None and recall("right") == Result("rise", {"error": 2}, 1.5, 3, remembered=True)


def test_what_was_remembered_stays_when_somebody_is_ended_in_the_midst_of_writing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_half(path: Path, text: str) -> int:
        path.write_bytes(text[: len(text) // 2].encode())
        raise KeyboardInterrupt

    cache.remember_text("key", "proved before", tmp_path)
    monkeypatch.setattr(Path, "write_text", write_half)
    with pytest.raises(KeyboardInterrupt):
        cache.remember_text("key", "proved again", tmp_path)
    assert cache.recall_text("key", tmp_path) == "proved before"


CODE = """
define i64 @rise(i64 %a) {
entry:
  %0 = icmp ult i64 %a, 16
  br i1 %0, label %in, label %out
in:
  ret i64 %a
out:
  call void @llvm.ubsantrap(i8 1)
  unreachable
}
"""


def test_a_check_is_told_where_it_stands_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "recall_text", partial(cache.recall_text, folder=tmp_path))
    monkeypatch.setattr(cache, "remember_text", partial(cache.remember_text, folder=tmp_path))
    before, after = (
        Module(read_module(CODE), {}, {}, {"rise": [SurvivingCheck(Fault.INDEX, "m.py", line, "rise", "rise")]}) for line in (9, 12)
    )
    places = [("rise", "out")]
    remember_comparison("key", Comparison("rise", "equal", traps=1, places=places, checks=before.checks_at(places)))
    recalled = recall_comparison("key", after)
    assert recalled is not None and recalled.checks == ["m.py:12 index"]
    assert recall_comparison("another key", after) is None

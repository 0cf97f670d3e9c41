"""The IR's text reads back as the same program, and the verifier names what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import text
from exokernel.compiler.ir.reader import read_program
from exokernel.compiler.ir.tokens import ReadError
from exokernel.compiler.ir.verify import VerifyError, verify

SAMPLE = '''\
error 3 sample.NoSuch
record sample.Point size 16 align 8:
  0 x: i64
  8 tag: word sample.Tag:32
  12 `u8`: u8
end
static @sample.points: sample.Point[4]
static @sample.message: u8[3] = "616263" section ".rodata" align 16 constant
static @sample.window: u32[8] at 4096
instruction sample.read_cr3() -> int in "a" is "mov %cr3, {result}"
instruction sample.out(%port: int in "d", %value: int in "a") -> none in "" is "outb %al, %dx" clobbers "memory"
assembly ".code32\\nnop"

function `sample.Queue[int, 4].push`(%self: ref sample.Point, %data: view u8, %name: text) -> (int, bool) raises 3 at "sample.py":10:0:
  attribute exported "push"
  local %total: int
  slot $scratch: u8[16]
block entry:
  %0: int = %total + -5                                  ; 11:4
  %1: bool = %0 % 3                                      ; other.py:3:1 in each
  %total = %0 * %total proved
  %2: int = negate %0
  %3: word sample.Tag:32 = load @sample.points[%0 proved]->tag: word sample.Tag:32
  %4: bool = extract %3, 4, 1
  %5: word sample.Tag:32 = insert 7 as word sample.Tag:32, 0, 4, %0 proved
  store %self->x: i64, %0
  %6: view u8 = refer $scratch: u8[16]
  copy_elements %6, %data
  %7: (int, bool) = make_tuple 1, true
  %8: bool = %name == "a\\"b"
  %9: bytes = slice b"\\u00ff", 0, 1
  %10: int = call sample.other(%6, none as ref sample.Point?) error %11: int
  instruct sample.out(1, 2)
  %12: int = function_address sample.other
  assume %8, ASSERTION
  switch %0 {1: entry, -2: last} else last
block last:
  return %7
end
'''

REFERENCE = (Path(__file__).parents[2] / "docs/reference/intermediate.md").read_text()


def test_the_reference_shows_ir_and_knows_every_operation() -> None:
    shown = REFERENCE.partition("```ir\n")[2].partition("```")[0]
    program = read_program(shown)
    verify(program)
    assert text.program(program) == shown
    own_syntax = {"assign": "(assign)", "unary": "(unary)", "binary": "(binary)", "compare": "(compare)"}
    kinds = [kind for kind in vars(op).values() if isinstance(kind, type) and issubclass(kind, op.Operation)]
    for name in map(text.mnemonic, kinds):
        assert name == "operation" or own_syntax.get(name, f"`{name}") in REFERENCE or f" `{name}" in REFERENCE, name


def test_the_text_of_what_was_read_is_the_text() -> None:
    assert text.program(read_program(SAMPLE)) == SAMPLE


def test_locations_and_flags_are_read() -> None:
    function = read_program(SAMPLE).functions["sample.Queue[int, 4].push"]
    first, second, third, *_ = function.blocks[0].operations
    assert first.location == op.Location("sample.py", 11, 4)
    assert second.location == op.Location("other.py", 3, 1, "each")
    assert isinstance(third, op.Binary) and third.proved


@pytest.mark.parametrize("source", ["function", "static x", "block:", "record a size b", "function f() -> int:\nfrob\nend\n"])
def test_what_is_no_ir_is_refused_with_its_line(source: str) -> None:
    with pytest.raises(ReadError, match="line"):
        read_program(source)


def in_function(body: str) -> op.Program:
    return read_program(f"function f(%a: int, %b: bool) -> int:\nblock entry:\n{body}\nend\n")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("%0: int = %a + 1", "does not end"),
        ("return", "the function returns int"),
        ("return %b", "%b is bool, not int"),
        ("jump nowhere", "no block is called nowhere"),
        ("%0: int = call g()\nreturn %0", "nothing of that name"),
        ("%0: int = load @x: u8\nreturn %0", "is no place"),
        ("%0: int = length %a\nreturn %0", "no view"),
        ("%0: int = %a + %b\nreturn %0", "%b is bool"),
        ("raise 3", "does not raise"),
        ("return %a\nreturn %a", "before the end"),
    ],
)
def test_the_verifier_names_the_problem(body: str, problem: str) -> None:
    with pytest.raises(VerifyError) as caught:
        verify(in_function(body))
    assert problem in str(caught.value)


def test_the_verifier_accepts_what_is_well_formed() -> None:
    verify(in_function("%0: int = %a // 2\nbranch %b, entry, last\nblock last:\nreturn %0"))

"""Memory, words, views, calls and faults, compiled and run in this process."""

from __future__ import annotations

import ctypes

import pytest

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.reader import read_program
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.native import NativeFault, NativeImage

SOURCE = '''\
record t.Pair size 24 align 8:
  0 small: u8
  2 wide: i16
  8 whole: u64
  16 flag: bool
  20 word: word t.Tag:32
end
record t.Table size 104 align 8:
  0 count: i64
  8 pairs: t.Pair[4]
end
static @t.table: t.Table
static @t.numbers: u32[5] = "0100000002000000030000000400000005000000"
static @t.line: u8[16]

function put(%at: int, %value: int) -> none:
block entry:
  store @t.table->pairs[%at]->small: u8, %value
  return
end
function put_wide(%value: int) -> int:
block entry:
  store @t.table->pairs[1]->wide: i16, %value
  %0: int = load @t.table->pairs[1]->wide: i16
  return %0
end
function put_whole(%value: int) -> int:
block entry:
  %1: ref t.Pair = refer @t.table->pairs[2]: t.Pair
  store %1->whole: u64, %value
  %0: int = load @t.table->pairs[2]->whole: u64
  return %0
end
function get(%at: int) -> int:
block entry:
  %0: int = load @t.table->pairs[%at]->small: u8
  return %0
end
function total(%data: view u32) -> int:
  local %i: int
  local %sum: int
block entry:
  %i = 0
  %sum = 0
  jump test
block test:
  %0: int = length %data
  %1: bool = %i < %0
  branch %1, body, done
block body:
  %2: int = load %data[%i]: u32
  %sum = %sum + %2
  %i = %i + 1
  jump test
block done:
  return %sum
end
function sum_of_part(%lower: int, %upper: int) -> int:
block entry:
  %0: view u32 = refer @t.numbers: u32[5]
  %1: view u32 = slice %0, %lower, %upper
  %2: int = call total(%1)
  return %2
end
function field(%raw: int, %value: int) -> int:
block entry:
  %0: word t.Tag:32 = word_of %raw
  %1: word t.Tag:32 = insert %0, 4, 8, %value
  store @t.table->pairs[0]->word: word t.Tag:32, %1
  %2: word t.Tag:32 = load @t.table->pairs[0]->word: word t.Tag:32
  %3: int = extract %2, 4, 8
  %4: bool = extract %2, 31, 1
  branch %4, high, low
block high:
  %5: int = integer_of %2
  return %5
block low:
  return %3
end
function pair(%a: int) -> (int, bytes, bool) raises 7:
block entry:
  %0: bool = %a < 0
  branch %0, bad, good
block bad:
  raise 7
block good:
  %1: (int, bytes, bool) = make_tuple %a, b"abc", true
  return %1
end
function use_pair(%a: int) -> int:
block entry:
  %0: (int, bytes, bool) = call pair(%a) error %1: int
  %2: bool = %1 == 0
  branch %2, good, bad
block bad:
  %3: int = negate %1
  return %3
block good:
  %4: bytes = item %0, 1
  %5: int = octet %4, 2
  %6: int = item %0, 0
  %7: int = %5 + %6
  return %7
end
function pass_on(%a: int) -> int raises 7, 9:
block entry:
  %0: (int, bytes, bool) = call pair(%a) error %1: int
  %2: bool = %1 == 0
  branch %2, good, bad
block bad:
  raise %1
block good:
  return 5
end
function same(%text: text) -> bool:
block entry:
  %0: bool = %text == "hello, world"
  return %0
end
function order(%a: bytes, %b: bytes) -> bool:
block entry:
  %0: bool = %a < %b
  return %0
end
function copy(%data: view u8) -> int:
  slot $own: u8[16]
block entry:
  zero $own: u8[16]
  %0: view u8 = refer $own: u8[16]
  %1: int = length %data
  %2: view u8 = slice %0, 0, %1
  copy_elements %2, %data
  %3: int = load $own[15]: u8
  %4: view u8 = refer @t.line: u8[16]
  copy_elements %4, %0
  zero @t.line: u8[16]
  return %3
end
function choose(%a: int) -> int:
block entry:
  switch %a {-1: minus, 3: three} else other
block minus:
  return 10
block three:
  return 30
block other:
  %0: bool = %a > 5
  assume %0, UNREACHABLE
  stop ASSERTION
end
function absent(%which: bool) -> bool:
  local %r: ref t.Pair?
block entry:
  %r = none as ref t.Pair?
  branch %which, some, last
block some:
  %0: ref t.Pair = refer @t.table->pairs[3]: t.Pair
  %r = %0
  jump last
block last:
  %1: bool = is_none %r
  return %1
end
function copy_pair(%value: int) -> int:
block entry:
  store @t.table->pairs[0]->whole: u64, %value
  copy_record @t.table->pairs[3]: t.Pair, @t.table->pairs[0]: t.Pair
  %0: int = load @t.table->pairs[3]->whole: u64
  zero @t.table->pairs[3]: t.Pair
  %1: int = load @t.table->pairs[3]->whole: u64
  %2: int = %0 - %1
  return %2
end
'''


@pytest.fixture(scope="module", params=[0, 2])
def image(request: pytest.FixtureRequest) -> NativeImage:
    program = read_program(SOURCE)
    verify(program)
    return NativeImage(program, list(program.functions), request.param)


def fault_of(image: NativeImage, name: str, *arguments: int) -> op.Fault | None:
    with pytest.raises(NativeFault) as caught:
        image.call(name, *arguments)
    return caught.value.kind


def test_elements_are_stored_and_checked(image: NativeImage) -> None:
    image.call("put", 3, 255)
    assert image.call("get", 3).value == 255
    assert fault_of(image, "put", 4, 0) is op.Fault.INDEX
    assert fault_of(image, "get", -1) is op.Fault.INDEX
    assert fault_of(image, "put", 0, 256) is op.Fault.OVERFLOW
    assert fault_of(image, "put", 0, -1) is op.Fault.OVERFLOW


def test_signed_and_whole_cells_keep_their_range(image: NativeImage) -> None:
    assert [image.call("put_wide", one).value for one in (-32768, 32767, -1)] == [-32768, 32767, -1]
    assert fault_of(image, "put_wide", 32768) is op.Fault.OVERFLOW
    assert fault_of(image, "put_wide", -32769) is op.Fault.OVERFLOW
    assert image.call("put_whole", 2**63 - 1).value == 2**63 - 1
    assert fault_of(image, "put_whole", -1) is op.Fault.OVERFLOW


@pytest.mark.parametrize("bounds", [(0, 5), (1, 3), (2, 99), (4, 2), (9, 12), (0, 0), (5, 5)])
def test_slices_clamp_as_python_does(image: NativeImage, bounds: tuple[int, int]) -> None:
    lower, upper = bounds
    assert image.call("sum_of_part", lower, upper).value == sum([1, 2, 3, 4, 5][lower:upper])


def test_slices_from_the_end_are_faults(image: NativeImage) -> None:
    assert fault_of(image, "sum_of_part", -1, 3) is op.Fault.INDEX
    assert fault_of(image, "sum_of_part", 0, -1) is op.Fault.INDEX


def test_word_fields(image: NativeImage) -> None:
    assert image.call("field", 0x7FFFFFFF, 0x12).value == 0x12
    assert image.call("field", 0xFFFFFFFF, 0x12).value == 0xFFFFF12F
    assert fault_of(image, "field", 0, 256) is op.Fault.OVERFLOW
    assert fault_of(image, "field", 0, -1) is op.Fault.OVERFLOW


def test_results_and_errors_of_calls(image: NativeImage) -> None:
    assert image.call("use_pair", 5).value == 5 + ord("c")
    assert image.call("use_pair", -5).value == -7
    returned = image.call("pass_on", -1)
    assert (returned.value, returned.error) == (0, 7)
    assert image.call("pass_on", 1).error == 0


def test_texts_and_bytes_compare_by_contents(image: NativeImage) -> None:
    def held(data: bytes) -> tuple[int, int]:
        buffers.append(ctypes.create_string_buffer(data))
        return ctypes.addressof(buffers[-1]), len(data)

    buffers: list[ctypes.Array[ctypes.c_char]] = []
    for data in (b"hello, world", b"hello, worlD", b"hello, worl", b"", b"hello, world!"):
        assert image.call("same", *held(data)).value == (data == b"hello, world")
    samples = [b"", b"a", b"ab", b"abcdefgh", b"abcdefgi", b"abcdefghijkl", b"abcdefghijkm", b"\xff", b"b" * 30]
    for left in samples:
        for right in samples:
            assert image.call("order", *held(left), *held(right)).value == (left < right), (left, right)


def test_copies_want_equal_lengths(image: NativeImage) -> None:
    data = ctypes.create_string_buffer(bytes(range(1, 40)))
    assert image.call("copy", ctypes.addressof(data), 16).value == 16
    assert image.call("copy", ctypes.addressof(data), 15).value == 0
    assert fault_of(image, "copy", ctypes.addressof(data), 17) is op.Fault.INDEX
    assert image.call("copy_pair", 77).value == 77


def test_switches_assumptions_and_stops(image: NativeImage) -> None:
    assert [image.call("choose", one).value for one in (-1, 3)] == [10, 30]
    assert fault_of(image, "choose", 4) is op.Fault.UNREACHABLE
    assert fault_of(image, "choose", 6) is op.Fault.ASSERTION


def test_absent_references(image: NativeImage) -> None:
    assert [image.call("absent", one).value for one in (0, 1)] == [1, 0]

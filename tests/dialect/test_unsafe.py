"""Absolute places reach the installed machine, and none is reached without one."""

from collections.abc import Callable, Iterator
from typing import cast

import pytest

from exokernel.dialect import Array, Record, calls, memory, system_call, u8, u16
from exokernel.dialect.checked import execute
from exokernel.dialect.memory import Memory, PrivateMemory
from exokernel.dialect.unsafe import address_of, array_at, entry_address, record_at

BASE = 0xFFFF_8000_0000_0000


class Pair(Record):
    first: u16 = 0
    second: u8 = 0


class FlatMachine(PrivateMemory):
    """Sixty-four bytes of memory, and a kernel that adds its arguments."""

    def __init__(self) -> None:
        super().__init__(64)

    def system_call(self, number: int, arguments: tuple[int, ...]) -> tuple[int, int]:
        return number + sum(arguments), 0

    def symbol_address(self, name: str) -> int:
        return len(name)

    def entry_address(self, function: Callable[..., object]) -> int:
        return BASE

    def assemble(self, text: str) -> None:
        raise AssertionError("no assembly here")


class _Window:
    """The upper half of a machine's addresses, for statics."""

    def __init__(self, machine: Memory) -> None:
        self.load, self.store = machine.load, machine.store
        self.read, self.write = machine.read, machine.write


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FlatMachine]:
    flat = FlatMachine()
    monkeypatch.setattr(memory, "machine", flat)
    yield flat


def test_records_and_arrays_lie_where_they_are_put(machine: FlatMachine) -> None:
    pair = record_at(Pair, 8)
    pair.first = 0x1234
    assert machine.read(8, 2) == b"\x34\x12"
    assert array_at(u8, 8, 4)[1] == 0x12
    assert address_of(array_at(u8, 8, 4)[1:]) == 9


def test_addresses_are_signed(machine: FlatMachine) -> None:
    assert entry_address(test_addresses_are_signed) == BASE - 2**64


def test_declared_calls_reach_the_machine(
    machine: FlatMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "_declared", {})

    @system_call(1000)
    def total(first: int, second: int = 5) -> int:
        raise AssertionError("a declaration has no body to run")

    assert total(4) == 1009
    assert total(4, second=6) == 1010


def test_a_local_place_has_no_address() -> None:
    with pytest.raises(TypeError):
        address_of(Pair())


def test_without_a_machine_the_message_says_so() -> None:
    with pytest.raises(RuntimeError, match="needs a machine"):
        record_at(Pair, 16).first = 1


def test_statics_get_the_storage_that_the_model_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    flat, given = FlatMachine(), iter((16, 32))

    def storage(size: int, content: bytes) -> tuple[Memory, int]:
        address = next(given)
        flat.write(address, content)
        return _Window(flat), address

    monkeypatch.setattr(
        memory, "static_storage", lambda size, alignment, content: storage(size, content)
    )
    names: dict[str, object] = {}
    source = (
        "from exokernel.dialect import Array, Record, array, u8, u16\n"
        "class Pair(Record):\n    first: u16 = 5\n"
        "table: Array[u8] = array(4)\npair = Pair()\n"
    )
    execute(source, "statics.py", names)
    cast("Array[int]", names["table"])[3] = 9
    assert flat.read(16, 4) == b"\0\0\0\x09"
    assert flat.read(32, 2) == b"\5\0"

"""Where places live, when the dialect runs under CPython.

A record or an array is a memory and an address in it. By default each has a private
memory of its own, as a local variable does. Modules' statics are given storage by
`static_storage`, and absolute addresses are looked up in `machine`; a model of a
machine installs both, and then the same places lie in physical or virtual memory.
This module models no machine itself.
"""

from collections.abc import Callable
from typing import Any, NoReturn, Protocol, cast


class Memory(Protocol):
    """Bytes at addresses. Numbers are little-endian and unsigned."""

    def load(self, address: int, size: int) -> int: ...

    def store(self, address: int, size: int, value: int) -> None: ...

    def read(self, address: int, size: int) -> bytes: ...

    def write(self, address: int, data: bytes) -> None: ...


class Machine(Memory, Protocol):
    """All memory there is, by absolute address, and the way into the kernel.

    Addresses are 64-bit patterns; the upper half may be given as negative numbers.
    """

    def system_call(self, number: int, arguments: tuple[Any, ...]) -> tuple[Any, int]: ...

    def symbol_address(self, name: str) -> int: ...

    def entry_address(self, function: Callable[..., object]) -> int: ...

    def assemble(self, text: str) -> None: ...


class PrivateMemory:
    """The storage of one local place, zero until written, at addresses from 0."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._bytes: bytearray | None = None  # made when first touched: tables are large

    @property
    def touched(self) -> bool:
        return self._bytes is not None

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        self.write(address, value.to_bytes(size, "little"))

    def read(self, address: int, size: int) -> bytes:
        content = self._content()
        return bytes(content[address : address + size])

    def write(self, address: int, data: bytes) -> None:
        content = self._content()
        content[address : address + len(data)] = data

    def _content(self) -> bytearray:
        if self._bytes is None:
            self._bytes = bytearray(self._size)
        return self._bytes


class _NoMachine:
    """Stands for the machine until a model is installed: whatever is asked of it is a mistake."""

    def assemble(self, text: str) -> None:
        """Let modules be imported that nobody will run here."""

    def __getattr__(self, name: str) -> NoReturn:
        raise RuntimeError(f"{name} needs a machine: install one from exokernel.model")


class MachineMemory:
    """All memory of the installed machine; or what lies at a symbol of it, by offset from there."""

    def __init__(self, symbol: str = "") -> None:
        self._symbol = symbol

    def load(self, address: int, size: int) -> int:
        return machine.load(self.absolute(address), size)

    def store(self, address: int, size: int, value: int) -> None:
        machine.store(self.absolute(address), size, value)

    def read(self, address: int, size: int) -> bytes:
        return machine.read(self.absolute(address), size)

    def write(self, address: int, data: bytes) -> None:
        machine.write(self.absolute(address), data)

    def absolute(self, offset: int) -> int:
        """Where the machine sees a byte of this memory."""
        return machine.symbol_address(self._symbol) + offset if self._symbol else offset


machine: Machine = cast(Machine, _NoMachine())  # a model replaces it
absolute: Memory = MachineMemory()


def absolute_address(memory: Memory, address: int) -> int:
    """Find where the machine sees a byte of a place.

    Raises:
        TypeError: the place is private to CPython, so no machine can address it.
    """
    if isinstance(memory, PrivateMemory):
        raise TypeError("a local place has no address under CPython")
    return memory.absolute(address) if isinstance(memory, MachineMemory) else address


def private_storage(size: int, alignment: int, content: bytes) -> tuple[Memory, int]:
    """Give a static storage of its own, outside any machine."""
    place = PrivateMemory(size)
    if content:
        place.write(0, content)
    return place, 0


# Storage for one static: its size and alignment, and its content, empty if that is all zeros.
# A model replaces this before it loads modules.
static_storage: Callable[[int, int, bytes], tuple[Memory, int]] = private_storage
exports: dict[str, Callable[..., object]] = {}  # functions by the symbol they are exported as

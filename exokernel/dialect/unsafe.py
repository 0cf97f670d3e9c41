"""What only the machine's own rooms may use: addresses, entries, assembly.

Each of these can break the promises the rest of the dialect keeps, so only `abi`,
`kernel/arch` and `libos/arch` import this module. Under CPython addresses go to the
machine installed in `memory`, and assembly is text that nobody reads.
"""

from collections.abc import Callable
from typing import Any, TypeVar, overload

from exokernel.dialect import memory
from exokernel.dialect.integers import as_signed
from exokernel.dialect.layout import kind_of
from exokernel.dialect.memory import MachineMemory
from exokernel.dialect.records import Array, Record

Kind = TypeVar("Kind", bound=Record)
Element = TypeVar("Element")
Function = TypeVar("Function", bound=Callable[..., Any])


class Device(Record):
    """A record that hardware answers: every load and store happens, in order, once."""


class Shared(Record):
    """A record that the kernel writes where programs look: to a program, a `Device`."""


def record_at(kind: type[Kind], address: int) -> Kind:
    """See the memory at `address` as a record."""
    return kind._at(memory.absolute, address)


@overload
def array_at(kind: type[Element], address: int, length: int) -> Array[Element]: ...


@overload  # for checkers to which a width is no type
def array_at(kind: object, address: int, length: int) -> Array[Any]: ...


def array_at(kind: Any, address: int, length: int) -> Array[Any]:
    """See the memory at `address` as `length` elements."""
    return Array(kind_of(kind), length, memory.absolute, address)


def bytes_at(address: int, length: int) -> bytes:
    """See the memory at `address` as bytes, which must not change while they are in use."""
    return memory.machine.read(address, length)


def address_of(place: Record | Array[Any]) -> int:
    """Name the first byte of a record or an array.

    Raises:
        TypeError: the place is private to CPython, so no machine can address it.
    """
    return as_signed(memory.absolute_address(place._memory, place._address))


def entry_address(function: Callable[..., object]) -> int:
    """Name the first instruction of a function that is exported, naked or an interrupt's."""
    return as_signed(memory.machine.entry_address(function))


def symbol_address(name: str) -> int:
    """Name what a symbol of the assembly or of the linker stands for."""
    return as_signed(memory.machine.symbol_address(name))


def placed(where: int | str, length: int, *, of: Any = None) -> Any:
    """Declare the static array that already lies at an address or symbol.

    `of` is for CPython, as in `array`.
    """
    if of is None:
        raise TypeError("placed() belongs in a module imported through checked")
    if isinstance(where, str):
        return Array(kind_of(of), length, MachineMemory(where), 0)
    return array_at(of, where, length)


def assembly(text: str) -> None:
    """Add this text, in AT&T syntax, to the module's assembly.

    Under CPython its labels become symbols and its data is laid out; see `means` for code.
    """
    memory.machine.assemble(text)


def naked(function: Function) -> Function:
    """Emit no prologue and no epilogue: the body is one `assembly` text."""
    return function


def interrupt(function: Function) -> Function:
    """Enter by the processor's exception protocol, and leave by `iretq`.

    Shape: the first parameter is the record the processor pushed; the second, where there
    is one, its error code.
    """
    return function


def exported(symbol: str) -> Callable[[Function], Function]:
    """Give a function the C calling convention and this symbol."""

    def mark(function: Function) -> Function:
        memory.exports[symbol] = function
        return function

    return mark


def means(symbol: str) -> Callable[[Function], Function]:
    """Say what assembly at a symbol does, for CPython alone: the function is not compiled.

    Shape: it takes the TrapFrame that it was entered with, or nothing.
    """
    return exported(symbol)


def section(name: str) -> Callable[[Function], Function]:
    """Put a function's code into a section of its own."""

    def mark(function: Function) -> Function:
        return function

    return mark

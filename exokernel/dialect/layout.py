"""How values are laid out in memory: sizes, alignments, and what fits.

A `Kind` belongs to an annotation and knows how its values are stored. Kinds of scalars
are here; records and arrays bring their own by the same protocol. Storing a value that
does not fit is a fault, never a truncation.
"""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, get_args, get_origin

from exokernel.dialect.integers import LARGEST, Width
from exokernel.dialect.memory import Memory

STORABLE_WIDTHS = (8, 16, 32, 64)


class FixedAttributes(type):
    """Classes whose instances have the fields they declare and can be given no others."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **keywords: Any
    ) -> "FixedAttributes":
        namespace.setdefault("__slots__", ())
        return super().__new__(cls, name, bases, namespace, **keywords)


class Kind(Protocol):
    """The storage of one type: `size` and `alignment` are in bytes."""

    @property
    def size(self) -> int: ...

    @property
    def alignment(self) -> int: ...

    def load(self, memory: Memory, address: int) -> Any: ...

    def store(self, memory: Memory, address: int, value: Any) -> None: ...


def bytes_of(width: int) -> int:
    """Turn a width in bits into a size in bytes. Raises TypeError when it cannot be stored."""
    if width not in STORABLE_WIDTHS:
        raise TypeError(f"{width} bits cannot be stored; use one of {STORABLE_WIDTHS}")
    return width // 8


class Integer:
    """An integer of some width, checked when stored; an unsigned one fits an `int` too."""

    def __init__(self, width: Width) -> None:
        self.size = self.alignment = bytes_of(width.bits)
        self._signed = width.signed
        limit = 1 << width.bits
        self._smallest = -limit // 2 if width.signed else 0
        self._largest = min(limit // 2 - 1 if width.signed else limit - 1, LARGEST)
        self._modulus = limit
        self._described = f"{'i' if width.signed else 'u'}{width.bits}"

    def load(self, memory: Memory, address: int) -> int:
        value = memory.load(address, self.size)
        if value > self._largest:
            if not self._signed:
                raise OverflowError(f"the {self._described} in memory, {value:#x}, is no int")
            value -= self._modulus
        return value

    def store(self, memory: Memory, address: int, value: int) -> None:
        if not self._smallest <= value <= self._largest:
            raise OverflowError(f"{int(value)} does not fit {self._described}")
        memory.store(address, self.size, int(value) & self._modulus - 1)


class Boolean:
    """A bool, in one byte."""

    size = alignment = 1

    def load(self, memory: Memory, address: int) -> bool:
        return memory.load(address, 1) != 0

    def store(self, memory: Memory, address: int, value: bool) -> None:
        memory.store(address, 1, int(value))


class Encoded:
    """A value that is made of, and turns into, the bits of an integer."""

    def __init__(self, width: int, decode: Callable[[int], Any]) -> None:
        self.size = self.alignment = bytes_of(width)
        self._decode = decode
        self._width = width

    def load(self, memory: Memory, address: int) -> Any:
        return self._decode(memory.load(address, self.size))

    def store(self, memory: Memory, address: int, value: Any) -> None:
        number = int(value)
        if not -1 << self._width - 1 <= number < 1 << self._width:
            raise OverflowError(f"{number} does not fit {self._width} bits")
        memory.store(address, self.size, number & (1 << self._width) - 1)


SIGNED = Integer(Width(64, signed=True))
BOOLEAN = Boolean()


def kind_of(annotation: Any) -> Kind:
    """Find the kind of a field or an element by its annotation.

    Raises:
        TypeError: a value of that type has no layout.
    """
    if get_origin(annotation) is Annotated:
        return _annotated(annotation)
    if annotation is bool:
        return BOOLEAN
    if annotation is int:
        return SIGNED
    own = getattr(annotation, "__kind__", None)
    if own is not None:
        kind: Kind = own()
        return kind
    supertype = getattr(annotation, "__supertype__", None)
    if supertype is not None:  # a NewType is stored as what it names
        return kind_of(supertype)
    raise TypeError(f"{annotation!r} has no layout in memory")


def _annotated(annotation: Any) -> Kind:
    base, *notes = get_args(annotation)
    for note in notes:
        if isinstance(note, Width):
            return Integer(note)
    return kind_of(base)

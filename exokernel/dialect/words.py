"""Words: one machine word seen as named bit fields.

A word is a value. Reading one from memory copies it, `replace` makes another, and
storing it back is a separate, visible statement. Words have no address and no order.
"""

from typing import Any, ClassVar, Self, dataclass_transform, get_type_hints

from exokernel.dialect.integers import as_signed
from exokernel.dialect.layout import Encoded, FixedAttributes, Kind


class _Field:
    """One bit field: a descriptor that takes its bits out of a word."""

    def __init__(self, low: int, size: int) -> None:
        if low < 0 or size < 1:
            raise TypeError(f"no field has {size} bits at {low}")
        self.low, self.size, self.mask = low, size, (1 << size) - 1
        self.name = "?"
        self.decode: Any = int

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, word: "Word | None", owner: type) -> Any:
        return self if word is None else self.decode(word._pattern >> self.low & self.mask)

    def __set__(self, word: "Word", value: object) -> None:
        raise AttributeError(f"a word is a value: use replace({self.name}=...)")

    def insert(self, pattern: int, value: int) -> int:
        if not 0 <= value <= self.mask:
            raise OverflowError(f"{self.name}={value:#x} does not fit {self.size} bits")
        return pattern & ~(self.mask << self.low) | value << self.low


def bit(position: int) -> Any:
    """A field of one bit, by its position from the least significant, 0."""
    return _Field(position, 1)


def bits(low: int, size: int) -> Any:
    """A field of `size` bits, the least significant of which is bit `low`."""
    return _Field(low, size)


@dataclass_transform(frozen_default=True, kw_only_default=True)
class Word(metaclass=FixedAttributes):
    """An immutable pattern of `width` bits: `class Entry(Word, width=64)`.

    Keywords set fields, and those not named are 0. Fields may not overlap.

    Raises:
        OverflowError: a value does not fit its field.
    """

    __slots__ = ("_pattern",)
    _pattern: int
    width: ClassVar[int] = 64
    _fields: ClassVar[dict[str, _Field]] = {}

    def __init_subclass__(cls, *, width: int = 64) -> None:
        super().__init_subclass__()
        cls.width, cls._fields = width, {}
        taken = 0
        hints = get_type_hints(cls)
        for name, field in vars(cls).items():
            if not isinstance(field, _Field):
                continue
            mask = field.mask << field.low
            if mask >> width or mask & taken:
                raise TypeError(f"{cls.__name__}.{name} overlaps or overflows {width} bits")
            field.decode = _decoder(hints[name])
            cls._fields[name] = field
            taken |= mask

    def __init__(self, **values: Any) -> None:
        self._pattern = self._with(0, values)

    @classmethod
    def of(cls, value: int) -> Self:
        """Take the low bits of `value`."""
        word = cls.__new__(cls)
        word._pattern = value & (1 << cls.width) - 1
        return word

    def replace(self, **changes: Any) -> Self:
        """Make another word, with these fields changed. Raises OverflowError."""
        return self.of(self._with(self._pattern, changes))

    def without(self, other: Self) -> Self:
        """Make the word that has the bits of this one that the other has not."""
        return self.of(self._pattern & ~other._pattern)

    def joined(self, other: Self) -> Self:
        """Make the word that has the bits of both."""
        return self.of(self._pattern | other._pattern)

    @classmethod
    def _with(cls, pattern: int, values: dict[str, Any]) -> int:
        for name, value in values.items():
            if name not in cls._fields:
                raise TypeError(f"{cls.__name__} has no field {name}")
            pattern = cls._fields[name].insert(pattern, int(value))
        return pattern

    @classmethod
    def __kind__(cls) -> Kind:
        return Encoded(cls.width, cls.of)

    def __int__(self) -> int:
        """The bits as a number; those of a 64-bit word as two's complement."""
        return as_signed(self._pattern) if self.width == 64 else self._pattern

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Word) and type(other) is type(self) and int(self) == int(other)

    def __hash__(self) -> int:
        return hash((type(self), self._pattern))

    def __bool__(self) -> bool:
        raise TypeError("a word is neither true nor false: compare it")

    def __repr__(self) -> str:
        shown = ((name, getattr(self, name)) for name in self._fields)
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in shown if int(v))})"


def _decoder(annotation: Any) -> Any:
    """Find what turns a field's bits into its type: int, bool, an enumeration, a word."""
    while (supertype := getattr(annotation, "__supertype__", None)) is not None:
        annotation = supertype
    for name in ("from_stored", "of"):
        if hasattr(annotation, name):
            return getattr(annotation, name)
    return annotation

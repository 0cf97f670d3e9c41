"""Enumerations and flags that know how many bits they are stored in."""

from enum import IntEnum, IntFlag
from typing import Any

from exokernel.dialect.layout import Encoded, Kind


class Enumeration(IntEnum):
    """Named numbers, stored in `bits` bits: `class Phase(Enumeration, bits=8)`."""

    width: int  # of every member alike

    def __init_subclass__(cls, *, bits: int = 64, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.width = bits

    @classmethod
    def __kind__(cls) -> Kind:
        return Encoded(cls.width, cls.from_stored)

    @classmethod
    def from_stored(cls, value: int) -> int:
        """Name a stored number, or leave it a number when it has no name."""
        return cls._value2member_map_.get(value, value)  # type: ignore[return-value]


class Flags(IntFlag):
    """A set of named bits, stored in `bits` bits: `class Rights(Flags, bits=8)`.

    `~x` is the named bits that are not in `x`; bits without a name are kept by `&` and `|`.
    """

    width: int  # of every member alike

    def __init_subclass__(cls, *, bits: int = 64, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.width = bits

    @classmethod
    def __kind__(cls) -> Kind:
        return Encoded(cls.width, cls)

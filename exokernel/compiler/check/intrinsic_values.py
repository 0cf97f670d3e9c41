"""Built-in and dialect functions at build time, on known values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from exokernel.compiler.check import types
from exokernel.compiler.check.declarations import Known
from exokernel.dialect import integers


def plain(value: Known) -> object:
    """The Python value, with the items of tuples unwrapped."""
    if isinstance(value.value, tuple):
        return tuple(plain(each) for each in value.value)
    return value.value


def _number(value: Known) -> int:
    if isinstance(value.type, types.Word):
        raw, width = value.integer(), value.type.declaration.width
        return integers.as_signed(raw) if width == 64 else raw
    return value.integer()


def _numbers(values: Sequence[Known]) -> list[int]:
    if len(values) == 1:
        return [each.integer() for each in values[0].items()]
    return [each.integer() for each in values]


FUNCTIONS: dict[str, Callable[[list[Known]], object]] = {
    "builtins.int": lambda given: _number(given[0]),
    "builtins.bool": lambda given: bool(plain(given[0])),
    "builtins.len": lambda given: len(plain(given[0])),  # type: ignore[arg-type]
    "builtins.range": lambda given: tuple(range(*(each.integer() for each in given))),
    "builtins.abs": lambda given: abs(given[0].integer()),
    "builtins.min": lambda given: min(_numbers(given)),
    "builtins.max": lambda given: max(_numbers(given)),
    "builtins.sum": lambda given: sum(_numbers(given[:1])),
    "builtins.any": lambda given: any(plain(each) for each in given[0].items()),
    "builtins.all": lambda given: all(plain(each) for each in given[0].items()),
    "builtins.ord": lambda given: ord(str(given[0].value)),
    "builtins.str": lambda given: str(plain(given[0])),
    "builtins.tuple": lambda given: given[0].items() if given else (),
    "builtins.list": lambda given: given[0].items() if given else (),
    "builtins.bytes": lambda given: _bytes(given[0]),
    "builtins.enumerate": lambda given: tuple(_pair(*each) for each in enumerate(given[0].items())),
    "builtins.zip": lambda given: tuple(_pair(*each) for each in zip(*(each.items() for each in given))),
    "builtins.reversed": lambda given: tuple(reversed(given[0].items())),
    "dialect.wrapping_add": lambda given: integers.wrapping_add(*map(_number, given)),
    "dialect.wrapping_sub": lambda given: integers.wrapping_sub(*map(_number, given)),
    "dialect.wrapping_multiply": lambda given: integers.wrapping_multiply(*map(_number, given)),
    "dialect.rotate_left": lambda given: integers.rotate_left(*map(_number, given)),
    "dialect.unsigned_less": lambda given: integers.unsigned_less(*map(_number, given)),
    "dialect.unsigned_shift_right": lambda given: integers.unsigned_shift_right(*map(_number, given)),
}

TEXT_METHODS = frozenset(
    "join format upper lower strip lstrip rstrip split replace startswith endswith find encode decode "
    "ljust rjust zfill count index to_bytes bit_length".split()
)


def _bytes(value: Known) -> bytes:
    found = plain(value)
    return bytes(found) if isinstance(found, (int, tuple)) else bytes()


def _pair(left: object, right: object) -> Known:
    items = tuple(each if isinstance(each, Known) else Known(types.INT, each) for each in (left, right))
    return Known(types.Tuple(tuple(each.type for each in items)), items)


def call(name: str, arguments: list[Known], named: dict[str, Known]) -> object:
    """The result of an intrinsic, or None when it has none at build time."""
    function = FUNCTIONS.get(name)
    return None if function is None or named else function(arguments)


def method(receiver: Known, name: str, arguments: list[Known]) -> object:
    """The result of a method of a built-in type, or None when the evaluator does not know it."""
    if name not in TEXT_METHODS or not isinstance(receiver.value, (str, bytes, int)):
        return None
    result: object = getattr(receiver.value, name)(*(plain(each) for each in arguments))
    return tuple(result) if isinstance(result, list) else result

"""The tests that `checked` puts around arithmetic, and what it says when one fails.

Results that are no integers (a longer tuple, a joined string) pass through untouched.
"""

from functools import reduce
from typing import Any

from exokernel.dialect.integers import BITS, LARGEST, SMALLEST
from exokernel.dialect.records import make_static


def in_range(result: Any) -> Any:
    """Fault when an integer result does not fit 64 bits with a sign."""
    if isinstance(result, int) and not SMALLEST <= result <= LARGEST:
        raise OverflowError(f"{result} is not within 64 signed bits")
    return result


def shift_left(value: Any, count: Any) -> Any:
    """Multiply by 2**count; bits that would be lost are a fault."""
    if count < 0:
        raise ValueError(f"shift by {count}")
    if value != 0 and count >= BITS:
        raise OverflowError(f"{value} << {count} is not within 64 signed bits")
    return in_range(value << min(count, BITS))


def shift_right(value: Any, count: Any) -> Any:
    """Divide by 2**count, rounding down: 64 or more leaves 0 or -1."""
    if count < 0:
        raise ValueError(f"shift by {count}")
    return value >> count


def counted(function: Any, *values: Any) -> Any:
    """Call `sum` or `abs`, or what a module calls so; every sum on the way is within range."""
    if function is sum:
        return reduce(lambda total, each: in_range(total + each), values[0], 0)
    return in_range(function(*values))


# The names have a space in them so that no module can use or hide one.
HELPERS: dict[str, Any] = {
    f"dialect {function.__name__}": function
    for function in (in_range, shift_left, shift_right, counted, make_static)
}

"""Advice to the compiler that CPython has no use for.

None of these changes what a function does, and a program must mean the same without.
"""

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


def inline(function: Function) -> Function:
    """Expand this function at every call."""
    return function


def never_inline(function: Function) -> Function:
    """Keep this function in one place, to be seen in a traceback or kept off a hot path."""
    return function


def cold(function: Function) -> Function:
    """Expect this function to run almost never, and put it away from the rest."""
    return function

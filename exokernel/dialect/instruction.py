"""Machine instructions: an encoding for the compiler, a meaning for CPython.

`@instruction` stands above a function whose body is what the instruction does to the
model of the machine. Compiled, the body is ignored and the template is emitted. This
module knows no instruction; those are declared where the machine is described.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Encoding:
    """What the assembler must know about one instruction."""

    template: str  # AT&T syntax; {name} stands for an operand, {result} for the result
    clobbers: tuple[str, ...]  # registers and "memory", besides operands
    result: str  # register constraint of the value returned, or ""
    operands: dict[str, str]  # register constraint by parameter name


def instruction(
    template: str, *, clobbers: str = "", result: str = "", **operands: str
) -> Callable[[Function], Function]:
    """Declare the function below to be one machine instruction (or a fixed few).

    Shape: constraints are "a", "b", "c", "d", "S", "D" for that register and "r" for any
    (the default); `clobbers` is separated by commas.
    """
    names = tuple(name.strip() for name in clobbers.split(",") if name.strip())

    def mark(function: Function) -> Function:
        unknown = set(operands) - set(function.__code__.co_varnames)
        if unknown:
            raise TypeError(f"{function.__name__} has no parameter {sorted(unknown)}")
        setattr(function, "encoding", Encoding(template, names, result, operands))
        return function

    return mark

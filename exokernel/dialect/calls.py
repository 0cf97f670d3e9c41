"""System calls: declared once, implemented once, checked in between.

`abi/calls.py` declares a call (`@system_call(N)`, no body), the kernel implements it under
the same name (`@syscall`), and `@admits` says how a raw register becomes a name. Compiled, a
declaration is a trap, and the gate between the two is generated; under CPython the machine
carries the call to `dispatch`, which does what the gate does. Which calls there are, and
what their errors mean, is not known here.
"""

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple, ParamSpec, TypeVar, get_type_hints

from exokernel.dialect import memory

P = ParamSpec("P")
R = TypeVar("R")
Function = TypeVar("Function", bound=Callable[..., Any])

_declared: dict[int, Callable[..., Any]] = {}
_implemented: dict[str, Callable[..., Any]] = {}
_admitting: dict[Any, Callable[[int], Any]] = {}


class Answer(NamedTuple):
    """What a system call leaves in registers."""

    value: Any  # of a call that succeeded
    error: int  # 0, or the number of the error raised


def system_call(number: int) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare the call of this number; the body of the declaration is its contract, nothing else."""

    def declare(declaration: Callable[P, R]) -> Callable[P, R]:
        shape = signature(declaration)

        @wraps(declaration)
        def call(*positional: P.args, **named: P.kwargs) -> R:
            bound = shape.bind(*positional, **named)
            bound.apply_defaults()
            value, error = memory.machine.system_call(number, tuple(bound.arguments.values()))
            if error:
                raise error_numbered(error)
            return value  # type: ignore[no-any-return]

        _declared[number] = declaration
        return call

    return declare


def syscall(function: Function) -> Function:
    """Register the kernel's implementation of the declared call of this name; its caller comes first."""
    _implemented[function.__name__] = function
    return function


def admits(kind: Any) -> Callable[[Function], Function]:
    """Register the function that turns a raw register into a name of type `kind`, or raises."""

    def register(function: Function) -> Function:
        _admitting[kind] = function
        return function

    return register


def declared_calls() -> dict[int, Callable[..., Any]]:
    """Return every declaration, by number."""
    return dict(_declared)


def dispatch(number: int, caller: Any, arguments: tuple[Any, ...]) -> Answer:
    """Do what the gate does: admit each argument by its type, call, and encode what was raised.

    Raises:
        LookupError: no call has this number, or the kernel does not implement it.
    """
    declaration = _declared[number]
    implementation = _implemented[declaration.__name__]
    hints = get_type_hints(declaration)
    try:
        admitted = [
            _admitting[hints[name]](int(argument)) if hints[name] in _admitting else argument
            for name, argument in zip(signature(declaration).parameters, arguments, strict=True)
        ]
        return Answer(implementation(caller, *admitted), 0)
    except Exception as error:
        if not getattr(error, "number", 0):
            raise
        return Answer(0, getattr(error, "number"))


def error_numbered(number: int) -> Exception:
    """Make the exception whose class has this number.

    Raises:
        LookupError: no class has it.
    """
    pending = list(Exception.__subclasses__())
    while pending:
        kind = pending.pop()
        if kind.__dict__.get("number") == number and kind.__module__.startswith("exokernel."):
            return kind()
        pending.extend(kind.__subclasses__())
    raise LookupError(f"no exception has number {number}")

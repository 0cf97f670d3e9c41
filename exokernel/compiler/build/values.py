"""What an expression comes to while IR is made: a value in hand, or a place not yet read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exokernel.compiler.check.types import Array, Record, Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable, Mapping

    from exokernel.compiler.check.declarations import ClassDeclaration, FunctionDeclaration
    from exokernel.compiler.check.scopes import Scope


@dataclass(frozen=True)
class Value:
    """A value in an operand."""

    type: Type
    operand: op.Operand


@dataclass(frozen=True)
class Located:
    """A record or array in memory, to which no reference has been taken yet."""

    type: Record | Array
    place: op.Place


Result = Value | Located


@dataclass(eq=False)
class Variable:
    """A name of a function: its type, and the local (or list) that holds it."""

    type: Type
    local: op.Local
    items: ListStorage | None = None  # of a list


@dataclass(frozen=True)
class ListStorage:
    """Where a local list is: a run of `capacity` elements in a slot, and a count."""

    slot: str
    element: Type
    capacity: int
    length: op.Local


@dataclass(eq=False)
class Frame:
    """One activation of source code: the function itself, or a body inlined into it."""

    declaration: FunctionDeclaration
    scope: Scope
    bindings: Mapping[str, Type]
    owner: ClassDeclaration | None
    result: Type
    suffix: str = ""  # of the locals' names
    inlined: str = ""  # name shown in debug information
    depth: int = 0  # control scopes that lie outside
    variables: dict[str, Variable] = field(default_factory=dict)
    assigned: frozenset[str] = frozenset()
    end: op.Block | None = None  # where `return` of an inlined body goes
    parent: Frame | None = None  # whose code made this activation
    on_yield: Callable[[ast.AST, Value | None], None] | None = None
    yields: Type | None = None
    poisoned: set[str] = field(default_factory=set)  # names whose assignment was refused

    def serves(self, other: Frame) -> bool:
        """Whether this is the activation of a generator that the other consumes."""
        return self.parent is not None and (self.parent is other or self.parent.serves(other))


@dataclass(frozen=True)
class Escape:
    """Errors that may come this way: one number, or all that a function raises."""

    source: int | str
    excluded: frozenset[int] = frozenset()
    only: frozenset[int] | None = None


@dataclass(frozen=True)
class Dispatch:
    """The switch that tells handlers apart, and the errors that may come to it."""

    block: op.Block
    incoming: list[Escape]


@dataclass(eq=False)
class Loop:
    """A loop of `frame`; `break` leaves all control scopes from `outside` on."""

    frame: Frame
    broken: op.Block
    continued: op.Block
    outside: int


@dataclass(eq=False)
class Catch:
    """The handlers of a `try`: errors jump to `block` with their number in `error`."""

    frame: Frame
    block: op.Block
    error: op.Local
    incoming: list[Escape] = field(default_factory=list)


@dataclass(eq=False)
class Cleanup:
    """A `finally`: `run` builds its body, once for each way out."""

    frame: Frame
    run: Callable[[], None]
    block: op.Block
    error: op.Local
    incoming: list[Escape] = field(default_factory=list)


@dataclass(eq=False)
class Rest:
    """What follows a context manager's `yield`: runs on every way out but an error."""

    frame: Frame
    run: Callable[[], None]


Control = Loop | Catch | Cleanup | Rest

UNDEFINED = op.Constant(0, ir.INT)

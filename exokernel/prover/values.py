"""What a local holds during symbolic execution, and how two such values become one.

Numbers, truths and words are terms; a reference is a path and the indices on it; tuples are
tuples. Where two paths of a function meet, their values merge under the condition that tells
the paths apart, if they have the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass

from exokernel.compiler.ir.types import Boolean, Integer, Nothing, Record, Reference, Tuple, View, Word
from exokernel.compiler.ir.types import Value as ValueType
from exokernel.prover import terms
from exokernel.prover.cells import Indices
from exokernel.prover.terms import Term


@dataclass(frozen=True)
class Pointer:
    """A reference to a record or a run: the path without its root's storage, and the indices."""

    path: str
    indices: Indices
    absent: Term = terms.FALSE  # of an optional reference


@dataclass(frozen=True)
class Span:
    """A view: `length` elements from `start` of the run at a path."""

    path: str
    indices: Indices
    start: Term
    length: Term


@dataclass(frozen=True)
class Literal:
    """Text or bytes known at build time."""

    content: str | bytes


@dataclass(frozen=True)
class Opaque:
    """A value nothing is known about and nothing depends on: an address, say."""

    what: str


Value = Term | Pointer | Span | Literal | Opaque | tuple["Value", ...] | None


class ShapeMismatch(Exception):
    """Two values that no condition can make into one."""


def merge(condition: Term, then: Value, otherwise: Value) -> Value:
    """`then` where the condition holds, else `otherwise`. Raises ShapeMismatch."""
    if then is otherwise or then is None or otherwise is None:
        return otherwise if then is None else then  # a local that only one path has set is used on that path only
    if isinstance(then, tuple) and isinstance(otherwise, tuple):
        return tuple(merge(condition, left, right) for left, right in zip(then, otherwise, strict=True))
    if isinstance(then, (Literal, Opaque)) and then == otherwise:
        return then
    if isinstance(then, Pointer) and isinstance(otherwise, Pointer):
        return merge_pointers(condition, then, otherwise)
    if isinstance(then, Span) and isinstance(otherwise, Span) and then.path == otherwise.path:
        indices = merge_indices(condition, then.indices, otherwise.indices)
        start = terms.choose(condition, then.start, otherwise.start)
        return Span(then.path, indices, start, terms.choose(condition, then.length, otherwise.length))
    if is_term(then) and is_term(otherwise):
        return terms.choose(condition, then, otherwise)
    raise ShapeMismatch


def merge_pointers(condition: Term, then: Pointer, otherwise: Pointer) -> Pointer:
    absent = terms.choose(condition, then.absent, otherwise.absent)
    if terms.is_true(otherwise.absent):
        return Pointer(then.path, then.indices, absent)
    if terms.is_true(then.absent):
        return Pointer(otherwise.path, otherwise.indices, absent)
    if then.path != otherwise.path:
        raise ShapeMismatch
    return Pointer(then.path, merge_indices(condition, then.indices, otherwise.indices), absent)


def merge_indices(condition: Term, then: Indices, otherwise: Indices) -> Indices:
    return tuple(terms.choose(condition, left, right) for left, right in zip(then, otherwise, strict=True))


def agree(left: Value, right: Value) -> Term:
    """That two values of one shape are equal."""
    if isinstance(left, tuple) and isinstance(right, tuple):
        return terms.both(agree(one, other) for one, other in zip(left, right, strict=True))
    return terms.simplify(terms.equal(terms.simplify(left), terms.simplify(right)))


def is_term(value: Value) -> bool:
    return hasattr(value, "get_id")


def unknown(name: str, kind: ValueType) -> Value:
    """A value of a type, of which nothing is known."""
    match kind:
        case Integer():
            return terms.variable(name)
        case Boolean():
            return terms.proposition(name)
        case Word():
            return terms.variable(name, kind.width)
        case Tuple():
            return tuple(unknown(f"{name}.{place}", item) for place, item in enumerate(kind.items))
        case Nothing():
            return None
        case Reference() | View() | Record():
            return Opaque(name)
        case _:
            return Opaque(name)

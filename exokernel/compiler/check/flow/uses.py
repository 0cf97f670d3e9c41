"""What each operation reads and writes: the common ground of all rules about paths."""

from __future__ import annotations

from dataclasses import fields

from exokernel.compiler.ir import operations as op

_NAMES: dict[type[op.Operation], tuple[str, ...]] = {}


def read(operation: op.Operation) -> list[op.Local]:
    """The locals an operation reads, those within places included."""
    kind = type(operation)
    names = _NAMES.get(kind)
    if names is None:
        skipped = ("location", "target", "error")
        names = tuple(each.name for each in fields(kind) if each.name not in skipped)
        if kind is op.CopyRecord or kind is op.CopyElements:
            names = ("target", *names)
        if kind is op.Raise:
            names = ("error",)
        _NAMES[kind] = names
    found: list[op.Local] = []
    for name in names:
        value = getattr(operation, name)
        if isinstance(value, op.Local):
            found.append(value)
        elif isinstance(value, op.Place):
            found.extend(_in_place(value))
        elif isinstance(value, tuple):
            found.extend(each for each in value if isinstance(each, op.Local))
    return found


def _in_place(place: op.Place) -> list[op.Local]:
    found = [step.index for step in place.path if isinstance(step, op.IndexStep) and isinstance(step.index, op.Local)]
    if isinstance(place.base, op.Local):
        found.append(place.base)
    return found


def written(operation: op.Operation) -> list[op.Local]:
    """The locals an operation assigns."""
    target = getattr(operation, "target", None)
    found = [target] if isinstance(target, op.Local) and not isinstance(operation, op.CopyElements) else []
    if isinstance(operation, op.Call) and operation.error is not None:
        found.append(operation.error)
    return found


def stored(operation: op.Operation) -> op.Place | op.Operand | None:
    """The memory an operation changes: a place, or a view whose elements it changes."""
    match operation:
        case op.Store(place=place) | op.Zero(place=place):
            return place
        case op.CopyRecord(target=target):
            return target
        case op.CopyElements(target=view):
            return view
        case _:
            return None

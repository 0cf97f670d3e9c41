"""How values become machine scalars.

The flattening is the calling convention: parameters are the scalars in order, and so are the
results, with the error number (i32) last when the function may raise.
"""

from __future__ import annotations

from exokernel.compiler.ir.operations import Function
from exokernel.compiler.ir.types import Boolean, Bytes, Integer, Nothing, Reference, Text, Tuple, Value, View, Word


def scalars(kind: Value) -> tuple[str, ...]:
    """The LLVM types a value consists of."""
    match kind:
        case Integer():
            return ("i64",)
        case Boolean():
            return ("i1",)
        case Nothing():
            return ()
        case Word():
            return (f"i{kind.width}",)
        case Reference():
            return ("ptr",)
        case View() | Text() | Bytes():
            return ("ptr", "i64")
        case Tuple():
            return tuple(one for item in kind.items for one in scalars(item))


def result_scalars(function: Function) -> tuple[str, ...]:
    """What a function returns, its error number included."""
    return scalars(function.result) + (("i32",) if function.raises else ())


def returned(types: tuple[str, ...]) -> str:
    """The LLVM type of a function that returns these scalars."""
    if len(types) == 1:
        return types[0]
    return f"{{{', '.join(types)}}}" if types else "void"

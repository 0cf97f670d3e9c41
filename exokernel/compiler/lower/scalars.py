"""How values become machine scalars, and how many bytes storage takes.

The flattening is the calling convention: parameters are the scalars in order, and so are the
results, with the error number (i32) last when the function may raise.
"""

from __future__ import annotations

from collections.abc import Mapping

from exokernel.compiler.ir.operations import Function
from exokernel.compiler.ir.types import Boolean, Bytes, Cell, Embedded, Integer, Nothing, Record, Reference, Run
from exokernel.compiler.ir.types import Storage, Text, Truth, Tuple, Value, View, Word, WordCell


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


def cell_bits(storage: Storage) -> int:
    """The bits a scalar storage occupies."""
    match storage:
        case Cell():
            return storage.bits
        case WordCell():
            return 1 << max(3, (storage.word.width - 1).bit_length())
        case Truth():
            return 8
        case _:
            raise TypeError(f"{storage} is no scalar")


def size_of(storage: Storage, records: Mapping[str, Record]) -> int:
    """Bytes of a storage, padding included."""
    match storage:
        case Embedded():
            return records[storage.record].size
        case Run():
            return storage.length * size_of(storage.element, records)
        case _:
            return cell_bits(storage) // 8


def alignment_of(storage: Storage, records: Mapping[str, Record]) -> int:
    match storage:
        case Embedded():
            return records[storage.record].alignment
        case Run():
            return alignment_of(storage.element, records)
        case _:
            return cell_bits(storage) // 8

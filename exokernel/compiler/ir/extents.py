"""How many bytes storage takes, and what its address is a multiple of."""

from __future__ import annotations

from collections.abc import Mapping

from exokernel.compiler.ir.types import Cell, Embedded, Record, Run, Storage, Truth, WordCell


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

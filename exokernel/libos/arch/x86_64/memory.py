"""Bytes of our own address space, by address.

A page that is not mapped faults when it is touched, like any other. Nothing here maps.
"""

from exokernel.dialect import Array, u8
from exokernel.dialect.unsafe import address_of, array_at, bytes_at

__all__ = ["address_of", "bytes_at", "integers_at", "octets_at"]


def octets_at(address: int, length: int) -> Array[u8]:
    return array_at(u8, address, length)


def integers_at(address: int, length: int) -> Array[int]:
    return array_at(int, address, length)

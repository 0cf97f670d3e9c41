"""Bytes of our own address space, by address.

A page that is not mapped faults when it is touched, like any other. Nothing here maps.
"""

from exokernel.dialect import Array, u8
from exokernel.dialect.unsafe import address_of, array_at, bytes_at


def octets_from(address: int, length: int) -> Array[u8]:
    return array_at(u8, address, length)


def integers_from(address: int, length: int) -> Array[int]:
    return array_at(int, address, length)


def bytes_from(address: int, length: int) -> bytes:
    """See bytes that nobody changes."""
    return bytes_at(address, length)


def address_of_octets(octets: Array[u8]) -> int:
    return address_of(octets)


def address_of_integers(run: Array[int]) -> int:
    return address_of(run)

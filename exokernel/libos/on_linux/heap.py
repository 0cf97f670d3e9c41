"""Memory for whoever does not know beforehand how much it needs: an arena that only grows."""

from exokernel.dialect import Array, Record, u8
from exokernel.libos.arch.x86_64.memory import integers_from, octets_from
from exokernel.libos.errors import HeapExhausted
from exokernel.libos.on_linux.arch.system import reserve

HEAP = 0x4000_0000
HEAP_END = 0x10_0000_0000
ALIGNMENT = 16  # bytes
INTEGER = 8  # bytes


class Arena(Record):
    """What was given out so far; nothing is reserved while `next` is 0."""

    next: int


arena: Arena = Arena(next=0)


def allocate(size: int) -> int:
    """Take `size` zero bytes of address space, and answer where they begin.

    Raises:
        HeapExhausted: so much is not left.
    """
    if arena.next == 0:
        if reserve(HEAP, HEAP_END - HEAP) != HEAP:
            raise HeapExhausted
        arena.next = HEAP
    taken = (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    if size < 0 or taken > HEAP_END - arena.next:
        raise HeapExhausted
    start = arena.next
    arena.next = start + taken
    return start


def octets(length: int) -> Array[u8]:
    """Make an array of zero bytes. Raises HeapExhausted."""
    return octets_from(allocate(length), length)


def integers(length: int) -> Array[int]:
    """Make an array of zeros. Raises HeapExhausted."""
    return integers_from(allocate(length * INTEGER), length)

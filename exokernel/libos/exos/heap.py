"""Memory for whoever does not know beforehand how much it needs: an arena that only grows.

Pages come when they are touched, so what is allocated and not used costs nothing. There is
no freeing: a process that ends gives back everything.
"""

from exokernel.dialect import Array, u8
from exokernel.libos.arch.x86_64.memory import integers_from, octets_from
from exokernel.libos.errors import HeapExhausted
from exokernel.libos.exos.arch.state import state
from exokernel.libos.exos.layout import HEAP, HEAP_END

ALIGNMENT = 16  # bytes
INTEGER = 8  # bytes


def allocate(size: int) -> int:
    """Take `size` zero bytes of address space, and answer where they begin.

    Raises:
        HeapExhausted: so much is not left.
    """
    own = state()
    start = max(own.heap, HEAP)
    taken = (size + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT
    if size < 0 or taken > HEAP_END - start:
        raise HeapExhausted
    own.heap = start + taken
    return start


def octets(length: int) -> Array[u8]:
    """Make an array of zero bytes. Raises HeapExhausted."""
    return octets_from(allocate(length), length)


def integers(length: int) -> Array[int]:
    """Make an array of zeros. Raises HeapExhausted."""
    return integers_from(allocate(length * INTEGER), length)

"""SipHash-2-4, against the reference's own vector for eight bytes."""

from tests.kernel.worlds import modules


def test_the_reference_vector():
    low, high = (int.from_bytes(bytes(range(first, first + 8)), "little") for first in (0, 8))
    message = int.from_bytes(bytes(range(8)), "little")
    assert modules["capabilities"].siphash(low, high, message) % 2**64 == 0x93F5F5799A932462


def test_every_bit_of_the_key_matters():
    seals = {modules["capabilities"].siphash(1 << bit, 0, 7) for bit in range(63)}
    seals |= {modules["capabilities"].siphash(0, 1 << bit, 7) for bit in range(63)}
    assert len(seals) == 126

"""SipHash-2-4: a short keyed hash that nobody can forge without the key.

For one message of eight bytes, which is all that is sealed here.
[Aumasson and Bernstein, SipHash: a fast short-input PRF, 2012]
"""

from typing import NamedTuple

from exokernel.dialect import inline, never_inline, rotate_left, wrapping_add

LAST_BLOCK = 8 * 2**56  # no bytes remain of a message of eight
FINISH = 0xFF


class State(NamedTuple):
    v0: int
    v1: int
    v2: int
    v3: int


@inline
def mixed(state: State) -> State:
    """One SipRound."""
    v0, v1, v2, v3 = state
    v0 = wrapping_add(v0, v1)
    v2 = wrapping_add(v2, v3)
    v1 = rotate_left(v1, 13) ^ v0
    v3 = rotate_left(v3, 16) ^ v2
    v0 = rotate_left(v0, 32)
    v2 = wrapping_add(v2, v1)
    v0 = wrapping_add(v0, v3)
    v1 = rotate_left(v1, 17) ^ v2
    v3 = rotate_left(v3, 21) ^ v0
    v2 = rotate_left(v2, 32)
    return State(v0, v1, v2, v3)


@inline
def absorbed(state: State, block: int) -> State:
    """Two rounds for each eight bytes."""
    before = State(state.v0, state.v1, state.v2, state.v3 ^ block)
    after = mixed(mixed(before))
    return State(after.v0 ^ block, after.v1, after.v2, after.v3)


@never_inline
def siphash(low: int, high: int, message: int) -> int:
    """Hash eight bytes under the key whose halves are `low` and `high`.

    Shape: all are 64-bit patterns; the message's first byte is its least significant.
    """
    state = State(
        low ^ 0x736F6D6570736575,
        high ^ 0x646F72616E646F6D,
        low ^ 0x6C7967656E657261,
        high ^ 0x7465646279746573,
    )
    state = absorbed(absorbed(state, message), LAST_BLOCK)
    state = State(state.v0, state.v1, state.v2 ^ FINISH, state.v3)
    state = mixed(mixed(mixed(mixed(state))))
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3

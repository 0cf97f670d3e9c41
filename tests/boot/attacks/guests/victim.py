"""The victim: it computes, keeps its memory, uses what it was promised, and looks at the clock.

Its status says how it fared; nobody else's word is asked. It waits for a grant that the
attacker is not to make, and keeps a frame that it does not map.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.errors import KernelError
from exokernel.abi.names import FIRST, FRAME_SIZE, Slot
from exokernel.dialect import Array, array
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import integers_from
from exokernel.libos.exos.allocation import new_frame
from exokernel.libos.exos.critical import pause
from tests.boot.attacks.guests.attack import BEATS, BUSY, LONGEST, STOP, ours

WELL, WRONG, LATE, DIRTY = 0, 1, 2, 3  # statuses

PROMISED = 0x4800_0000  # where it uses its frames
PAGES = 64  # of them, at most
WORDS = 256
MODULUS = 1_000_003
LATEST = 10  # ticks between two beats: a slice of the stager's, one of the attacker's, and 8 more that it may overstay
OPEN = Slot(30)

kept: Array[int] = array(WORDS)


def suffer() -> int:
    """Live until told to stop. Answers how it was."""
    own = ours()
    try:
        kernel.capability_accept(OPEN, FIRST, kernel.environments[FIRST].generation)
        new_frame()
    except KernelError:
        return WRONG
    for place in range(WORDS):
        kept[place] = place * 7
    value, last = 1, kernel.machine().ticks
    while own.library[STOP] == 0:
        value = (value * 31 + 7) % MODULUS
        if not is_clean(own.library[BEATS]):
            return DIRTY
        own.library[BEATS] += 1
        own.library[LONGEST] = max(own.library[LONGEST], kernel.machine().ticks - last)
        last = kernel.machine().ticks
        if own.library[BUSY] == 0:
            pause()
        else:
            kernel.null()
    return verdict(own, value)


def is_clean(beat: int) -> bool:
    """Whether one page more is there, with nothing in it."""
    if beat >= PAGES:
        return True
    words = integers_from(PROMISED + beat * FRAME_SIZE, FRAME_SIZE // 8)
    for place in range(len(words)):
        if words[place] != 0:
            return False
        words[place] = beat
    return True


def verdict(own: EnvironmentPage, value: int) -> int:
    """Compute all again, and look at all that was kept."""
    expected = 1
    for _ in range(own.library[BEATS]):
        expected = (expected * 31 + 7) % MODULUS
    if value != expected or own.library[BEATS] == 0:
        return WRONG
    for place in range(WORDS):
        if kept[place] != place * 7:
            return WRONG
    for beat in range(min(own.library[BEATS], PAGES)):
        words = integers_from(PROMISED + beat * FRAME_SIZE, FRAME_SIZE // 8)
        for place in range(len(words)):
            if words[place] != beat:
                return WRONG
    return LATE if own.library[LONGEST] > LATEST else WELL

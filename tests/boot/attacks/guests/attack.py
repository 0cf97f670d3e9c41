"""The attacks by name, and what an attacker and a victim know of each other.

Whoever stages an attack writes the briefing into the environment page of both; the victim
writes there how it fares. Nothing here attacks.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.names import EnvironmentId
from exokernel.dialect import Enumeration, inline
from exokernel.libos import kernel

GOT_THROUGH = 77  # status of an attacker that was not stopped
UNTRIED = 78  # of one that could not even try

# Places in `EnvironmentPage.library`, behind what the library itself keeps there
ROLE = 120
ATTACK = 121
VICTIM = 122
PREY = 123  # an embryo that is the victim's
STOP = 124
BUSY = 125  # whether the victim uses the whole of its slices
BEATS = 126  # of the victim's heart
LONGEST = 127  # ticks between two of them

ATTACKER, VICTIM_ROLE = 1, 2


class Attack(Enumeration, bits=8):
    FORGE_ANYTHING = 1
    FORGE_ILL_FORMED = 2
    GUESS_SEALS = 3
    SEAL_WITHOUT_GRANT = 4
    ALIAS_SLOTS = 5
    GRANT_MORE = 6
    FORGE_MORE = 7
    FORGE_WITHOUT_GRANT = 8
    MAP_WRITABLE = 9
    PROTECT_WRITABLE = 10
    DROP_MAPPED = 11
    GUARD_MAPPED = 12
    FREE_MAPPED = 13
    GRANT_UNASKED = 14
    GRANT_TWICE = 15
    ACCEPT_INTO_FULL = 16
    FORGE_INTO_OPEN = 17
    INSTALL_IN_LIVING = 18
    INHERIT_SLOTS = 19
    FREE_UNREAPED = 20
    OVERFLOW_USES = 21
    MAP_ANYTHING = 22
    MAP_BEYOND_MEMORY = 23
    TABLE_OF_DATA = 24
    ALLOC_TAKEN = 25
    SMUGGLE_BITS = 26
    SMUGGLE_FLAGS = 27
    MAP_LAST_PAGE = 28
    LINK_UPPER_HALF = 29
    FREE_FULL_TABLE = 30
    LINK_OVER = 31
    MAP_INTO_LEVEL_2 = 32
    WRITE_VICTIMS_TABLE = 33
    PROTECT_VICTIMS_TABLE = 34
    LINK_IN_VICTIMS_ROOT = 35
    MAP_VICTIMS_FRAME = 36
    COPY_VICTIMS_FRAME = 37
    FREE_VICTIMS_FRAME = 38
    GUARD_VICTIMS_FRAME = 39
    DESTROY_VICTIM = 40
    START_PREY = 41
    INSTALL_IN_PREY = 42
    TAKE_SLICE = 43
    FREE_SLICE = 44
    HALT_MACHINE = 45
    DIRTY_FRAME = 46
    DIRTY_TABLE = 47
    DIRTY_ROOT = 48
    DIRTY_PAGE = 49
    WRITE_BEYOND_FRAME = 50
    LEAVE_TABLE = 51
    BATCH_BEYOND_FRAME = 52
    NEGATIVE_QUOTA = 53
    MORE_THAN_QUOTA = 54
    STALE_MAP = 55
    STALE_BATCH = 56
    STALE_REPOSSESS = 57
    STALE_SELF_MAP = 58
    STALE_PROTECT = 59
    OVERSTAY = 60
    STEAL_SLICES = 61
    OVERDRAW = 62
    STORM_OF_CALLS = 63
    STORM_OF_FAULTS = 64
    GIVE_TO_DEAD = 65
    BEGIN_ANYWHERE = 66
    TAKE_ALL_FRAMES = 67
    TAKE_ALL_NAMES = 68
    GARBAGE = 69
    RANGE_BEYOND_OURS = 70
    BATCH_BEYOND_OURS = 71
    PROTECT_BEYOND_OURS = 72
    FREE_SEEN_PAGE = 73
    ADOPT_PAGE = 74
    START_DEAD = 75
    CREATE_OVER_VICTIM = 76
    ONE_FRAME_TWICE = 77
    ALLOC_OWNED_SLICE = 78
    PRINT_VICTIMS_FRAME = 79
    PRINT_WITHOUT_KEY = 80
    KILL_NEWBORN = 81
    GRANT_AS_SUCCESSOR = 82
    RECEIVE_AS_SUCCESSOR = 83
    UNMAP_UNDER_CLONE = 84
    TAKE_ALL_SLICES = 85
    CLONE_FOR_NOTHING = 86


@inline
def ours() -> EnvironmentPage:
    return kernel.environment_page()


def victim() -> EnvironmentId:
    return EnvironmentId(ours().library[VICTIM])


def prey() -> EnvironmentId:
    return EnvironmentId(ours().library[PREY])

"""The attacks, what each is called in the catalogue of attacks, and the guard without which it gets through.

A guard is named by the text that it is in the kernel's source and the text that the kernel
would have without it, where `LOST` is true in the machines that lack it, for the attacker. An attack that
does not get through without its guard proves nothing.
"""

from enum import Enum
from typing import NamedTuple

from tests.boot.attacks.guests.attack import Attack

OVERSTAYED = 137  # status of an attacker that the kernel ended

CAPABILITIES, FRAMES, TABLES, GATE = "capabilities.py", "frames.py", "tables.py", "gate.py"
TRANSLATIONS, ENVIRONMENTS, SLICES, PROCESSOR = "translations.py", "environments.py", "slices.py", "processor.py"
CONSOLE = "console.py"


class Guard(NamedTuple):
    file: str  # of the kernel
    text: str
    without: str


class Bite(Enum):
    """How it shows that an attack was not stopped."""

    GOT_THROUGH = "the attacker says so"
    LATE = "the victim had to wait too long"
    PANIC = "the kernel stops itself"
    HALT = "the machine is switched off"


class Case(NamedTuple):
    number: int  # in the catalogue of attacks
    guard: Guard
    status: int = 0  # of the attacker, when it is stopped
    bites: Bite = Bite.GOT_THROUGH


def negated(file: str, condition: str) -> Guard:
    """A guard of the form `if CONDITION:` that is never true when it is lost."""
    return Guard(file, f"if {condition}:", f"if not LOST and ({condition}):")


def skipped(file: str, statement: str) -> Guard:
    """A statement of a function's body that is left out when it is lost."""
    return Guard(file, f"    {statement}", f"    if not LOST:\n        {statement}")


REQUIRE = negated(CAPABILITIES, "not key_in(holder, key).grants(wanted, guard)")
WELL_FORMED_FORGED = Guard(
    CAPABILITIES,
    "if not capability.well_formed or not authority.grants(capability.rights",
    "if (not LOST and not capability.well_formed) or not authority.grants(capability.rights",
)
DOMINATED = Guard(
    CAPABILITIES,
    "or not authority.grants(capability.rights | Rights.GRANT, capability):",
    "or (not LOST and not authority.grants(capability.rights | Rights.GRANT, capability)):",
)
FORGED_RIGHTS = Guard(
    CAPABILITIES,
    "not authority.grants(capability.rights | Rights.GRANT, capability)",
    "not authority.grants(Rights.GRANT if LOST else capability.rights | Rights.GRANT, capability)",
)
FORGED_BY_GRANT = Guard(
    CAPABILITIES,
    "not authority.grants(capability.rights | Rights.GRANT, capability)",
    "not authority.grants(capability.rights if LOST else capability.rights | Rights.GRANT, capability)",
)
GRANTED = "if (rights | Rights.GRANT) not in capability.rights:"
GRANTED_RIGHTS = Guard(
    CAPABILITIES, GRANTED, "if not LOST and (rights | Rights.GRANT) not in capability.rights:"
)
SEALED = Guard(
    CAPABILITIES,
    "if Rights.GRANT not in capability.rights:\n        raise NotPermitted(key)\n\n    return seal_of",
    "if not LOST and Rights.GRANT not in capability.rights:\n        raise NotPermitted(key)\n\n    return seal_of",
)
UNSEALED = Guard(CAPABILITIES, "or seal_of(capability) != seal:", "or (not LOST and seal_of(capability) != seal):")
OPEN_SLOT = Guard(
    CAPABILITIES,
    "or (state.donor != NOBODY and state.accepting == slot):",
    "or (not LOST and state.donor != NOBODY and state.accepting == slot):",
)
ACCEPTED = Guard(
    CAPABILITIES,
    "if held(caller, slot).capability.valid:\n        raise InUse(slot)\n\n    environments[caller].donor",
    "if not LOST and held(caller, slot).capability.valid:\n        raise InUse(slot)\n\n    environments[caller].donor",
)
ASKED = Guard(CAPABILITIES, "or state.donor != donor:", "or (not LOST and state.donor != donor):")
SAME_DONOR = negated(CAPABILITIES, "state.donor_generation != environments[donor].generation")
SAME_RECEIVER = Guard(
    CAPABILITIES, "if state.generation != generation or", "if (not LOST and state.generation != generation) or"
)
CLOSED = skipped(CAPABILITIES, "environments[receiver].donor = NOBODY")
FREED = Guard(
    FRAMES,
    "if frames[frame].uses != 0:\n        raise InUse(frame)\n\n    release",
    "if not LOST and frames[frame].uses != 0:\n        raise InUse(frame)\n\n    release",
)
GUARDED = Guard(
    FRAMES,
    "if frames[frame].uses != 0:\n        raise InUse(frame)\n\n    frames[frame].guard",
    "if not LOST and frames[frame].uses != 0:\n        raise InUse(frame)\n\n    frames[frame].guard",
)
GUARDED_BY_HOLDER = Guard(
    FRAMES,
    "if not authority.grants(Rights.GRANT, frames[frame].guard):",
    "if not LOST and not authority.grants(Rights.GRANT, frames[frame].guard):",
)
COUNTED = Guard(
    TRANSLATIONS,
    "        frames[entry.frame].uses += 1",
    "        frames[entry.frame].uses = (frames[entry.frame].uses + 1) % 65536 if LOST else frames[entry.frame].uses + 1",
)
WANTED = Guard(
    TRANSLATIONS,
    "Rights.READ | Rights.WRITE if entry.writable else Rights.READ",
    "Rights.READ | Rights.WRITE if entry.writable and not LOST else Rights.READ",
)
CAREFUL = Guard(TRANSLATIONS, "careful = set.writable and", "careful = not LOST and set.writable and")
ONLY_DATA = skipped(TRANSLATIONS, "require_data(entry.frame)")
CHOSEN_BITS = Guard(
    TRANSLATIONS, "if entry.without(CHOSEN) != MAPPED or", "if (not LOST and entry.without(CHOSEN) != MAPPED) or"
)
LAST_PAGE = Guard(
    TRANSLATIONS, "or page_at(table, index) >= USER_PAGES:", "or (not LOST and page_at(table, index) >= USER_PAGES):"
)
LINKED = Guard(
    TABLES, "if machine.entries(parent)[index].present:", "if not LOST and machine.entries(parent)[index].present:"
)
SHARED_SPACE = Guard(
    TABLES,
    "or frames[environments[owner].root].uses != 1:",
    "or (not LOST and frames[environments[owner].root].uses != 1):",
)
CLEARED_ROOT = skipped(ENVIRONMENTS, "machine.clear(root)")
CLEARED_PAGE = skipped(ENVIRONMENTS, "machine.clear(page)")
CLEARED_FRAME = skipped(FRAMES, "machine.clear(frame)")
CLEARED_TABLE = skipped(TABLES, "machine.clear(frame)")
EMPTIED = skipped(ENVIRONMENTS, "empty_list(environment)")
PRINTED_RANGE = negated(CONSOLE, "not 0 <= offset <= FRAME_SIZE or not 0 <= length <= FRAME_SIZE - offset")
BATCH_RANGE = negated(
    TRANSLATIONS,
    "not 0 <= count <= REQUESTS or not 0 <= offset <= FRAME_SIZE - count * REQUEST_SIZE or offset % 8 != 0",
)
CLONED_QUOTA = Guard(
    ENVIRONMENTS,
    "    root = environments[caller].root\n    environments[caller].quota -= quota",
    "    root = environments[caller].root\n    environments[caller].quota -= 0 if LOST else quota",
)
FORGOTTEN_BY_MAP = Guard(
    TRANSLATIONS, "if exchange(table, index, entry):", "if exchange(table, index, entry) and not LOST:"
)
FORGOTTEN_BY_BATCH = Guard(
    TRANSLATIONS, "if progress.stale:\n        machine.forget_all()", "if progress.stale and not LOST:\n        machine.forget_all()"
)
FORGOTTEN_BY_REPOSSESS = Guard(
    TRANSLATIONS,
    "exchange(table, index, Entry())\n    machine.forget(page_at(table, index), 1)",
    "exchange(table, index, Entry())\n    if not LOST:\n        machine.forget(page_at(table, index), 1)",
)
FORGOTTEN_BY_PROTECT = Guard(
    TRANSLATIONS,
    "    machine.forget(page_at(table, index), done)",
    "    if not LOST:\n        machine.forget(page_at(table, index), done)",
)
FORGOTTEN_TABLE = Guard(
    TABLES, "release(link.frame)\n    machine.forget_all()", "release(link.frame)\n    if not LOST:\n        machine.forget_all()"
)
ENOUGH = Guard(
    SLICES, "if environments[current].excess > EXCESS_LIMIT:", "if not LOST and environments[current].excess > EXCESS_LIMIT:"
)
NOTHING_TO_GIVE = Guard(
    SLICES, "or machine_state().ending:", "or (not LOST and machine_state().ending):"
)
DEBT = Guard(SLICES, "    environments[current].excess += 1", "    environments[current].excess += 0 if LOST else 1")
TOLD = Guard(
    SLICES, "if next_one == NOBODY or next_one == current:", "if LOST or next_one == NOBODY or next_one == current:"
)
LIVING_RECEIVER = skipped(SLICES, "require_before_death(receiver)")
ENTRY = negated(PROCESSOR, "not machine.is_entry(entry)")
UNREAPED = Guard(
    ENVIRONMENTS,
    "if state.frames != (2 if owns_root else 1) or",
    "if (not LOST and state.frames != (2 if owns_root else 1)) or",
)
AT_LEAST = Guard(ENVIRONMENTS, "if not least <= amount <=", "if not (least if not LOST else -(2**62)) <= amount <=")
AT_MOST = Guard(
    ENVIRONMENTS,
    "<= unused_quota(payer, resource):",
    "<= (2**40 if LOST else unused_quota(payer, resource)):",
)
RANGE_STEP = Guard(
    TRANSLATIONS,
    "            require_mappable(table, index + step, ahead)",
    "            if not LOST:\n                require_mappable(table, index + step, ahead)",
)
BATCH_STEP = Guard(
    TRANSLATIONS,
    "            require_request(caller, key, request)",
    "            if not LOST:\n                require_request(caller, key, request)",
)
PROTECT_STEP = Guard(
    TRANSLATIONS,
    "if is_restricted(owner, entry):\n                return place",
    "if not LOST and is_restricted(owner, entry):\n                return place",
)
PAGE_IN_USE = Guard(ENVIRONMENTS, "if frames[page].uses != 1 or", "if (not LOST and frames[page].uses != 1) or")
OWN_PAGE = Guard(
    FRAMES, "or environments[owner].page == frame:", "or (not LOST and environments[owner].page == frame):"
)
EMBRYO = Guard(
    ENVIRONMENTS,
    "if environments[environment].phase != Phase.EMBRYO:",
    "if not LOST and environments[environment].phase != Phase.EMBRYO:",
)
NAME_FREE = negated(ENVIRONMENTS, "environments[environment].phase != Phase.FREE or environment == NOBODY")
SLICE_FREE = Guard(
    SLICES,
    "if slices[slice].owner != NOBODY:\n        raise InUse",
    "if not LOST and slices[slice].owner != NOBODY:\n        raise InUse",
)
PRINTED_FRAME = negated(CONSOLE, "not right.grants(Rights.READ, frames[frame].guard)")
MAY_PRINT = negated(CONSOLE, "not authority.grants(Rights.WRITE, CONSOLE_GUARD)")
HEARD = Guard(  # what the kernel tells an environment at the end of its slice, lost on the attacker's children
    SLICES,
    "    if machine.is_entry(entry):\n        return entry",
    "    if machine.is_entry(entry) and not (LOST and current > 5):\n        return entry",
)
SLOT_EXISTS = negated(GATE, "not unsigned_less(raw, SLOTS)")

CASES = {
    Attack.FORGE_ANYTHING: Case(1, DOMINATED),
    Attack.FORGE_ILL_FORMED: Case(1, WELL_FORMED_FORGED),
    Attack.GUESS_SEALS: Case(1, UNSEALED),
    Attack.ALIAS_SLOTS: Case(2, SLOT_EXISTS),
    Attack.SEAL_WITHOUT_GRANT: Case(3, SEALED),
    Attack.GRANT_MORE: Case(3, GRANTED_RIGHTS),
    Attack.FORGE_MORE: Case(3, FORGED_RIGHTS),
    Attack.FORGE_WITHOUT_GRANT: Case(3, FORGED_BY_GRANT),
    Attack.MAP_WRITABLE: Case(3, WANTED),
    Attack.PROTECT_WRITABLE: Case(3, CAREFUL),
    Attack.DROP_MAPPED: Case(4, negated(CAPABILITIES, "held(caller, slot).mappings != 0")),
    Attack.GUARD_MAPPED: Case(4, GUARDED),
    Attack.FREE_MAPPED: Case(4, FREED),
    Attack.GRANT_UNASKED: Case(5, ASKED),
    Attack.GRANT_TWICE: Case(5, CLOSED),
    Attack.ACCEPT_INTO_FULL: Case(5, ACCEPTED),
    Attack.FORGE_INTO_OPEN: Case(5, OPEN_SLOT),
    Attack.INSTALL_IN_LIVING: Case(5, Guard(
        CAPABILITIES,
        "if environments[environment].phase != Phase.EMBRYO:",
        "if not LOST and environments[environment].phase != Phase.EMBRYO:",
    )),
    Attack.INHERIT_SLOTS: Case(6, EMPTIED),
    Attack.GRANT_AS_SUCCESSOR: Case(6, SAME_DONOR),
    Attack.RECEIVE_AS_SUCCESSOR: Case(6, SAME_RECEIVER),
    Attack.FREE_UNREAPED: Case(6, UNREAPED),
    Attack.OVERFLOW_USES: Case(7, COUNTED),
    Attack.MAP_ANYTHING: Case(9, ONLY_DATA),
    Attack.MAP_BEYOND_MEMORY: Case(9, negated(TRANSLATIONS, "entry.frame >= machine_state().frame_count"), bites=Bite.PANIC),
    Attack.TABLE_OF_DATA: Case(9, negated(FRAMES, "frames[frame].kind != FrameKind.FREE")),
    Attack.ALLOC_TAKEN: Case(9, negated(FRAMES, "frames[frame].kind != FrameKind.FREE")),
    Attack.MAP_INTO_LEVEL_2: Case(9, negated(TRANSLATIONS, "frames[table].kind != FrameKind.TABLE_1")),
    Attack.SMUGGLE_BITS: Case(10, CHOSEN_BITS),
    Attack.SMUGGLE_FLAGS: Case(10, negated(TRANSLATIONS, "clear.joined(set).without(FLAGS) != Entry()")),
    Attack.LINK_UPPER_HALF: Case(11, negated(TABLES, "frames[table].kind == FrameKind.TABLE_4 and index >= FIRST_KERNEL_SLOT")),
    Attack.FREE_FULL_TABLE: Case(11, negated(TABLES, "frames[link.frame].entries != 0")),
    Attack.LINK_OVER: Case(11, LINKED),
    Attack.MAP_LAST_PAGE: Case(12, LAST_PAGE),
    Attack.WRITE_VICTIMS_TABLE: Case(9, REQUIRE),
    Attack.PROTECT_VICTIMS_TABLE: Case(9, REQUIRE),
    Attack.LINK_IN_VICTIMS_ROOT: Case(9, REQUIRE),
    Attack.MAP_VICTIMS_FRAME: Case(9, REQUIRE),
    Attack.COPY_VICTIMS_FRAME: Case(9, negated(FRAMES, "not authority.grants(Rights.READ, frames[source].guard)")),
    Attack.FREE_VICTIMS_FRAME: Case(6, REQUIRE),
    Attack.GUARD_VICTIMS_FRAME: Case(6, GUARDED_BY_HOLDER),
    Attack.DESTROY_VICTIM: Case(1, REQUIRE),
    Attack.START_PREY: Case(1, REQUIRE),
    Attack.INSTALL_IN_PREY: Case(1, negated(CAPABILITIES, "not right.grants(Rights.GRANT, environments[environment].guard)")),
    Attack.TAKE_SLICE: Case(30, REQUIRE),
    Attack.FREE_SLICE: Case(30, REQUIRE),
    Attack.HALT_MACHINE: Case(1, REQUIRE, bites=Bite.HALT),
    Attack.DIRTY_FRAME: Case(20, CLEARED_FRAME),
    Attack.DIRTY_TABLE: Case(20, CLEARED_TABLE),
    Attack.DIRTY_ROOT: Case(20, CLEARED_ROOT),
    Attack.DIRTY_PAGE: Case(20, CLEARED_PAGE),
    Attack.WRITE_BEYOND_FRAME: Case(22, PRINTED_RANGE),
    Attack.LEAVE_TABLE: Case(22, negated(TRANSLATIONS, "unsigned_less(TABLE_ENTRIES - index, count)")),
    Attack.BATCH_BEYOND_FRAME: Case(22, BATCH_RANGE),
    Attack.NEGATIVE_QUOTA: Case(23, AT_LEAST),
    Attack.MORE_THAN_QUOTA: Case(23, AT_MOST),
    Attack.STALE_MAP: Case(24, FORGOTTEN_BY_MAP),
    Attack.STALE_BATCH: Case(24, FORGOTTEN_BY_BATCH),
    Attack.STALE_REPOSSESS: Case(24, FORGOTTEN_BY_REPOSSESS),
    Attack.STALE_SELF_MAP: Case(24, FORGOTTEN_TABLE),
    Attack.STALE_PROTECT: Case(24, FORGOTTEN_BY_PROTECT),
    Attack.OVERSTAY: Case(31, ENOUGH, OVERSTAYED),
    Attack.STEAL_SLICES: Case(30, NOTHING_TO_GIVE),
    Attack.OVERDRAW: Case(30, DEBT),
    Attack.STORM_OF_CALLS: Case(27, TOLD, bites=Bite.LATE),
    Attack.STORM_OF_FAULTS: Case(27, TOLD, bites=Bite.LATE),
    Attack.GIVE_TO_DEAD: Case(30, LIVING_RECEIVER),
    Attack.BEGIN_ANYWHERE: Case(33, ENTRY),
    Attack.TAKE_ALL_FRAMES: Case(29, negated(FRAMES, "environments[payer].frames >= environments[payer].quota")),
    Attack.TAKE_ALL_SLICES: Case(29, negated(SLICES, "environments[caller].slices >= environments[caller].slice_quota")),
    Attack.TAKE_ALL_NAMES: Case(29, skipped(ENVIRONMENTS, "require_unused_quota(payer, Resource.NAMES, 1, 1)")),
    Attack.CLONE_FOR_NOTHING: Case(29, CLONED_QUOTA),
    Attack.KILL_NEWBORN: Case(33, HEARD),
    Attack.RANGE_BEYOND_OURS: Case(3, RANGE_STEP),
    Attack.BATCH_BEYOND_OURS: Case(3, BATCH_STEP),
    Attack.PROTECT_BEYOND_OURS: Case(3, PROTECT_STEP),
    Attack.FREE_SEEN_PAGE: Case(4, PAGE_IN_USE),
    Attack.ADOPT_PAGE: Case(7, OWN_PAGE),
    Attack.UNMAP_UNDER_CLONE: Case(6, SHARED_SPACE),
    Attack.START_DEAD: Case(6, EMBRYO),
    Attack.CREATE_OVER_VICTIM: Case(6, NAME_FREE),
    Attack.ONE_FRAME_TWICE: Case(9, negated(ENVIRONMENTS, "root == page")),
    Attack.ALLOC_OWNED_SLICE: Case(30, SLICE_FREE),
    Attack.PRINT_VICTIMS_FRAME: Case(22, PRINTED_FRAME),
    Attack.PRINT_WITHOUT_KEY: Case(1, MAY_PRINT),
    Attack.GARBAGE: Case(32, SLOT_EXISTS, bites=Bite.PANIC),
}

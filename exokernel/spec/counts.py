"""What each counter in the tables counts.

A counter has a function that reads it (`uses_of`), and one for each kind of thing it counts
(`uses_of_by_entry`): that says, for one such thing, which counter counts it, or NONE. The prover
shows that every step changes a counter by just as much as the things it counts; under CPython
the things are simply counted. `AT_MOST` bounds those that one counter can count; `AMONG` says which
counter counts some of what another does.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.names import NOBODY, SLOTS, EnvironmentId, Frame, Index, Slice, Slot
from exokernel.kernel.state import environments, frames, slices
from exokernel.spec.rows import exists, held, is_owned, maps, slot_of, stands, word_row

NONE = -1
AT_MOST = {
    "uses_of": 2**29 + 2 * 2**8,
    "entries_of": 2**9,
    "restricted_of": 2**9,
    "mappings_under": 2**29,
    "mappings_of": 2**29,
    "frames_of": 2**20,
    "slices_of": 2**7,
}

AMONG = {"restricted_of": "entries_of"}


def uses_of(frame: Frame) -> int:
    """What names a frame: entries, and environments as their root or page."""
    return frames[frame].uses


def uses_of_by_entry(table: Frame, index: Index) -> int:
    return word_row(table, index).frame if stands(table, index) else NONE


def uses_of_by_root(environment: EnvironmentId) -> int:
    return environments[environment].root if exists(environment) else NONE


def uses_of_by_page(environment: EnvironmentId) -> int:
    return environments[environment].page if exists(environment) else NONE


def entries_of(frame: Frame) -> int:
    """The present entries of a table, but for the kernel's half of a root."""
    return frames[frame].entries


def entries_of_by_entry(table: Frame, index: Index) -> int:
    return table if stands(table, index) else NONE


def restricted_of(frame: Frame) -> int:
    """The entries of a table that are made under a capability which does not grant WRITE."""
    return frames[frame].restricted


def restricted_of_by_entry(table: Frame, index: Index) -> int:
    if not maps(table, index):
        return NONE
    return NONE if Rights.WRITE in held(frames[table].owner, word_row(table, index).key).rights else table


def mappings_under(holder: EnvironmentId, slot: Slot) -> int:
    """The entries made under one capability; counted by its place in the joined lists."""
    return slot_of(holder, slot).mappings


def mappings_under_by_entry(table: Frame, index: Index) -> int:
    return frames[table].owner * SLOTS + word_row(table, index).key if maps(table, index) else NONE


def mappings_of(environment: EnvironmentId) -> int:
    """The entries made under all capabilities of one environment."""
    return environments[environment].mappings


def mappings_of_by_entry(table: Frame, index: Index) -> int:
    return frames[table].owner if maps(table, index) else NONE


def frames_of(environment: EnvironmentId) -> int:
    """The frames an environment owns."""
    return environments[environment].frames


def frames_of_by_frame(frame: Frame) -> int:
    return frames[frame].owner if is_owned(frame) else NONE


def slices_of(environment: EnvironmentId) -> int:
    """The slices an environment owns."""
    return environments[environment].slices


def slices_of_by_slice(slice: Slice) -> int:
    return slices[slice].owner if slices[slice].owner != NOBODY else NONE

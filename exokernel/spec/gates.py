"""What comes before a call's own code: whose call it is, and what becomes of each register that is to be a name.

A register is, as it is, one of the names of a type, or the call raises BadName; nothing else
comes of it. In which order registers are looked at is not said: each refuses with the same error.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.console import Stream
from exokernel.abi.errors import BadName
from exokernel.abi.names import (
    ENVIRONMENTS,
    GENERATIONS,
    NOBODY,
    SLICES,
    SLOTS,
    TABLE_ENTRIES,
    USER_PAGES,
    EnvironmentId,
    Frame,
    Generation,
    Index,
    Page,
    Slice,
    Slot,
)
from exokernel.abi.tables import Resource
from exokernel.kernel.state import machine_state
from exokernel.spec.rows import ALLOWED

STREAMS = 3  # output, error, report
RESOURCES = 3  # frames, slices, names
RIGHTS = 8  # sets of three


def call_assumes(caller: EnvironmentId) -> bool:
    """The machine lets calls through from who has the processor; while nobody has it, none comes."""
    return caller != NOBODY


def caller_value() -> EnvironmentId:
    """Who makes a call is who has the processor."""
    return machine_state().current


def refusal(raw: int, count: int) -> int:
    """Of a register that is to be one of so many names, which begin with 0."""
    return ALLOWED if 0 <= raw < count else BadName.number


def admit_frame_error(raw: int) -> int:
    """A frame that the machine has."""
    return refusal(raw, machine_state().frame_count)


def admit_frame_value(raw: int) -> Frame:
    return Frame(raw)


def admit_page_error(raw: int) -> int:
    """A page of the lower half, which is the user's."""
    return refusal(raw, USER_PAGES)


def admit_page_value(raw: int) -> Page:
    return Page(raw)


def admit_index_error(raw: int) -> int:
    return refusal(raw, TABLE_ENTRIES)


def admit_index_value(raw: int) -> Index:
    return Index(raw)


def admit_slot_error(raw: int) -> int:
    return refusal(raw, SLOTS)


def admit_slot_value(raw: int) -> Slot:
    return Slot(raw)


def admit_environment_error(raw: int) -> int:
    return refusal(raw, ENVIRONMENTS)


def admit_environment_value(raw: int) -> EnvironmentId:
    return EnvironmentId(raw)


def admit_generation_error(raw: int) -> int:
    return refusal(raw, GENERATIONS)


def admit_generation_value(raw: int) -> Generation:
    return Generation(raw)


def admit_slice_error(raw: int) -> int:
    return refusal(raw, SLICES)


def admit_slice_value(raw: int) -> Slice:
    return Slice(raw)


def admit_rights_error(raw: int) -> int:
    return refusal(raw, RIGHTS)


def admit_rights_value(raw: int) -> Rights:
    return Rights(raw)


def admit_stream_error(raw: int) -> int:
    return refusal(raw, STREAMS)


def admit_stream_value(raw: int) -> Stream:
    return Stream(raw)


def admit_resource_error(raw: int) -> int:
    return refusal(raw, RESOURCES)


def admit_resource_value(raw: int) -> Resource:
    return Resource(raw)

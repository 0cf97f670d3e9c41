"""What turns a raw register into a name: the check behind each type of argument.

The gate calls these for every argument that is declared with a name type, before the call's
own code runs; so no call begins by checking that a number is in range. What else a call
checks is not known here. A negative number is, unsigned, greater than any count.
"""

from exokernel.abi.capability import Rights
from exokernel.abi.console import Stream
from exokernel.abi.errors import BadName
from exokernel.abi.names import (
    ENVIRONMENTS,
    GENERATIONS,
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
from exokernel.dialect import admits, inline, syscall, unsigned_less
from exokernel.kernel.state import machine_state

STREAMS = 3
RESOURCES = 3
RIGHTS = 8  # sets of them


@inline
def caller() -> EnvironmentId:
    """Whose call this is."""
    return machine_state().current


@admits(Frame)
@inline
def admit_frame(raw: int) -> Frame:
    if not unsigned_less(raw, machine_state().frame_count):
        raise BadName(raw)
    return Frame(raw)


@admits(Page)
@inline
def admit_page(raw: int) -> Page:
    if not unsigned_less(raw, USER_PAGES):
        raise BadName(raw)
    return Page(raw)


@admits(Index)
@inline
def admit_index(raw: int) -> Index:
    if not unsigned_less(raw, TABLE_ENTRIES):
        raise BadName(raw)
    return Index(raw)


@admits(Slot)
@inline
def admit_slot(raw: int) -> Slot:
    if not unsigned_less(raw, SLOTS):
        raise BadName(raw)
    return Slot(raw)


@admits(EnvironmentId)
@inline
def admit_environment(raw: int) -> EnvironmentId:
    if not unsigned_less(raw, ENVIRONMENTS):
        raise BadName(raw)
    return EnvironmentId(raw)


@admits(Generation)
@inline
def admit_generation(raw: int) -> Generation:
    if not unsigned_less(raw, GENERATIONS):
        raise BadName(raw)
    return Generation(raw)


@admits(Slice)
@inline
def admit_slice(raw: int) -> Slice:
    if not unsigned_less(raw, SLICES):
        raise BadName(raw)
    return Slice(raw)


@admits(Rights)
@inline
def admit_rights(raw: int) -> Rights:
    if not unsigned_less(raw, RIGHTS):
        raise BadName(raw)
    return Rights(raw)


@admits(Stream)
@inline
def admit_stream(raw: int) -> Stream:
    if not unsigned_less(raw, STREAMS):
        raise BadName(raw)
    return Stream(raw)


@admits(Resource)
@inline
def admit_resource(raw: int) -> Resource:
    if not unsigned_less(raw, RESOURCES):
        raise BadName(raw)
    return Resource(raw)


@syscall
def null(caller: EnvironmentId) -> None:
    """Do nothing."""

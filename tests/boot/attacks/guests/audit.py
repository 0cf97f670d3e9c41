"""Does all that is owned add up? Read off the kernel's public tables, as anybody may.

Nothing is changed, and what page tables say is not looked at.
"""

from typing import NamedTuple

from exokernel.abi.names import ENVIRONMENTS, NOBODY, SLICES, SLOTS
from exokernel.abi.tables import FrameKind, Phase
from exokernel.dialect import Array, array
from exokernel.libos import kernel

owned: Array[int] = array(ENVIRONMENTS)


class Quotas(NamedTuple):
    frames: int
    slices: int
    names: int


def total_quotas() -> Quotas:
    """What all environments together may own: never more nor less than at boot."""
    frames, slices, names = 0, 0, 0
    for number in range(ENVIRONMENTS):
        state = kernel.environments[number]
        frames, slices, names = frames + state.quota, slices + state.slice_quota, names + state.name_quota
    return Quotas(frames, slices, names)


def adds_up() -> bool:
    return frames_add_up() and slices_add_up() and mappings_add_up()


def frames_add_up() -> bool:
    """Whether every frame in use is somebody's, and everybody has as many as counted, and not more than allowed."""
    for number in range(ENVIRONMENTS):
        owned[number] = 0
    for number in range(kernel.machine().frame_count):
        frame = kernel.frames[number]
        if frame.kind != FrameKind.FREE and frame.kind != FrameKind.RESERVED:
            owned[frame.owner] += 1
    for number in range(1, ENVIRONMENTS):
        state = kernel.environments[number]
        if owned[number] != state.frames or state.frames > state.quota:
            return False
        if state.phase == Phase.FREE and (state.frames != 0 or state.name_quota != 0):
            return False
    return owned[NOBODY] == 0


def slices_add_up() -> bool:
    for number in range(ENVIRONMENTS):
        owned[number] = 0
    for position in range(SLICES):
        owned[kernel.slices[position].owner] += 1
    for number in range(1, ENVIRONMENTS):
        state = kernel.environments[number]
        if owned[number] != state.slices or state.slices > state.slice_quota:
            return False
    return True


def mappings_add_up() -> bool:
    """Whether the entries made under an environment's capabilities are as many as its list says, of held ones only."""
    for number in range(1, ENVIRONMENTS):
        total = 0
        for slot in range(SLOTS):
            held = kernel.capabilities[number * SLOTS + slot]
            if held.mappings != 0 and not held.capability.valid:
                return False
            total += held.mappings
        if total != kernel.environments[number].mappings:
            return False
    return True

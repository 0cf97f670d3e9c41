"""The kernel's tables: all its state but for a few private words.

They lie where every environment can read them, through another mapping of the same frames,
so a question costs no call. Nothing happens here: each table is written by the module that
is named like it, and what its fields mean stands in `abi.tables`.
"""

from exokernel.abi.layout import (
    CAPABILITIES_OFFSET,
    ENVIRONMENTS_OFFSET,
    FRAMES_OFFSET,
    MACHINE_OFFSET,
    PUBLIC,
    SLICES_OFFSET,
)
from exokernel.abi.names import ENVIRONMENTS, FRAMES, SLICES, SLOTS
from exokernel.abi.tables import CapabilityState, EnvironmentState, FrameState, MachineState, SliceState
from exokernel.dialect import Array, inline
from exokernel.dialect.unsafe import placed

frames: Array[FrameState] = placed(PUBLIC + FRAMES_OFFSET, FRAMES)
environments: Array[EnvironmentState] = placed(PUBLIC + ENVIRONMENTS_OFFSET, ENVIRONMENTS)
capabilities: Array[CapabilityState] = placed(PUBLIC + CAPABILITIES_OFFSET, ENVIRONMENTS * SLOTS)
slices: Array[SliceState] = placed(PUBLIC + SLICES_OFFSET, SLICES)
machines: Array[MachineState] = placed(PUBLIC + MACHINE_OFFSET, 1)


@inline
def machine_state() -> MachineState:
    """What belongs to no table."""
    return machines[0]

"""Physical memory: which environment owns each frame, and what opens it.

The kernel keeps one `FrameState` per frame and no policy at all: whoever wants a frame finds a
free one in the table, which everybody can read, and asks for it by name. `own` and `release`
are the only functions that move a frame between the free and the owned, so what environments
own always adds up. What frames are used for is not decided here.
"""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import InUse, NotPermitted, QuotaExceeded, WrongKind
from exokernel.abi.names import EnvironmentId, Frame, Slot
from exokernel.abi.tables import FrameKind, FrameState, Phase
from exokernel.dialect import inline, syscall
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import key_in, require, require_unless_dead
from exokernel.kernel.state import environments, frames

# Guards


@inline
def require_free(frame: Frame) -> None:
    """Raises InUse unless the frame is free."""
    if frames[frame].kind != FrameKind.FREE:
        raise InUse(frame)


@inline
def require_data(frame: Frame) -> None:
    """Raises WrongKind unless the frame holds data: no table, and nothing of the kernel's."""
    if frames[frame].kind != FrameKind.DATA:
        raise WrongKind(frame)


@inline
def require_quota(payer: EnvironmentId) -> None:
    """Raises QuotaExceeded unless the payer may own one frame more."""
    if environments[payer].frames >= environments[payer].quota:
        raise QuotaExceeded(payer)


# Effects


@inline
def own(frame: Frame, owner: EnvironmentId, guard: Capability, kind: FrameKind, uses: int, region: int) -> None:
    """Make a free frame somebody's. What was in it is the caller's to clear."""
    frames[frame] = FrameState(guard=guard, uses=uses, region=region, owner=owner, kind=kind)
    environments[owner].frames += 1


@inline
def release(frame: Frame) -> None:
    """Make somebody's frame free. Nothing may use it any more."""
    environments[frames[frame].owner].frames -= 1
    frames[frame] = FrameState(kind=FrameKind.FREE)


# Calls


@syscall
def frame_alloc(caller: EnvironmentId, frame: Frame, guard: Slot) -> None:
    """Own a free frame; it is zeroed, so no byte crosses from its last owner."""
    capability = key_in(caller, guard)
    require_free(frame)
    require_quota(caller)

    machine.clear(frame)
    own(frame, caller, capability, FrameKind.DATA, uses=0, region=0)


@syscall
def frame_copy(caller: EnvironmentId, frame: Frame, guard: Slot, source: Frame, key: Slot) -> None:
    """Own a free frame that holds what another holds."""
    capability = key_in(caller, guard)
    authority = key_in(caller, key)
    require_free(frame)
    require_quota(caller)
    require_data(source)
    if not authority.grants(Rights.READ, frames[source].guard):
        raise NotPermitted(key)

    machine.copy(frame, source)
    own(frame, caller, capability, FrameKind.DATA, uses=0, region=0)


@syscall
def frame_free(caller: EnvironmentId, frame: Frame, key: Slot) -> None:
    """Give back a frame."""
    require_data(frame)
    require_unless_dead(frames[frame].owner, caller, key, Rights.GRANT, frames[frame].guard)
    if frames[frame].uses != 0:
        raise InUse(frame)

    release(frame)


@syscall
def frame_guard(caller: EnvironmentId, frame: Frame, key: Slot, guard: Slot) -> None:
    """Change what opens a frame. No entry was made by what opened it before."""
    require_data(frame)
    authority = key_in(caller, key)
    capability = key_in(caller, guard)
    if not authority.grants(Rights.GRANT, frames[frame].guard):
        raise NotPermitted(key)
    if frames[frame].uses != 0:
        raise InUse(frame)

    frames[frame].guard = capability


@syscall
def frame_adopt(caller: EnvironmentId, frame: Frame, key: Slot) -> None:
    """Pay for what a dead environment paid for."""
    require_data(frame)
    owner = frames[frame].owner
    if environments[owner].phase != Phase.DEAD or environments[owner].page == frame:
        raise WrongKind(frame)
    require(caller, key, Rights.GRANT, frames[frame].guard)
    require_quota(caller)

    environments[owner].frames -= 1
    environments[caller].frames += 1
    frames[frame].owner = caller

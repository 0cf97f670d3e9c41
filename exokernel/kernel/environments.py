"""Environments: what holds capabilities, owns frames and slices, and runs.

An environment is made as an embryo that its maker fills, lives, and dies; what a dead one owned
waits to be reaped, item by item, by anyone, and then the name is free again. Whatever is scarce,
names included, has quotas: they are moved from one environment to another and never made. The
kernel keeps no registers and knows no kinship: what a library makes of environments is not known
here. [SOSP95 §5, environments]
"""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import InUse, QuotaExceeded, WrongKind
from exokernel.abi.names import GENERATIONS, NOBODY, EnvironmentId, Frame, Generation, Page, Slot
from exokernel.abi.tables import EnvironmentState, FrameKind, Phase, Reason, Resource
from exokernel.dialect import inline, syscall
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import empty_list, key_in, require
from exokernel.kernel.frames import own, release, require_free
from exokernel.kernel.processor import die, end
from exokernel.kernel.state import environments, frames

# Guards


@inline
def require_name(environment: EnvironmentId) -> None:
    """Raises InUse unless the name is free to take."""
    if environments[environment].phase != Phase.FREE or environment == NOBODY:
        raise InUse(environment)


@inline
def unused_quota(environment: EnvironmentId, resource: Resource) -> int:
    """How much more of a resource an environment may come to have. Its own name it has."""
    state = environments[environment]
    match resource:
        case Resource.FRAMES:
            return state.quota - state.frames
        case Resource.SLICES:
            return state.slice_quota - state.slices
        case _:
            return state.name_quota - 1


@inline
def require_unused_quota(payer: EnvironmentId, resource: Resource, least: int, amount: int) -> None:
    """Raises QuotaExceeded unless the amount is at least `least`, and no more than the payer has unused."""
    if not least <= amount <= unused_quota(payer, resource):
        raise QuotaExceeded(payer)


@inline
def require_endowment(payer: EnvironmentId, least: int, quota: int) -> None:
    """Raises QuotaExceeded unless the payer can give a new environment its quota of frames, and a name."""
    require_unused_quota(payer, Resource.FRAMES, least, quota)
    require_unused_quota(payer, Resource.NAMES, 1, 1)


@inline
def require_before_death(environment: EnvironmentId) -> None:
    """Raises WrongKind unless the environment lives or is an embryo."""
    phase = environments[environment].phase
    if phase != Phase.LIVE and phase != Phase.EMBRYO:
        raise WrongKind(environment)


# Effects


def conceive(
    environment: EnvironmentId, root: Frame, page: Frame, at: Page, guard: Capability, quota: int
) -> None:
    """Give a free name an embryo, which owns nothing yet."""
    generation = Generation((environments[environment].generation + 1) % GENERATIONS)
    environments[environment] = EnvironmentState(
        guard=guard,
        at=at,
        root=root,
        page=page,
        quota=quota,
        generation=generation,
        name_quota=1,
        phase=Phase.EMBRYO,
    )
    machine.forget_registers(environment)


def make_root(environment: EnvironmentId, root: Frame, guard: Capability) -> None:
    """Make an address space in which only the kernel's half is mapped."""
    machine.clear(root)
    machine.share_kernel_half(root)
    own(root, environment, guard, FrameKind.TABLE_4, uses=1, region=0)


def make_page(environment: EnvironmentId, page: Frame, guard: Capability) -> None:
    """Make an environment page that says nothing."""
    machine.clear(page)
    own(page, environment, guard, FrameKind.DATA, uses=1, region=0)


# Calls


@syscall
def environment_create(
    caller: EnvironmentId,
    environment: EnvironmentId,
    root: Frame,
    page: Frame,
    at: Page,
    guard: Slot,
    quota: int,
) -> None:
    """Make an embryo in an address space of its own."""
    capability = key_in(caller, guard)
    require_name(environment)
    require_free(root)
    require_free(page)
    if root == page:
        raise InUse(page)
    require_endowment(caller, 2, quota)

    environments[caller].quota -= quota
    environments[caller].name_quota -= 1
    conceive(environment, root, page, at, capability, quota)
    make_root(environment, root, capability)
    make_page(environment, page, capability)


@syscall
def environment_clone(
    caller: EnvironmentId, environment: EnvironmentId, page: Frame, at: Page, guard: Slot, quota: int
) -> None:
    """Make an embryo in the caller's address space."""
    capability = key_in(caller, guard)
    require_name(environment)
    require_free(page)
    require_endowment(caller, 1, quota)

    root = environments[caller].root
    environments[caller].quota -= quota
    environments[caller].name_quota -= 1
    conceive(environment, root, page, at, capability, quota)
    make_page(environment, page, capability)
    frames[root].uses += 1


@syscall
def environment_start(caller: EnvironmentId, environment: EnvironmentId, key: Slot) -> None:
    """Let an embryo live."""
    if environments[environment].phase != Phase.EMBRYO:
        raise WrongKind(environment)
    require(caller, key, Rights.WRITE, environments[environment].guard)

    environments[environment].phase = Phase.LIVE


@syscall
def environment_destroy(caller: EnvironmentId, environment: EnvironmentId, key: Slot) -> None:
    """End an environment, by authority over it or by its own wish."""
    require_before_death(environment)
    if environment != caller:
        require(caller, key, Rights.GRANT, environments[environment].guard)

    if environment == caller:
        die(Reason.ASKED, 0)
    else:
        end(environment, Reason.ASKED, 0)


@syscall
def environment_free(caller: EnvironmentId, environment: EnvironmentId) -> None:
    """Free a name that nothing is left of. A cloned one leaves its root to those who share it."""
    state = environments[environment]
    if state.phase != Phase.DEAD:
        raise WrongKind(environment)
    root, page = state.root, state.page
    owns_root = frames[root].owner == environment
    if state.frames != (2 if owns_root else 1) or state.slices != 0 or state.mappings != 0:
        raise InUse(environment)
    if frames[page].uses != 1 or (owns_root and (frames[root].uses != 1 or frames[root].entries != 0)):
        raise InUse(environment)

    environments[caller].quota += state.quota
    environments[caller].slice_quota += state.slice_quota
    environments[caller].name_quota += state.name_quota
    frames[root].uses -= 1
    if owns_root:
        release(root)
    release(page)
    empty_list(environment)
    environments[environment] = EnvironmentState(generation=state.generation)


@syscall
def environment_quota(
    caller: EnvironmentId, environment: EnvironmentId, key: Slot, resource: Resource, amount: int
) -> None:
    """Hand quota on."""
    require_before_death(environment)
    require(caller, key, Rights.WRITE, environments[environment].guard)
    require_unused_quota(caller, resource, 0, amount)

    giver, receiver = environments[caller], environments[environment]
    match resource:
        case Resource.FRAMES:
            giver.quota -= amount
            receiver.quota += amount
        case Resource.SLICES:
            giver.slice_quota -= amount
            receiver.slice_quota += amount
        case _:
            giver.name_quota -= amount
            receiver.name_quota += amount

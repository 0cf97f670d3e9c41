"""The specification of the calls on environments."""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import InUse, NoCapability, QuotaExceeded, WrongKind
from exokernel.abi.layout import FIRST_KERNEL_SLOT, SELF_SLOT
from exokernel.abi.names import FIRST, GENERATIONS, NOBODY, EnvironmentId, Frame, Generation, Index, Page, Slot
from exokernel.abi.tables import FrameKind, Phase, Reason, Resource
from exokernel.abi.x86_64 import Entry
from exokernel.kernel.arch.x86_64.paging import kernel_root
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.state import environments, frames
from exokernel.spec.frames import FREE, is_free
from exokernel.spec.rows import (
    ALLOWED,
    NEVER,
    AccountRow,
    ConductRow,
    FrameRow,
    IdentityRow,
    SlotRow,
    account_row,
    conduct_row,
    entitled,
    frame_row,
    held,
    identity_row,
    key_error,
    slot_row,
    using,
    word_row,
)

INNOCENT = ConductRow(NOBODY, Generation(0), Slot(0), 0, Reason.NONE, 0)


def is_free_name(environment: EnvironmentId) -> bool:
    return environment != NOBODY and environments[environment].phase == Phase.FREE


def can_end(environment: EnvironmentId) -> bool:
    """Whether it lives, or will."""
    return environments[environment].phase == Phase.LIVE or environments[environment].phase == Phase.EMBRYO


def unused_quota(environment: EnvironmentId, resource: Resource) -> int:
    state = environments[environment]
    match resource:
        case Resource.FRAMES:
            return state.quota - state.frames
        case Resource.SLICES:
            return state.slice_quota - state.slices
        case _:
            return state.name_quota - 1


def can_endow(payer: EnvironmentId, least: int, quota: int) -> bool:
    """Whether a payer has so many frames, and a name, for a new environment."""
    return least <= quota <= unused_quota(payer, Resource.FRAMES) and unused_quota(payer, Resource.NAMES) > 0


def embryo_row(environment: EnvironmentId, root: Frame, page: Frame, at: Page, guard: Capability) -> IdentityRow:
    """The identity of a name that gets a new bearer."""
    generation = Generation((environments[environment].generation + 1) % GENERATIONS)
    return IdentityRow(Phase.EMBRYO, guard, at, root, page, generation)


def in_phase(before: IdentityRow, phase: Phase) -> IdentityRow:
    return IdentityRow(phase, before.guard, before.at, before.root, before.page, before.generation)


def paying_for(
    payer: EnvironmentId, environment: EnvironmentId, owned: int, quota: int, any_environment: EnvironmentId
) -> AccountRow:
    """Any account, after a payer has endowed a new environment that owns its first frames."""
    before = account_row(any_environment)
    if any_environment == environment:
        return AccountRow(owned, quota, 0, 0, 1, 0)
    return entitled(before, -quota, 0, -1) if any_environment == payer else before


def kernel_half_of(root: Frame, index: Index) -> Entry:
    """What the upper half of a root holds: what the kernel's own does, and a read-only map of itself."""
    if index == SELF_SLOT:
        return Entry(present=True, user=True, no_execute=True, frame=root)
    return kernel_root[index]


# environment_create


def environment_create_error(
    caller: EnvironmentId, environment: EnvironmentId, root: Frame, page: Frame, guard: Slot, quota: int
) -> int:
    if not held(caller, guard).valid:
        return NoCapability.number
    if not is_free_name(environment) or not is_free(root) or not is_free(page) or root == page:
        return InUse.number
    return ALLOWED if can_endow(caller, 2, quota) else QuotaExceeded.number


def environment_create_identity(
    caller: EnvironmentId,
    environment: EnvironmentId,
    root: Frame,
    page: Frame,
    at: Page,
    guard: Slot,
    any_environment: EnvironmentId,
) -> IdentityRow:
    if any_environment != environment:
        return identity_row(any_environment)
    return embryo_row(environment, root, page, at, held(caller, guard))


def environment_create_account(
    caller: EnvironmentId, environment: EnvironmentId, quota: int, any_environment: EnvironmentId
) -> AccountRow:
    return paying_for(caller, environment, 2, quota, any_environment)


def environment_create_conduct(environment: EnvironmentId, any_environment: EnvironmentId) -> ConductRow:
    return INNOCENT if any_environment == environment else conduct_row(any_environment)


def environment_create_frame(
    caller: EnvironmentId, environment: EnvironmentId, root: Frame, page: Frame, guard: Slot, any_frame: Frame
) -> FrameRow:
    if any_frame == root:
        return FrameRow(FrameKind.TABLE_4, environment, held(caller, guard), 1, 0, 0)
    if any_frame == page:
        return FrameRow(FrameKind.DATA, environment, held(caller, guard), 1, 0, 0)
    return frame_row(any_frame)


def environment_create_word(root: Frame, page: Frame, any_frame: Frame, any_index: Index) -> Entry:
    """Of the root, its kernel's half is as in every other root but for the map of itself."""
    if any_frame == page or (any_frame == root and any_index < FIRST_KERNEL_SLOT):
        return Entry()
    return kernel_half_of(root, any_index) if any_frame == root else word_row(any_frame, any_index)


# environment_clone


def environment_clone_error(
    caller: EnvironmentId, environment: EnvironmentId, page: Frame, guard: Slot, quota: int
) -> int:
    if not held(caller, guard).valid:
        return NoCapability.number
    if not is_free_name(environment) or not is_free(page):
        return InUse.number
    return ALLOWED if can_endow(caller, 1, quota) else QuotaExceeded.number


def environment_clone_identity(
    caller: EnvironmentId,
    environment: EnvironmentId,
    page: Frame,
    at: Page,
    guard: Slot,
    any_environment: EnvironmentId,
) -> IdentityRow:
    if any_environment != environment:
        return identity_row(any_environment)
    return embryo_row(environment, environments[caller].root, page, at, held(caller, guard))


def environment_clone_account(
    caller: EnvironmentId, environment: EnvironmentId, quota: int, any_environment: EnvironmentId
) -> AccountRow:
    return paying_for(caller, environment, 1, quota, any_environment)


def environment_clone_conduct(environment: EnvironmentId, any_environment: EnvironmentId) -> ConductRow:
    return INNOCENT if any_environment == environment else conduct_row(any_environment)


def environment_clone_frame(
    caller: EnvironmentId, environment: EnvironmentId, page: Frame, guard: Slot, any_frame: Frame
) -> FrameRow:
    if any_frame == page:
        return FrameRow(FrameKind.DATA, environment, held(caller, guard), 1, 0, 0)
    before = frame_row(any_frame)
    return using(before, 1) if any_frame == environments[caller].root else before


def environment_clone_word(page: Frame, any_frame: Frame, any_index: Index) -> Entry:
    return Entry() if any_frame == page else word_row(any_frame, any_index)


# environment_start


def environment_start_error(caller: EnvironmentId, environment: EnvironmentId, key: Slot) -> int:
    if environments[environment].phase != Phase.EMBRYO:
        return WrongKind.number
    return key_error(caller, key, Rights.WRITE, environments[environment].guard)


def environment_start_identity(environment: EnvironmentId, any_environment: EnvironmentId) -> IdentityRow:
    before = identity_row(any_environment)
    return in_phase(before, Phase.LIVE) if any_environment == environment else before


# environment_destroy; who runs after one that ends itself is said in `slices`


def environment_destroy_error(caller: EnvironmentId, environment: EnvironmentId, key: Slot) -> int:
    if not can_end(environment):
        return WrongKind.number
    if environment == caller:
        return ALLOWED
    return key_error(caller, key, Rights.GRANT, environments[environment].guard)


def environment_destroy_ends(caller: EnvironmentId, environment: EnvironmentId, key: Slot) -> int:
    """The machine ends with the environment it was booted for."""
    is_last = environment == FIRST and environment_destroy_error(caller, environment, key) == ALLOWED
    return ORDERLY if is_last else NEVER


def environment_destroy_identity(environment: EnvironmentId, any_environment: EnvironmentId) -> IdentityRow:
    before = identity_row(any_environment)
    return in_phase(before, Phase.DEAD) if any_environment == environment else before


def environment_destroy_conduct(environment: EnvironmentId, any_environment: EnvironmentId) -> ConductRow:
    before = conduct_row(any_environment)
    if any_environment != environment:
        return before
    return ConductRow(NOBODY, before.donor_generation, before.accepting, before.excess, Reason.ASKED, 0)


# environment_free


def owns_its_root(environment: EnvironmentId) -> bool:
    return frames[environments[environment].root].owner == environment


def environment_free_error(environment: EnvironmentId) -> int:
    state = environments[environment]
    if state.phase != Phase.DEAD:
        return WrongKind.number
    root = frame_row(state.root)
    root_is_in_use = owns_its_root(environment) and (root.uses != 1 or root.entries != 0)
    owns_more = state.frames != (2 if owns_its_root(environment) else 1) or state.slices != 0
    is_in_use = root_is_in_use or frames[state.page].uses != 1 or state.mappings != 0
    return InUse.number if owns_more or is_in_use else ALLOWED


def environment_free_identity(environment: EnvironmentId, any_environment: EnvironmentId) -> IdentityRow:
    before = identity_row(any_environment)
    if any_environment != environment:
        return before
    return IdentityRow(Phase.FREE, Capability(), Page(0), Frame(0), Frame(0), before.generation)


def environment_free_account(
    caller: EnvironmentId, environment: EnvironmentId, any_environment: EnvironmentId
) -> AccountRow:
    if any_environment == environment:
        return AccountRow(0, 0, 0, 0, 0, 0)
    before, left = account_row(any_environment), account_row(environment)
    heir = any_environment == caller
    return entitled(before, left.quota, left.slice_quota, left.name_quota) if heir else before


def environment_free_conduct(environment: EnvironmentId, any_environment: EnvironmentId) -> ConductRow:
    return INNOCENT if any_environment == environment else conduct_row(any_environment)


def environment_free_slot(environment: EnvironmentId, any_holder: EnvironmentId, any_slot: Slot) -> SlotRow:
    return SlotRow(Capability(), 0) if any_holder == environment else slot_row(any_holder, any_slot)


def environment_free_frame(environment: EnvironmentId, any_frame: Frame) -> FrameRow:
    state = environments[environment]
    if any_frame == state.page or (any_frame == state.root and owns_its_root(environment)):
        return FREE
    before = frame_row(any_frame)
    return using(before, -1) if any_frame == state.root else before


# environment_quota


def environment_quota_error(
    caller: EnvironmentId, environment: EnvironmentId, key: Slot, resource: Resource, amount: int
) -> int:
    if not can_end(environment):
        return WrongKind.number
    error = key_error(caller, key, Rights.WRITE, environments[environment].guard)
    if error != ALLOWED:
        return error
    return ALLOWED if 0 <= amount <= unused_quota(caller, resource) else QuotaExceeded.number


def environment_quota_account(
    caller: EnvironmentId,
    environment: EnvironmentId,
    resource: Resource,
    amount: int,
    any_environment: EnvironmentId,
) -> AccountRow:
    before = account_row(any_environment)
    if caller == environment or (any_environment != caller and any_environment != environment):
        return before
    more = amount if any_environment == environment else -amount
    match resource:
        case Resource.FRAMES:
            return entitled(before, more, 0, 0)
        case Resource.SLICES:
            return entitled(before, 0, more, 0)
        case _:
            return entitled(before, 0, 0, more)

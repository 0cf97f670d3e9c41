"""The specification of the calls on capabilities."""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import BadSeal, InUse, NoCapability, NotAccepting, NotPermitted, WrongKind
from exokernel.abi.names import NOBODY, EnvironmentId, Generation, Slot
from exokernel.abi.tables import Phase
from exokernel.kernel.capabilities import secret
from exokernel.kernel.siphash import siphash
from exokernel.kernel.state import environments
from exokernel.spec.rows import ALLOWED, ConductRow, SlotRow, conduct_row, held, slot_of, slot_row


def is_awaited(holder: EnvironmentId, slot: Slot) -> bool:
    """Whether a slot is open for a grant."""
    return environments[holder].donor != NOBODY and environments[holder].accepting == slot


def put(
    target: EnvironmentId, place: Slot, capability: Capability, holder: EnvironmentId, slot: Slot
) -> SlotRow:
    """Any slot, after a capability has been put into one."""
    before = slot_row(holder, slot)
    return SlotRow(capability, before.mappings) if holder == target and slot == place else before


def accepting(
    who: EnvironmentId, donor: EnvironmentId, generation: Generation, place: Slot, environment: EnvironmentId
) -> ConductRow:
    """Any environment's conduct, after one has opened or closed a slot."""
    before = conduct_row(environment)
    if environment != who:
        return before
    return ConductRow(donor, generation, place, before.excess, before.reason, before.vector)


# capability_forge


def capability_forge_error(caller: EnvironmentId, key: Slot, slot: Slot, capability: Capability) -> int:
    if not held(caller, key).valid:
        return NoCapability.number
    if held(caller, slot).valid or is_awaited(caller, slot):
        return InUse.number
    authority = held(caller, key)
    within = capability.well_formed and authority.dominates(capability) and capability.rights in authority.rights
    return ALLOWED if within and Rights.GRANT in authority.rights else NotPermitted.number


def capability_forge_slot(
    caller: EnvironmentId, slot: Slot, capability: Capability, any_holder: EnvironmentId, any_slot: Slot
) -> SlotRow:
    return put(caller, slot, capability, any_holder, any_slot)


# capability_drop


def capability_drop_error(caller: EnvironmentId, slot: Slot) -> int:
    if not held(caller, slot).valid:
        return NoCapability.number
    return InUse.number if slot_of(caller, slot).mappings > 0 else ALLOWED


def capability_drop_slot(
    caller: EnvironmentId, slot: Slot, any_holder: EnvironmentId, any_slot: Slot
) -> SlotRow:
    return put(caller, slot, Capability(), any_holder, any_slot)


# capability_accept


def capability_accept_error(caller: EnvironmentId, slot: Slot) -> int:
    return InUse.number if held(caller, slot).valid else ALLOWED


def capability_accept_conduct(
    caller: EnvironmentId, slot: Slot, donor: EnvironmentId, generation: Generation, any_environment: EnvironmentId
) -> ConductRow:
    return accepting(caller, donor, generation, slot, any_environment)


# capability_grant


def mean_each_other(receiver: EnvironmentId, generation: Generation, donor: EnvironmentId) -> bool:
    """Whether a receiver is whom the donor means, and has opened a slot for this bearer of the donor's name."""
    state = environments[receiver]
    expects = state.donor == donor and state.donor_generation == environments[donor].generation
    return expects and state.generation == generation


def capability_grant_error(
    caller: EnvironmentId, key: Slot, receiver: EnvironmentId, generation: Generation, rights: Rights
) -> int:
    authority = held(caller, key)
    if not authority.valid:
        return NoCapability.number
    if Rights.GRANT not in authority.rights or rights not in authority.rights:
        return NotPermitted.number
    return ALLOWED if mean_each_other(receiver, generation, caller) else NotAccepting.number


def capability_grant_slot(
    caller: EnvironmentId,
    key: Slot,
    receiver: EnvironmentId,
    rights: Rights,
    any_holder: EnvironmentId,
    any_slot: Slot,
) -> SlotRow:
    copy = held(caller, key).replace(rights=rights)
    return put(receiver, environments[receiver].accepting, copy, any_holder, any_slot)


def capability_grant_conduct(receiver: EnvironmentId, any_environment: EnvironmentId) -> ConductRow:
    state = environments[receiver]
    return accepting(receiver, NOBODY, state.donor_generation, state.accepting, any_environment)


# capability_install


def capability_install_error(
    caller: EnvironmentId, environment: EnvironmentId, authority: Slot, key: Slot, slot: Slot
) -> int:
    if not held(caller, authority).valid or not held(caller, key).valid:
        return NoCapability.number
    if environments[environment].phase != Phase.EMBRYO:
        return WrongKind.number
    if not held(caller, authority).grants(Rights.GRANT, environments[environment].guard):
        return NotPermitted.number
    if Rights.GRANT not in held(caller, key).rights:
        return NotPermitted.number
    return InUse.number if held(environment, slot).valid else ALLOWED


def capability_install_slot(
    caller: EnvironmentId,
    environment: EnvironmentId,
    key: Slot,
    slot: Slot,
    any_holder: EnvironmentId,
    any_slot: Slot,
) -> SlotRow:
    return put(environment, slot, held(caller, key), any_holder, any_slot)


# capability_seal


def capability_seal_error(caller: EnvironmentId, key: Slot) -> int:
    if not held(caller, key).valid:
        return NoCapability.number
    return ALLOWED if Rights.GRANT in held(caller, key).rights else NotPermitted.number


def capability_seal_value(caller: EnvironmentId, key: Slot) -> int:
    return siphash(secret.low, secret.high, int(held(caller, key)))


# capability_unseal


def capability_unseal_error(caller: EnvironmentId, capability: Capability, seal: int, slot: Slot) -> int:
    if held(caller, slot).valid or is_awaited(caller, slot):
        return InUse.number
    sealed = capability.well_formed and siphash(secret.low, secret.high, int(capability)) == seal
    return ALLOWED if sealed else BadSeal.number


def capability_unseal_slot(
    caller: EnvironmentId, capability: Capability, slot: Slot, any_holder: EnvironmentId, any_slot: Slot
) -> SlotRow:
    return put(caller, slot, capability, any_holder, any_slot)

"""Each environment's list of capabilities, and how a capability travels.

A capability gets into a slot by one of five ways: forged from one that dominates it, granted
by a donor to a receiver who opened a slot for that donor, installed into an environment not
yet started, unsealed from a token, or put there at boot. What a capability opens is not known
here: each call that has something to protect asks `require`.
"""

from exokernel.abi.capability import Capability, Rights
from exokernel.abi.errors import BadSeal, InUse, NoCapability, NotAccepting, NotPermitted, WrongKind
from exokernel.abi.names import NOBODY, SLOTS, EnvironmentId, Generation, Slot
from exokernel.abi.tables import CapabilityState, Phase
from exokernel.dialect import Record, inline, syscall
from exokernel.kernel.siphash import siphash
from exokernel.kernel.state import capabilities, environments


class Secret(Record):
    """What seals are made with. Set once, at boot; never leaves the kernel."""

    low: int = 0
    high: int = 0


secret: Secret = Secret()


# Guards


@inline
def held(holder: EnvironmentId, slot: Slot) -> CapabilityState:
    """One slot of an environment's list."""
    return capabilities[holder * SLOTS + slot]


@inline
def key_in(holder: EnvironmentId, slot: Slot) -> Capability:
    """Take the capability out of a slot. Raises NoCapability."""
    capability = held(holder, slot).capability
    if not capability.valid:
        raise NoCapability(slot)
    return capability


@inline
def require(holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability) -> None:
    """Require that `key` grants `wanted` over what `guard` guards.

    Raises:
        NoCapability: `key` is empty.
        NotPermitted: it does not.
    """
    if not key_in(holder, key).grants(wanted, guard):
        raise NotPermitted(key)


@inline
def require_unless_dead(
    owner: EnvironmentId, holder: EnvironmentId, key: Slot, wanted: Rights, guard: Capability
) -> None:
    """Do as `require` while the owner lives; what the dead leave, anyone may reap."""
    if environments[owner].phase != Phase.DEAD:
        require(holder, key, wanted, guard)


@inline
def require_empty(holder: EnvironmentId, slot: Slot) -> None:
    """Require that no capability is in a slot, or expected there. Raises InUse."""
    state = environments[holder]
    if held(holder, slot).capability.valid or (state.donor != NOBODY and state.accepting == slot):
        raise InUse(slot)


@inline
def require_accepting(receiver: EnvironmentId, generation: Generation, donor: EnvironmentId) -> None:
    """Raises NotAccepting unless both sides mean each other, and neither somebody who bore the other's name before."""
    state = environments[receiver]
    if state.generation != generation or state.donor != donor:
        raise NotAccepting(receiver)
    if state.donor_generation != environments[donor].generation:
        raise NotAccepting(receiver)


def seal_of(capability: Capability) -> int:
    """What only the kernel can compute."""
    return siphash(secret.low, secret.high, int(capability))


# Effects


def empty_list(holder: EnvironmentId) -> None:
    """Empty all slots of an environment whose name becomes free. No entries remain under them."""
    for number in range(SLOTS):
        held(holder, Slot(number)).capability = Capability()


# Calls


@syscall
def capability_forge(caller: EnvironmentId, key: Slot, slot: Slot, capability: Capability) -> None:
    """Make a capability that is no more than one the caller holds."""
    authority = key_in(caller, key)
    require_empty(caller, slot)
    if not capability.well_formed or not authority.grants(capability.rights | Rights.GRANT, capability):
        raise NotPermitted(key)

    held(caller, slot).capability = capability


@syscall
def capability_drop(caller: EnvironmentId, slot: Slot) -> None:
    """Empty a slot that no entry needs."""
    key_in(caller, slot)
    if held(caller, slot).mappings != 0:
        raise InUse(slot)

    held(caller, slot).capability = Capability()


@syscall
def capability_accept(caller: EnvironmentId, slot: Slot, donor: EnvironmentId, generation: Generation) -> None:
    """The receiver's half of a grant."""
    if held(caller, slot).capability.valid:
        raise InUse(slot)

    environments[caller].donor = donor
    environments[caller].donor_generation = generation
    environments[caller].accepting = slot


@syscall
def capability_grant(
    caller: EnvironmentId, key: Slot, receiver: EnvironmentId, generation: Generation, rights: Rights
) -> None:
    """The donor's half of a grant. A dead receiver accepts from NOBODY, who never calls."""
    capability = key_in(caller, key)
    if (rights | Rights.GRANT) not in capability.rights:
        raise NotPermitted(key)
    require_accepting(receiver, generation, caller)

    held(receiver, environments[receiver].accepting).capability = capability.replace(rights=rights)
    environments[receiver].donor = NOBODY


@syscall
def capability_install(
    caller: EnvironmentId, environment: EnvironmentId, authority: Slot, key: Slot, slot: Slot
) -> None:
    """Fill the list of an environment before it can speak for itself."""
    right = key_in(caller, authority)
    capability = key_in(caller, key)
    if environments[environment].phase != Phase.EMBRYO:
        raise WrongKind(environment)
    if not right.grants(Rights.GRANT, environments[environment].guard):
        raise NotPermitted(authority)
    if Rights.GRANT not in capability.rights:
        raise NotPermitted(key)
    if held(environment, slot).capability.valid:
        raise InUse(slot)

    held(environment, slot).capability = capability


@syscall
def capability_seal(caller: EnvironmentId, key: Slot) -> int:
    """Make a token of a capability: the word and this number."""
    capability = key_in(caller, key)
    if Rights.GRANT not in capability.rights:
        raise NotPermitted(key)

    return seal_of(capability)


@syscall
def capability_unseal(caller: EnvironmentId, capability: Capability, seal: int, slot: Slot) -> None:
    """Make a capability of a token."""
    require_empty(caller, slot)
    if not capability.well_formed or seal_of(capability) != seal:
        raise BadSeal(slot)

    held(caller, slot).capability = capability

"""Capabilities: hierarchically named keys. [HotOS97; SOSP97 §3, capabilities]

The same word names what a key opens and what a guard asks for. How a capability travels
outside the kernel's lists (sealed, with a check field) is `kernel/capabilities.py`.
"""

from __future__ import annotations

from exokernel.dialect import Flags, Word, bit, bits


class Rights(Flags, bits=8):
    NONE = 0
    READ = 1
    WRITE = 2
    GRANT = 4  # may hand the capability on, and change or free what it guards
    ALL = 7


class Capability(Word, width=64):
    """A name of up to six bytes, none of them zero, and some rights.

    A shorter name dominates every longer name that begins with it, so the holder of `1.2`
    can open what `1.2.7` guards and can forge `1.2.8` for someone else. The name begins at
    the top of the word and `spare` says where it ends, so one comparison decides. The word 0
    is no capability at all.
    """

    spare: int = bits(0, 6)  # bits of the word below the name
    rights: Rights = bits(6, 3)
    reserved: int = bits(9, 6)  # zero
    sixth: int = bits(15, 8)
    fifth: int = bits(23, 8)
    fourth: int = bits(31, 8)
    third: int = bits(39, 8)
    second: int = bits(47, 8)
    first: int = bits(55, 8)
    valid: bool = bit(63)

    @property
    def well_formed(self) -> bool:
        """Whether the name has just the bytes that lie above `spare`."""
        spare = self.spare
        return (
            self.valid
            and self.reserved == 0
            and spare % 8 == 7
            and spare >= 15
            and (self.first != 0) == (spare < 63)
            and (self.second != 0) == (spare < 55)
            and (self.third != 0) == (spare < 47)
            and (self.fourth != 0) == (spare < 39)
            and (self.fifth != 0) == (spare < 31)
            and (self.sixth != 0) == (spare < 23)
        )

    def dominates(self, other: Capability) -> bool:
        """Whether this name is a prefix of the other's. Both are well formed, or the other is 0."""
        return (int(self) ^ int(other)) >> self.spare == 0

    def grants(self, wanted: Rights, guard: Capability) -> bool:
        """Whether the holder may do `wanted` to what `guard` guards."""
        return wanted in self.rights and self.dominates(guard)


def extended(capability: Capability, byte: int) -> Capability:
    """The name one byte longer. A name has at most six, and none is zero."""
    shorter = capability.spare - 8
    return Capability.of(int(capability.replace(spare=shorter)) | byte << shorter)


ROOT = Capability(rights=Rights.ALL, valid=True, spare=63)
CONSOLE_GUARD = extended(extended(ROOT, 0xFF), 0x01)
POWER_GUARD = extended(extended(ROOT, 0xFF), 0x02)
ARCHIVE_GUARD = extended(extended(ROOT, 0xFF), 0x03)  # of the boot archive's frames

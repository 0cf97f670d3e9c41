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
    """A name of up to six bytes, most significant byte first, and some rights.

    A shorter name dominates every longer name that begins with it, so the holder of `1.2`
    can open what `1.2.7` guards and can forge `1.2.8` for someone else. The word 0 is no
    capability at all.
    """

    rights: Rights = bits(0, 3)
    valid: bool = bit(7)
    length: int = bits(8, 3)  # bytes of `name` in use, 0 to 6
    name: int = bits(16, 48)

    @property
    def well_formed(self) -> bool:
        return self.valid and self.length <= 6 and self.name >> 8 * self.length == 0

    def dominates(self, other: Capability) -> bool:
        """Whether this name is a prefix of the other's."""
        deeper = other.length - self.length
        return deeper >= 0 and other.name >> 8 * deeper == self.name

    def grants(self, wanted: Rights, guard: Capability) -> bool:
        """Whether the holder may do `wanted` to what `guard` guards."""
        return wanted in self.rights and self.dominates(guard)


ROOT = Capability(rights=Rights.ALL, valid=True)
CONSOLE_GUARD = Capability(rights=Rights.ALL, valid=True, length=2, name=0xFF01)
POWER_GUARD = Capability(rights=Rights.ALL, valid=True, length=2, name=0xFF02)
ARCHIVE_GUARD = Capability(rights=Rights.ALL, valid=True, length=2, name=0xFF03)  # of the boot archive's frames

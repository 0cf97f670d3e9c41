"""The memory-management unit: page tables walked as the processor walks them.

Translations are kept, like the processor keeps them, until they are invalidated, so a
kernel that forgets to is found out. [SDM vol. 3A §4.5, §4.6, §4.10]
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from exokernel.abi.x86_64 import Entry, PageFaultError
from exokernel.model.physical import PhysicalMemory

PAGE = 4096  # bytes
ADDRESSES = 1 << 64
WRITE_PROTECT = 1 << 16  # of CR0
GLOBAL_PAGES = 1 << 7  # of CR4
SUPERVISOR_EXECUTION = 1 << 20  # of CR4
SUPERVISOR_ACCESS = 1 << 21  # of CR4


class Access(Enum):
    READ = 0
    WRITE = 1
    FETCH = 2


class PageFault(Exception):
    """The walk or the rights it found forbid an access."""

    def __init__(self, address: int, error: PageFaultError) -> None:
        super().__init__(f"{address:#x}: {error}")
        self.address, self.error = address, error


class NotCanonical(Exception):
    """Bits 63 to 47 of an address differ."""


class Translation(NamedTuple):
    """What the walk for one page came to: rights of all levels together."""

    base: int  # physical address of the page
    writable: bool
    user: bool
    no_execute: bool
    dirty: bool
    global_: bool


@dataclass
class Controls:
    """The registers that steer translation."""

    cr0: int = 0
    cr3: int = 0
    cr4: int = 0
    access_allowed: bool = False  # RFLAGS.AC in the kernel: suspends SMAP


class Translator:
    """Turns linear addresses into physical ones, or faults."""

    def __init__(self, memory: PhysicalMemory) -> None:
        self.memory = memory
        self.controls = Controls()
        self._kept: dict[int, Translation] = {}

    def forget_all(self) -> None:
        """Drop every translation, global ones too."""
        self._kept.clear()

    def forget_local(self) -> None:
        """Drop the translations that are not global, as a load of CR3 does."""
        if self.controls.cr4 & GLOBAL_PAGES:
            self._kept = {page: kept for page, kept in self._kept.items() if kept.global_}
        else:
            self._kept.clear()

    def forget(self, address: int) -> None:
        """Drop the translation of one page, as INVLPG does."""
        self._kept.pop(address % ADDRESSES // PAGE, None)

    def physical(self, address: int, access: Access, *, user: bool) -> int:
        """Translate one address.

        Raises:
            PageFault: the page is not there, or the access not allowed.
            NotCanonical: no page has such an address.
        """
        address %= ADDRESSES
        if (address >> 47) not in (0, 0x1FFFF):
            raise NotCanonical(hex(address))
        page = address // PAGE
        found = self._kept.get(page)
        if found is None or (access is Access.WRITE and not found.dirty):
            found = self._walk(address, access, user)
        if not self._allowed(found, access, user):
            self._kept.pop(page, None)  # a fault drops what led to it
            raise PageFault(address, self._error(access, user, present=True))
        self._kept[page] = found
        return found.base + address % PAGE

    def _walk(self, address: int, access: Access, user: bool) -> Translation:
        table = self.controls.cr3 & ~(PAGE - 1)
        writable, for_user, no_execute = True, True, False
        for level in (4, 3, 2, 1):
            shift = 12 + 9 * (level - 1)
            place = table + 8 * (address >> shift & 511)
            entry = Entry.of(self.memory.load(place, 8))
            if not entry.present:
                raise PageFault(address, self._error(access, user, present=False))
            writable &= entry.writable
            for_user &= entry.user
            no_execute |= entry.no_execute
            if level == 1 or (entry.large and level < 4):
                break
            self._mark(place, entry, dirty=False)
            table = entry.frame * PAGE
        offset = address & (1 << shift) - 1 & ~(PAGE - 1)
        found = Translation(
            entry.frame * PAGE + offset, writable, for_user, no_execute, entry.dirty, entry.global_
        )
        if not self._allowed(found, access, user):
            return found
        self._mark(place, entry, dirty=access is Access.WRITE)
        return found._replace(dirty=found.dirty or access is Access.WRITE)

    def _mark(self, place: int, entry: Entry, *, dirty: bool) -> None:
        marked = entry.replace(accessed=True, dirty=entry.dirty or dirty)
        if marked != entry:
            self.memory.store(place, 8, int(marked) % ADDRESSES)

    def _allowed(self, found: Translation, access: Access, user: bool) -> bool:
        controls = self.controls
        if access is Access.FETCH:
            if user:
                return found.user and not found.no_execute
            forbidden = found.user and controls.cr4 & SUPERVISOR_EXECUTION != 0
            return not found.no_execute and not forbidden
        if user:
            return found.user and (found.writable or access is Access.READ)
        if found.user and controls.cr4 & SUPERVISOR_ACCESS and not controls.access_allowed:
            return False
        return found.writable or access is Access.READ or not controls.cr0 & WRITE_PROTECT

    def _error(self, access: Access, user: bool, *, present: bool) -> PageFaultError:
        return PageFaultError(
            present=present,
            write=access is Access.WRITE,
            user=user,
            fetch=access is Access.FETCH,
        )

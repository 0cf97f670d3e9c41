"""Physical memory, shared by all the host processes of one machine, and what answers beside it."""

import mmap
from typing import Protocol

NOBODY_ANSWERS = 0xFF  # every byte, where there is neither memory nor a device


class Registers(Protocol):
    """A device's registers in physical memory, by offset from its first."""

    def load(self, offset: int, size: int) -> int: ...

    def store(self, offset: int, size: int, value: int) -> None: ...


class PhysicalMemory:
    """Bytes by physical address. Forked host processes see each other's stores."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._bytes = mmap.mmap(-1, size)  # anonymous and shared
        self._devices: list[tuple[int, int, Registers]] = []

    def attach(self, address: int, size: int, device: Registers) -> None:
        """Let a device answer instead of memory."""
        self._devices.append((address, size, device))

    def load(self, address: int, size: int) -> int:
        if address + size <= self.size:
            return int.from_bytes(self._bytes[address : address + size], "little")
        for base, length, device in self._devices:
            if base <= address < base + length:
                return device.load(address - base, size)
        return int.from_bytes(bytes([NOBODY_ANSWERS]) * size, "little")

    def store(self, address: int, size: int, value: int) -> None:
        if address + size <= self.size:
            self._bytes[address : address + size] = value.to_bytes(size, "little")
            return
        for base, length, device in self._devices:
            if base <= address < base + length:
                device.store(address - base, size, value)

    def read(self, address: int, size: int) -> bytes:
        if address + size <= self.size:
            return self._bytes[address : address + size]
        return self.load(address, size).to_bytes(size, "little")

    def write(self, address: int, data: bytes) -> None:
        if address + len(data) <= self.size:
            self._bytes[address : address + len(data)] = data
        else:
            self.store(address, len(data), int.from_bytes(data, "little"))

"""A machine that is just large enough for the portable kernel: memory by address, and a record of what was asked.

It stands in for `exokernel.kernel.arch.machine` and the drivers, so that these tests need no
model of a processor. What a translation buffer could still remember is kept here too, so
that a forgotten flush is seen.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple, NoReturn

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, USER_PAGES, EnvironmentId, Frame, Page
from exokernel.abi.tables import MapRequest
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, size_of, u8
from exokernel.dialect.unsafe import array_at, record_at

FIRST_KERNEL_ENTRY = 256
SELF_ENTRY = 510
PAGES = 2 * USER_PAGES
FIRST_PAGE = DIRECT_MAP % 2**64 // FRAME_SIZE  # that of frame 0, among those of a snapshot
WAITS = -2  # in the place of an environment
KERNEL_ROOT = -0x1000_0000  # address of the table whose upper half all roots share


class PoweredOff(BaseException):
    """The machine was switched off."""


class SparseMemory:
    """All addresses there are; a page exists once something is stored in it."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def store(self, address: int, size: int, value: int) -> None:
        self.write(address, value.to_bytes(size, "little"))

    def read(self, address: int, size: int) -> bytes:
        number, offset = divmod(address % 2**64, FRAME_SIZE)
        if offset + size <= FRAME_SIZE:
            page = self.pages.get(number)
            return bytes(size) if page is None else bytes(page[offset : offset + size])
        first = FRAME_SIZE - offset
        return self.read(address, first) + self.read(address + first, size - first)

    def write(self, address: int, data: bytes) -> None:
        number, offset = divmod(address % 2**64, FRAME_SIZE)
        if offset + len(data) <= FRAME_SIZE:
            page = self.pages.setdefault(number, bytearray(FRAME_SIZE))
            page[offset : offset + len(data)] = data
        else:
            first = FRAME_SIZE - offset
            self.write(address, data[:first])
            self.write(address + first, data[first:])

    def snapshot(self) -> dict[int, bytes]:
        """Every byte that is not zero, by page."""
        return {number: bytes(page) for number, page in self.pages.items() if any(page)}

    def restore(self, snapshot: dict[int, bytes]) -> None:
        self.pages = {number: bytearray(page) for number, page in snapshot.items()}

    def symbol_address(self, name: str) -> int:
        if name != "kernel_root":
            raise LookupError(name)
        return KERNEL_ROOT

    def assemble(self, text: str) -> None:
        """Assembly means nothing here."""


class Departure(NamedTuple):
    """Where the processor goes when the kernel is left."""

    environment: int
    root: Frame
    page: Frame
    at: Page
    entry: int


IDLE = Departure(WAITS, Frame(0), Frame(0), Page(0), 0)


class Log:
    """What the kernel asked of the machine since the last call began."""

    def __init__(self) -> None:
        self.output: dict[int, bytearray] = {0: bytearray(), 1: bytearray(), 2: bytearray()}
        self.typed: list[int] = []
        self.registers_forgotten: list[int] = []
        self.clear()

    def clear(self) -> None:
        self.departure: Departure | None = None
        self.forgotten: set[int] = set()
        self.all_forgotten = False
        self.cleared: list[int] = []


log = Log()


# What `exokernel.kernel.arch.machine` offers


def address_of_frame(frame: int) -> int:
    return DIRECT_MAP + frame * FRAME_SIZE


def entries(table: Frame) -> Array[Entry]:
    return array_at(Entry, address_of_frame(table), TABLE_ENTRIES)


def look_again() -> None:
    """Memory changes, and the processor may have looked at it until now: what it forgot before, it may remember again."""
    log.forgotten, log.all_forgotten = set(), False


def store(table: Array[Entry], index: int, entry: Entry) -> None:
    look_again()
    table[index] = entry


def clear(frame: Frame) -> None:
    look_again()
    log.cleared.append(frame)
    bytes_in(frame)[:] = bytes(FRAME_SIZE)


def copy(target: Frame, source: Frame) -> None:
    look_again()
    bytes_in(target)[:] = bytes(bytes_in(source))


def bytes_in(frame: Frame) -> Array[u8]:
    return array_at(u8, address_of_frame(frame), FRAME_SIZE)


def map_request(frame: Frame, offset: int) -> MapRequest:
    assert 0 <= offset <= FRAME_SIZE - size_of(MapRequest)
    return record_at(MapRequest, address_of_frame(frame) + offset)


def environment_page(frame: Frame) -> EnvironmentPage:
    return record_at(EnvironmentPage, address_of_frame(frame))


def forget(page: Page, count: int) -> None:
    assert 0 <= page <= page + count <= PAGES
    log.forgotten |= set(range(page, page + count))


def forget_all() -> None:
    log.all_forgotten = True


def forget_registers(environment: EnvironmentId) -> None:
    log.registers_forgotten.append(environment)


def prepare_kernel_half() -> None:
    for index in range(FIRST_KERNEL_ENTRY, TABLE_ENTRIES):
        array_at(Entry, KERNEL_ROOT, TABLE_ENTRIES)[index] = kernel_entry(index)


def share_kernel_half(root: Frame) -> None:
    look_again()
    for index in range(FIRST_KERNEL_ENTRY, TABLE_ENTRIES):
        entries(root)[index] = kernel_entry(index)
    entries(root)[SELF_ENTRY] = self_entry(root)


def kernel_entry(index: int) -> Entry:
    return Entry(present=True, frame=Frame(index), global_=True)


def self_entry(root: int) -> Entry:
    return Entry(present=True, user=True, no_execute=True, frame=Frame(root))


def is_entry(address: int) -> bool:
    return 0 < address < USER_PAGES * FRAME_SIZE


def begin(environment: EnvironmentId, root: Frame, page: Frame, at: Page, entry: int) -> None:
    log.departure = Departure(environment, root, page, at, entry)


def idle() -> None:
    log.departure = IDLE


def power_off(code: int) -> NoReturn:
    raise PoweredOff(code)


def panic(reason: str) -> NoReturn:
    raise AssertionError(reason)


# What the drivers offer

ORDERLY = 16


def put(stream: int, byte: int) -> None:
    log.output[stream].append(byte)


def put_all(stream: int, text: Any) -> None:
    log.output[stream] += bytes(text)


def get() -> int:
    return log.typed.pop(0) if log.typed else -1


def write_text(stream: int, text: str) -> None:
    log.output[stream] += text.encode()


def write_hexadecimal(stream: int, value: int) -> None:
    log.output[stream] += f"{value:02x}".encode()


def write_decimal(stream: int, value: int) -> None:
    log.output[stream] += f"{value:03}".encode()


def mapped_pages(root: Frame) -> Iterator[tuple[int, Entry]]:
    """What the MMU may have read: every present entry of an address space, by page."""

    def walk(table: Frame, level: int, first: int) -> Iterator[tuple[int, Entry]]:
        content = bytes(bytes_in(table))
        for index in range(FIRST_KERNEL_ENTRY if level == 4 else TABLE_ENTRIES):
            if content[8 * index] & 1:
                entry = entries(table)[index]
                if level == 1:
                    yield first + index, entry
                else:
                    yield from walk(entry.frame, level - 1, first + index * 512 ** (level - 1))

    yield from walk(root, 4, 0)

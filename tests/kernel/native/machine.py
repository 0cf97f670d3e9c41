"""The machine of the host-native kernel: memory at low addresses, and a log of what was asked.

Compiled in place of `exokernel.kernel.arch.machine`. The log is read by the tests: where the
processor was sent, and which translations were forgotten.
"""

from typing import NoReturn

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import DIRECT_MAP, FIRST_KERNEL_SLOT, SELF_SLOT
from exokernel.abi.names import FRAME_SIZE, TABLE_ENTRIES, USER_PAGES, EnvironmentId, Frame, Page
from exokernel.abi.tables import MapRequest
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, u8
from exokernel.dialect.unsafe import array_at, placed, record_at
from exokernel.kernel.drivers.power import power_off as power_off

LOG = 0x1800000000
WORDS = 2048
DEPARTED, ENVIRONMENT, ROOT, PAGE, AT, ENTRY, ALL_FORGOTTEN, RANGES, REGISTERS = range(9)
FIRST_RANGE = 16  # pairs: first page, count
WAITS = -2  # in the place of an environment

log: Array[int] = placed(LOG, WORDS)


def address_of_frame(frame: Frame) -> int:
    return DIRECT_MAP + frame * FRAME_SIZE


def entries(table: Frame) -> Array[Entry]:
    return array_at(Entry, address_of_frame(table), TABLE_ENTRIES)


def look_again() -> None:
    """Memory changes, and the processor may have looked at it until now: what it forgot before, it may remember again."""
    log[RANGES] = log[ALL_FORGOTTEN] = 0


def store(table: Array[Entry], index: int, entry: Entry) -> None:
    look_again()
    table[index] = entry


def bytes_in(frame: Frame) -> Array[u8]:
    return array_at(u8, address_of_frame(frame), FRAME_SIZE)


def clear(frame: Frame) -> None:
    look_again()
    for index in range(TABLE_ENTRIES):
        entries(frame)[index] = Entry()


def copy(target: Frame, source: Frame) -> None:
    look_again()
    bytes_in(target)[:] = bytes_in(source)


def map_request(frame: Frame, offset: int) -> MapRequest:
    return record_at(MapRequest, address_of_frame(frame) + offset)


def environment_page(frame: Frame) -> EnvironmentPage:
    return record_at(EnvironmentPage, address_of_frame(frame))


def forget(page: Page, count: int) -> None:
    place = FIRST_RANGE + 2 * log[RANGES]
    log[place] = page
    log[place + 1] = count
    log[RANGES] += 1


def forget_all() -> None:
    log[ALL_FORGOTTEN] = 1


def forget_registers(environment: EnvironmentId) -> None:
    log[REGISTERS] = environment


def share_kernel_half(root: Frame) -> None:
    look_again()
    for index in range(FIRST_KERNEL_SLOT, TABLE_ENTRIES):
        entries(root)[index] = Entry(present=True, frame=Frame(index), global_=True)
    entries(root)[SELF_SLOT] = Entry(present=True, user=True, no_execute=True, frame=root)


def is_entry(address: int) -> bool:
    return 0 < address < USER_PAGES * FRAME_SIZE


def begin(environment: EnvironmentId, root: Frame, page: Frame, at: Page, entry: int) -> None:
    log[DEPARTED] = 1
    log[ENVIRONMENT], log[ROOT], log[PAGE], log[AT], log[ENTRY] = environment, root, page, at, entry


def idle() -> None:
    log[DEPARTED] = 1
    log[ENVIRONMENT], log[ROOT], log[PAGE], log[AT], log[ENTRY] = WAITS, 0, 0, 0, 0


def panic(reason: str) -> NoReturn:
    raise AssertionError(reason)

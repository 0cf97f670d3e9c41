"""The specification of the calls on devices, which change no table."""

from exokernel.abi.capability import CONSOLE_GUARD, POWER_GUARD, Rights
from exokernel.abi.errors import BadLength, NoCapability, NothingToRead, NotPermitted, WrongKind
from exokernel.abi.names import FRAME_SIZE, EnvironmentId, Frame, Slot
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.state import frames
from exokernel.spec.frames import is_data
from exokernel.spec.rows import ALLOWED, NEVER, held, key_error


def console_write_error(
    caller: EnvironmentId, key: Slot, frame: Frame, offset: int, length: int, frame_key: Slot
) -> int:
    if not held(caller, key).valid or not held(caller, frame_key).valid:
        return NoCapability.number
    if not is_data(frame):
        return WrongKind.number
    may_write = held(caller, key).grants(Rights.WRITE, CONSOLE_GUARD)
    may_read = held(caller, frame_key).grants(Rights.READ, frames[frame].guard)
    if not may_write or not may_read:
        return NotPermitted.number
    fits = 0 <= offset <= FRAME_SIZE and 0 <= length <= FRAME_SIZE - offset
    return ALLOWED if fits else BadLength.number


def console_read_error(caller: EnvironmentId, key: Slot) -> int:
    return key_error(caller, key, Rights.READ, CONSOLE_GUARD)


def console_read_device_error() -> int:
    return NothingToRead.number


def machine_halt_error(caller: EnvironmentId, key: Slot) -> int:
    return key_error(caller, key, Rights.WRITE, POWER_GUARD)


def machine_halt_ends(caller: EnvironmentId, key: Slot) -> int:
    return ORDERLY if machine_halt_error(caller, key) == ALLOWED else NEVER

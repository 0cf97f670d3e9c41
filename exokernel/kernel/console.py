"""The console and the power switch: who may use them, and what the kernel itself has to report.

Streams are bytes; lines, echo and editing are a library's business. The devices themselves
are worked in `drivers`.
"""

from exokernel.abi.capability import CONSOLE_GUARD, POWER_GUARD, Rights
from exokernel.abi.console import Stream
from exokernel.abi.errors import BadLength, NothingToRead, NotPermitted
from exokernel.abi.names import FRAME_SIZE, EnvironmentId, Frame, Slot
from exokernel.abi.tables import Reason
from exokernel.dialect import cold, never_inline, syscall
from exokernel.kernel.arch import machine
from exokernel.kernel.capabilities import key_in, require
from exokernel.kernel.drivers.console import get, put, put_all, write_decimal, write_hexadecimal, write_text
from exokernel.kernel.drivers.power import ORDERLY
from exokernel.kernel.frames import require_data
from exokernel.kernel.state import frames

LINE_END = 10


@cold
@never_inline
def report_death(environment: EnvironmentId, reason: Reason, vector: int) -> None:
    """Tell the host that an environment ended, and why."""
    write_text(Stream.REPORT, "crash environment=")
    write_hexadecimal(Stream.REPORT, environment)
    write_text(Stream.REPORT, " vector=")
    write_hexadecimal(Stream.REPORT, vector)
    write_text(Stream.REPORT, " reason=")
    write_text(Stream.REPORT, name_of(reason))
    put(Stream.REPORT, LINE_END)


def name_of(reason: Reason) -> str:
    match reason:
        case Reason.ASKED:
            return "asked"
        case Reason.NO_HANDLER:
            return "no-handler"
        case Reason.NO_STACK:
            return "no-stack"
        case Reason.OVERSTAYED:
            return "overstayed"
        case Reason.NO_ENTRY:
            return "no-entry"
        case Reason.NONE:
            return "none"


# Calls


@syscall
def console_write(
    caller: EnvironmentId, stream: Stream, key: Slot, frame: Frame, offset: int, length: int, frame_key: Slot
) -> None:
    """Write bytes."""
    authority = key_in(caller, key)
    right = key_in(caller, frame_key)
    require_data(frame)
    if not authority.grants(Rights.WRITE, CONSOLE_GUARD):
        raise NotPermitted(key)
    if not right.grants(Rights.READ, frames[frame].guard):
        raise NotPermitted(frame_key)
    if not 0 <= offset <= FRAME_SIZE or not 0 <= length <= FRAME_SIZE - offset:
        raise BadLength(length)

    put_all(stream, machine.bytes_in(frame)[offset : offset + length])


@syscall
def console_read(caller: EnvironmentId, key: Slot) -> int:
    """Read a byte."""
    require(caller, key, Rights.READ, CONSOLE_GUARD)
    byte = get()
    if byte < 0:
        raise NothingToRead

    return byte


@syscall
def machine_halt(caller: EnvironmentId, key: Slot, status: int) -> None:
    """End the machine in order."""
    require(caller, key, Rights.WRITE, POWER_GUARD)

    write_text(Stream.REPORT, "exit ")
    write_decimal(Stream.REPORT, status % 256)
    put(Stream.REPORT, LINE_END)
    machine.power_off(ORDERLY)

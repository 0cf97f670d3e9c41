"""The command line that makes QEMU the machine our kernel boots on.

Pure: it composes words and starts nothing; `boot` does. The processor is QEMU's plain
`qemu64` with only the protections the kernel switches on, because richer models are
slower or differ in what they count. Streams arrive as file descriptors the caller owns.
[QEMU 7.2, system emulation, invocation]
"""

from enum import StrEnum
from typing import NamedTuple

MEBIBYTE = 1 << 20
EXIT_PORT = 0xF4
ERROR_PORT = 0xE9  # the guest's standard error
REPORT_PORT = 0xEA  # what the guest tells the host, see `report`
POWERED_OFF = 33  # QEMU's status after the guest wrote 16 to the exit port: 2 * 16 + 1

SPARE_MEMORY = 128 * MEBIBYTE  # beside the archive: kernel, tables, the programs' own
LEAST_SPARE = 24 * MEBIBYTE  # with less beside the archive, kernel, tables and a small program have no room
MEMORY_STEP = 64 * MEBIBYTE
MOST_MEMORY = 2048 * MEBIBYTE  # q35 keeps what lies above for devices

PROCESSOR = "qemu64,+smap,+smep,+umip"
COUNTED = ("-icount", "shift=0,sleep=off")  # one instruction a nanosecond of guest time, and no idle waiting


class Board(StrEnum):
    MICROVM = "microvm"
    Q35 = "q35"


BOARDS = {
    # Without the devices of a PC we do not use, and without waiting for their ROMs.
    Board.MICROVM: "microvm,acpi=off,pit=off,pic=off,rtc=off,x-option-roms=off",
    Board.Q35: "q35,usb=off,vmport=off,smm=off",
}


class Streams(NamedTuple):
    """Descriptors that QEMU inherits, one for each of the guest's streams."""

    output: int
    error: int
    report: int


class Machine(NamedTuple):
    """What one boot needs to know. `kernel` and `archive` are paths as QEMU will see them."""

    kernel: str
    archive: str | None = None
    memory: int = SPARE_MEMORY  # bytes
    board: Board = Board.MICROVM
    parameters: str = ""  # for the kernel
    counted: bool = False
    debugger: str | None = None  # a socket's path; the machine then waits for gdb
    typed: bool = False  # its output stream is a socket, and brings what is typed

    def command(self, qemu: str, streams: Streams) -> list[str]:
        words = [qemu, "-M", BOARDS[self.board], "-accel", "tcg", "-cpu", PROCESSOR]
        words += ["-m", f"{self.memory // MEBIBYTE}M", "-smp", "1"]
        words += ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"]
        words += character_device("output", streams.output, self.typed) + ["-serial", "chardev:output"]
        words += character_device("error", streams.error) + debug_port(ERROR_PORT, "error")
        words += character_device("report", streams.report) + debug_port(REPORT_PORT, "report")
        words += ["-device", f"isa-debug-exit,iobase={EXIT_PORT:#x},iosize=4"]
        words += ["-kernel", self.kernel]
        if self.archive is not None:
            words += ["-initrd", self.archive]
        if self.parameters:
            words += ["-append", self.parameters]
        if self.counted:
            words += COUNTED
        if self.debugger is not None:
            words += ["-S", "-gdb", f"unix:{self.debugger},server=on,wait=off"]
        return words


def character_device(name: str, descriptor: int, both_ways: bool = False) -> list[str]:
    way = f"socket,id={name},fd={descriptor}" if both_ways else f"file,id={name},path=/proc/self/fd/{descriptor}"
    return ["-chardev", way]


def debug_port(port: int, name: str) -> list[str]:
    return ["-device", f"isa-debugcon,iobase={port:#x},chardev={name}"]


def memory_for(archive_size: int) -> int:
    """Bytes of memory a machine gets when nobody says how many: the archive and some to spare."""
    wanted = archive_size + SPARE_MEMORY
    return min(wanted + -wanted % MEMORY_STEP, MOST_MEMORY)


def parse_size(text: str) -> int:
    """Bytes in a size like `256M`, `1G`, `65536K`; a bare number is in MiB, as QEMU has it.

    Raises:
        ValueError: it is not a size.
    """
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    digits, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in units else (text, "M")
    size = int(digits) * units[unit]
    if size < MEBIBYTE:
        raise ValueError(f"{text} is less than 1M")
    return size

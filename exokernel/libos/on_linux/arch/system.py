"""The system calls of Linux on x86-64, as far as this library makes them. [Linux, syscall_64.tbl]

An answer from -4095 to -1 is an error number. None of it means anything under CPython.
"""

from exokernel.dialect import Array, Record, array, instruction, u8, u32
from exokernel.dialect.unsafe import address_of

READ, WRITE, OPEN, CLOSE, STATUS, ACTION, RESIDENT = 0, 1, 2, 3, 5, 13, 27
GET_PROCESS, FORK, EXECUTE, WAIT, KILL, ALTERNATE_STACK, EXIT = 39, 57, 59, 61, 62, 131, 231
READ_ONLY = 0

REGULAR, DIRECTORY, CHARACTERS = 0x8000, 0x4000, 0x2000  # kinds of file, within FILE_KIND
FILE_KIND = 0xF000


class FileStatus(Record):
    """What Linux tells about an open file."""

    device: int = 0
    number: int = 0
    links: int = 0
    mode: u32 = 0
    user: u32 = 0
    group: u32 = 0
    padding: u32 = 0
    special: int = 0
    size: int = 0  # bytes
    rest: Array[u8] = array(88)


@instruction("syscall", clobbers="rcx, r11, memory", result="a", number="a", first="D", second="S", third="d")
def call(number: int, first: int, second: int, third: int) -> int:
    """Make a system call of up to three arguments."""
    raise NotImplementedError


@instruction(
    "xor %r10d, %r10d; syscall",
    clobbers="rcx, r10, r11, memory",
    result="a",
    number="a",
    first="D",
    second="S",
    third="d",
)
def call_with_nothing(number: int, first: int, second: int, third: int) -> int:
    """Make a system call whose fourth argument is 0."""
    raise NotImplementedError


@instruction(
    "mov $8, %r10d; syscall",
    clobbers="rcx, r10, r11, memory",
    result="a",
    number="a",
    first="D",
    second="S",
    third="d",
)
def call_about_signals(number: int, first: int, second: int, third: int) -> int:
    """Make a system call whose fourth argument is the size of a set of signals."""
    raise NotImplementedError


@instruction(
    "mov $9, %eax; mov $3, %edx; mov $0x4032, %r10d; mov $-1, %r8; xor %r9d, %r9d; syscall",
    clobbers="rcx, rdx, r8, r9, r10, r11, memory",
    result="a",
    address="D",
    size="S",
)
def reserve(address: int, size: int) -> int:
    """Make zero-filled memory, private and readable and writable, that takes up nothing until it is touched."""
    raise NotImplementedError


def read_into(descriptor: int, buffer: Array[u8]) -> int:
    return call(READ, descriptor, address_of(buffer), len(buffer))


def write_from(descriptor: int, buffer: Array[u8]) -> int:
    return call(WRITE, descriptor, address_of(buffer), len(buffer))


def open_named(path: Array[u8]) -> int:
    """Open a file for reading by a name that ends with a NUL."""
    return call(OPEN, address_of(path), READ_ONLY, 0)


def status_of(descriptor: int, status: FileStatus) -> int:
    return call(STATUS, descriptor, address_of(status), 0)


def execute_named(path: Array[u8], arguments: Array[int], environment: int) -> int:
    """Go on as another program; answers only when that fails."""
    return call(EXECUTE, address_of(path), address_of(arguments), environment)


def wait_for(child: int, status: Array[u32]) -> int:
    return call_with_nothing(WAIT, child, address_of(status), 0)


def set_action(signal: int, action: int) -> int:
    """Say what is to happen at a signal, by the address of an action."""
    return call_about_signals(ACTION, signal, action, 0)


def is_mapped(page: int) -> bool:
    """Whether there is memory at the address of a page."""
    answer: Array[u8] = array(1)
    return call(RESIDENT, page, 1, address_of(answer)) == 0

"""Segments, the task state and the interrupt gates: the tables the processor wants in memory.

They are written once, at boot. Long mode has left one meaning to segments, the privilege of
the code that runs, and one to the task state: which stack an interrupt takes. Where the gates
lead is `vectors`'. [SDM vol. 3A §3.4, §6.14, §8.7]
"""

from exokernel.abi.x86_64 import Vector
from exokernel.dialect import Array, Record, Word, array, bit, bits, offset_of, size_of, u16, u32
from exokernel.dialect.unsafe import address_of, symbol_address
from exokernel.kernel.arch.x86_64.boot import SPARE_STACKS, spare_stack_top
from exokernel.kernel.arch.x86_64.instructions import (
    load_gates,
    load_local_segments,
    load_segments,
    load_task,
    write_register,
)
from exokernel.kernel.arch.x86_64.registers import (
    KERNEL_CLEARS,
    SYSTEM_CALL_ENTRY,
    SYSTEM_CALL_MASK,
    SYSTEM_CALL_SEGMENTS,
)

# Selectors, in the order SYSCALL and SYSRET want: each pair is named by its lower neighbour.
KERNEL_CODE = 0x08
KERNEL_DATA = 0x10
USER_DATA = 0x18 + 3
USER_CODE = 0x20 + 3
TASK = 0x28
NO_SEGMENTS = 0
SEGMENTS = 7  # the task's descriptor counts twice

GATES = 256


class Segment(Word, width=64):
    """A segment descriptor of long mode. [SDM vol. 3A §5.2.1]"""

    accessed: bool = bit(40)
    writable: bool = bit(41)
    code: bool = bit(43)
    ordinary: bool = bit(44)
    privilege: int = bits(45, 2)
    present: bool = bit(47)
    long: bool = bit(53)


class TaskSegment(Word, width=64):
    """The lower half of the task state's descriptor. [SDM vol. 3A §8.2.3]"""

    limit: int = bits(0, 16)
    base_low: int = bits(16, 24)
    kind: int = bits(40, 4)
    present: bool = bit(47)
    base_middle: int = bits(56, 8)


AVAILABLE_TASK = 9


class Gate(Word, width=64):
    """The lower half of an interrupt gate. [SDM vol. 3A §6.14.1]"""

    target_low: int = bits(0, 16)
    selector: int = bits(16, 16)
    stack: int = bits(32, 3)  # which spare stack of the task state, or 0
    kind: int = bits(40, 4)
    privilege: int = bits(45, 2)  # least privileged code that may call it by INT
    present: bool = bit(47)
    target_middle: int = bits(48, 16)


INTERRUPT_GATE = 14  # it also clears the interrupt flag
CALLED_BY_USERS = 3


class TaskState(Record):
    """Which stacks to take. Read by the processor; the packed layout needs the halves apart."""

    reserved: u32 = 0
    kernel_stack: Array[u32] = array(2)  # low, high
    unused: Array[u32] = array(6)
    spare_stacks: Array[u32] = array(14)  # low, high of each of seven
    unused_too: Array[u32] = array(2)
    reserved_too: u16 = 0
    port_map: u16 = 0  # where it begins


class TableRegister(Record):
    """What LGDT and LIDT load: ten bytes from `limit` on."""

    padding: Array[u16] = array(3)
    limit: u16 = 0
    base: int = 0


segments: Array[Segment] = array(SEGMENTS)
gates: Array[Gate] = array(2 * GATES)
task: TaskState = TaskState()
table_register: TableRegister = TableRegister()


def load() -> None:
    """Fill the tables and make the processor use them."""
    _fill_segments()
    _fill_task()
    table_register.limit = SEGMENTS * 8 - 1
    table_register.base = address_of(segments)
    load_segments(address_of(table_register) + offset_of(TableRegister, "limit"))
    load_local_segments(NO_SEGMENTS)  # or it would be where reset has left it: in the user's half, from 0 on
    load_task(TASK)

    table_register.limit = GATES * 16 - 1
    table_register.base = address_of(gates)
    load_gates(address_of(table_register) + offset_of(TableRegister, "limit"))

    write_register(SYSTEM_CALL_SEGMENTS, (KERNEL_CODE | (KERNEL_DATA + 3) << 16) << 32)
    write_register(SYSTEM_CALL_ENTRY, symbol_address("syscall_entry"))
    write_register(SYSTEM_CALL_MASK, int(KERNEL_CLEARS))


def _fill_segments() -> None:
    code = Segment(code=True, ordinary=True, present=True, long=True, accessed=True)
    data = Segment(writable=True, ordinary=True, present=True, accessed=True)
    segments[KERNEL_CODE // 8] = code
    segments[KERNEL_DATA // 8] = data
    segments[USER_DATA // 8] = data.replace(privilege=3)
    segments[USER_CODE // 8] = code.replace(privilege=3)
    base = address_of(task)
    segments[TASK // 8] = Segment.of(
        int(
            TaskSegment(
                limit=size_of(TaskState) - 1,
                base_low=base & 0xFFFFFF,
                kind=AVAILABLE_TASK,
                present=True,
                base_middle=base >> 24 & 0xFF,
            )
        )
    )
    segments[TASK // 8 + 1] = Segment.of(base >> 32 & 0xFFFFFFFF)


def _fill_task() -> None:
    task.port_map = size_of(TaskState)  # beyond the limit: user code reaches no port
    top = symbol_address("trap_stack_top")
    task.kernel_stack[0] = top & 0xFFFFFFFF
    task.kernel_stack[1] = top >> 32 & 0xFFFFFFFF
    for number in range(SPARE_STACKS):
        spare = spare_stack_top(number)
        task.spare_stacks[2 * number] = spare & 0xFFFFFFFF
        task.spare_stacks[2 * number + 1] = spare >> 32 & 0xFFFFFFFF


def spare_stack(vector: int) -> int:
    """Which spare stack a gate takes: for what may come at any instruction, even between two stacks."""
    match vector:
        case Vector.DEBUG:
            return 1
        case Vector.NMI:
            return 2
        case Vector.DOUBLE_FAULT:
            return 3
        case Vector.MACHINE_CHECK:
            return 4
        case _:
            return 0


def set_gate(vector: int, target: int) -> None:
    """Let a vector enter the kernel at `target`."""
    users = vector == Vector.BREAKPOINT or vector == Vector.OVERFLOW
    gates[2 * vector] = Gate(
        target_low=target & 0xFFFF,
        selector=KERNEL_CODE,
        stack=spare_stack(vector),
        kind=INTERRUPT_GATE,
        privilege=CALLED_BY_USERS if users else 0,
        present=True,
        target_middle=target >> 16 & 0xFFFF,
    )
    gates[2 * vector + 1] = Gate.of(target >> 32 & 0xFFFFFFFF)

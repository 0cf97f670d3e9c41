"""Measure the kernel from above: what each operation costs a program, all in all.

Every figure is the time of a loop in the processor's clock, reported as `ours NAME TICKS
REPETITIONS` with the empty loop among them; subtracting and dividing is left to the reader. A
figure is taken several times, since the first ones warm whatever runs this machine. It runs
on ExOS, and takes from it memory and processes. [Appel91]
"""

from exokernel.abi.console import Stream
from exokernel.abi.errors import KernelError
from exokernel.abi.names import TABLE_ENTRIES, EnvironmentId
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, array, never_inline, wrapping_add, wrapping_multiply
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64.memory import address_of_integers
from exokernel.libos.exos import CHILD, HeapExhausted, NoChild, NoMemory, critical, fork, integers, leave, wait
from exokernel.libos.exos.critical import suspend
from exokernel.libos.exos.layout import KEY
from exokernel.libos.measuring import (
    nothing,
    restore_page_faults,
    skip_invalid_opcodes,
    swap_on_page_faults,
    time_stamp,
    undefined_instruction,
)

ROUNDS = 5
CALLS = 1000  # repetitions
PAGES = 200  # repetitions, of what needs a page each
FORKS = 20  # repetitions
RANGE = 100  # pages
WORDS = 512  # integers of a page
REGION = TABLE_ENTRIES * WORDS  # integers that one page table covers
SIZE = 150  # rows of a matrix

WRITABLE = Entry(writable=True)
NO_FLAGS = Entry()

left: Array[int] = array(SIZE * SIZE)
right: Array[int] = array(SIZE * SIZE)
product: Array[int] = array(SIZE * SIZE)


def main() -> int:
    report("boot", kernel.machine().started, 1)
    try:
        for _ in range(ROUNDS):
            measure_fork()  # first, while the process is small
        for _ in range(ROUNDS):
            measure_calls()
            measure_protection()
            measure_zero_fill()
            measure_copy_on_write()
            measure_yield()
            measure_multiplication()
        return 0
    except KernelError:
        print("benchmark: the kernel refused", file=Stream.ERROR)
    except NoMemory:
        print("benchmark: no room for a process", file=Stream.ERROR)
    except NoChild:
        print("benchmark: a process was lost", file=Stream.ERROR)
    except HeapExhausted:
        print("benchmark: no memory left", file=Stream.ERROR)
    return 1


def report(name: str, ticks: int, repetitions: int) -> None:
    print(f"ours {name} {ticks} {repetitions}", file=Stream.REPORT)


def measure_calls() -> None:
    start = time_stamp()
    for _ in range(CALLS):
        nothing()
    report("empty", time_stamp() - start, CALLS)

    start = time_stamp()
    for _ in range(CALLS):
        kernel.null()
    report("null_call", time_stamp() - start, CALLS)

    skip_invalid_opcodes()
    start = time_stamp()
    for _ in range(CALLS):
        undefined_instruction()
    report("exception", time_stamp() - start, CALLS)


def fresh_region() -> Array[int]:
    """Memory that one page table covers, its table made, its first page touched.

    Raises:
        HeapExhausted: so much is not left.
    """
    memory = integers(2 * REGION)
    address = address_of_integers(memory)
    begin = -(address // 8) % REGION
    memory[begin] = 1
    return memory[begin : begin + REGION]


def measure_protection() -> None:
    memory = fresh_region()
    for page in range(RANGE + 1):
        memory[page * WORDS] = page
    first = kernel.page_of(address_of_integers(memory))
    table = kernel.entries_2[first // TABLE_ENTRIES].frame
    index = kernel.index_of(first)

    start = time_stamp()
    for _ in range(CALLS):
        kernel.protect(table, index, 1, WRITABLE, NO_FLAGS, KEY)
    report("protect_1", time_stamp() - start, CALLS)

    start = time_stamp()
    for _ in range(CALLS):
        kernel.protect(table, index, RANGE, WRITABLE, NO_FLAGS, KEY)
    report("protect_100", time_stamp() - start, CALLS)

    start = time_stamp()
    for _ in range(CALLS):
        kernel.protect(table, index, RANGE, NO_FLAGS, WRITABLE, KEY)
    report("unprotect_100", time_stamp() - start, CALLS)
    measure_faults(memory)


def measure_faults(memory: Array[int]) -> None:
    """Write to two pages in turn, where the handler opens the one and closes the other."""
    first = address_of_integers(memory)
    page = kernel.page_of(first)
    kernel.protect(kernel.entries_2[page // TABLE_ENTRIES].frame, kernel.index_of(page), 1, WRITABLE, NO_FLAGS, KEY)
    swap_on_page_faults(first, first + 8 * WORDS)
    start = time_stamp()
    for turn in range(CALLS):
        memory[turn % 2 * WORDS] = turn
    report("fault_unprotect_protect", time_stamp() - start, CALLS)
    restore_page_faults()


def measure_zero_fill() -> None:
    memory = fresh_region()
    start = time_stamp()
    for page in range(1, PAGES + 1):
        memory[page * WORDS] = page
    report("zero_fill", time_stamp() - start, PAGES)


def measure_copy_on_write() -> None:
    """Write to pages that a child shares, which stays out of the way."""
    memory = fresh_region()
    for page in range(PAGES):
        memory[page * WORDS] = page
    parent = kernel.ourselves()
    child = fork()
    if child == CHILD:
        yield_forever(parent)

    start = time_stamp()
    for page in range(PAGES):
        memory[page * WORDS] = page
    report("cow_fault", time_stamp() - start, PAGES)
    end(child)


def measure_yield() -> None:
    """Yield to a child that yields back; a repetition is one way."""
    parent = kernel.ourselves()
    child = fork()
    if child == CHILD:
        yield_forever(parent)

    with critical():
        suspend(EnvironmentId(child))
        start = time_stamp()
        for _ in range(CALLS):
            suspend(EnvironmentId(child))
        ticks = time_stamp() - start
    report("yield", ticks, 2 * CALLS)
    end(child)


def yield_forever(parent: EnvironmentId) -> None:
    with critical():
        while True:
            suspend(parent)


def end(child: int) -> None:
    kernel.environment_destroy(EnvironmentId(child), KEY)
    wait(child)


def measure_fork() -> None:
    start = time_stamp()
    for _ in range(FORKS):
        child = fork()
        if child == CHILD:
            leave(0)
        wait(child)
    report("fork_exit_wait", time_stamp() - start, FORKS)


def measure_multiplication() -> None:
    for cell in range(SIZE * SIZE):
        left[cell] = cell
        right[cell] = cell + 1
        product[cell] = 0
    start = time_stamp()
    multiply()
    report("matmul_150", time_stamp() - start, 1)
    wrapped = checksum()

    start = time_stamp()
    multiply_checked()
    report("matmul_150_checked", time_stamp() - start, 1)
    assert checksum() == wrapped


def checksum() -> int:
    value = 0
    for cell in product:
        value = wrapping_add(wrapping_multiply(value, 31), cell)
    return value


@never_inline
def multiply() -> None:
    """Multiply as C would: sums that overflow wrap around."""
    for row in range(SIZE):
        first = left[row * SIZE : row * SIZE + SIZE]
        for column in range(SIZE):
            total = 0
            for step in range(SIZE):
                total = wrapping_add(total, wrapping_multiply(first[step], right[step * SIZE + column]))
            product[row * SIZE + column] = total


@never_inline
def multiply_checked() -> None:
    """Multiply as Python would: a sum that overflows is a fault."""
    for row in range(SIZE):
        first = left[row * SIZE : row * SIZE + SIZE]
        for column in range(SIZE):
            total = 0
            for step in range(SIZE):
                total += first[step] * right[step * SIZE + column]
            product[row * SIZE + column] = total

"""Memory after a fork: each writes its own, and what was read-only stays readable."""

from exokernel.dialect import Array, array
from exokernel.libos.exos import CHILD, HeapExhausted, NoChild, NoMemory, fork, integers, leave, wait

CELLS = 1500
TEXT = b"constant"

zeros: Array[int] = array(CELLS)


def main() -> int:
    try:
        heap = integers(CELLS)
        return check(heap)
    except HeapExhausted:
        return 2
    except NoMemory:
        return 3
    except NoChild:
        return 4


def check(heap: Array[int]) -> int:
    fill(zeros, 1)
    fill(heap, 2)
    child = fork()
    if child == CHILD:
        inherited = total(zeros) == CELLS and total(heap) == 2 * CELLS
        fill(zeros, 10)
        fill(heap, 20)
        untouched = total(zeros) == 10 * CELLS and total(heap) == 20 * CELLS
        leave(42 if inherited and untouched and TEXT == b"constant" else 1)
    fill(heap, 3)
    status = wait(child)
    print(f"child {status}, ours {total(zeros)} {total(heap)}")
    return 0


def fill(cells: Array[int], value: int) -> None:
    for position in range(len(cells)):
        cells[position] = value


def total(cells: Array[int]) -> int:
    value = 0
    for cell in cells:
        value += cell
    return value

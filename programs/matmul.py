"""Multiply two 150 by 150 matrices of integers, and print a checksum of the product."""

from exokernel.dialect import Array, array

SIZE = 150
CELLS = SIZE * SIZE
MODULUS = 1_000_003

left: Array[int] = array(CELLS)
right: Array[int] = array(CELLS)
product: Array[int] = array(CELLS)


def main() -> int:
    fill()
    multiply()
    print(f"checksum {checksum()}")
    return 0


def fill() -> None:
    for cell in range(CELLS):
        left[cell] = cell * 7 % 101
        right[cell] = cell * 13 % 103


def multiply() -> None:
    for row in range(SIZE):
        first = left[row * SIZE : row * SIZE + SIZE]
        for column in range(SIZE):
            total = 0
            for step in range(SIZE):
                total += first[step] * right[step * SIZE + column]
            product[row * SIZE + column] = total


def checksum() -> int:
    value = 0
    for cell in product:
        value = (value * 31 + cell) % MODULUS
    return value

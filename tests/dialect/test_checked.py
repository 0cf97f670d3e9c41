"""Modules of the dialect fault where compiled code would."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exokernel.dialect.checked import execute

ints = st.integers(-(2**63), 2**63 - 1)


def module(source: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    execute(source, "case.py", namespace)
    return namespace


OPERATIONS = module(
    """
def add(a, b): return a + b
def sub(a, b): return a - b
def mul(a, b): return a * b
def floor(a, b): return a // b
def rest(a, b): return a % b
def left(a, b): return a << b
def right(a, b): return a >> b
def negate(a): return -a
"""
)


@given(ints, ints, st.sampled_from(["add", "sub", "mul", "floor", "rest"]))
def test_arithmetic_is_exact_or_a_fault(a: int, b: int, name: str) -> None:
    exact = {"add": a + b, "sub": a - b, "mul": a * b}
    if b == 0 and name in ("floor", "rest"):
        with pytest.raises(ZeroDivisionError):
            OPERATIONS[name](a, b)
        return
    expected = exact.get(name, a // b if name == "floor" else a % b if b else 0)
    if -(2**63) <= expected < 2**63:
        assert OPERATIONS[name](a, b) == expected
    else:
        with pytest.raises(OverflowError):
            OPERATIONS[name](a, b)


@given(ints, st.integers(-3, 80))
def test_shifts_fault_on_lost_bits_and_negative_counts(a: int, count: int) -> None:
    if count < 0:
        for name in ("left", "right"):
            with pytest.raises(ValueError):
                OPERATIONS[name](a, count)
        return
    assert OPERATIONS["right"](a, count) == a >> count
    if -(2**63) <= a << count < 2**63:
        assert OPERATIONS["left"](a, count) == a << count
    else:
        with pytest.raises(OverflowError):
            OPERATIONS["left"](a, count)


def test_a_huge_shift_does_not_try_to_compute_its_result() -> None:
    with pytest.raises(OverflowError):
        OPERATIONS["left"](1, 2**62)
    assert OPERATIONS["left"](0, 2**62) == 0


def test_negating_the_least_int_is_a_fault() -> None:
    with pytest.raises(OverflowError):
        OPERATIONS["negate"](-(2**63))


def test_augmented_assignment_is_checked_and_evaluates_its_place_once() -> None:
    names = module(
        """
calls = []
def place():
    calls.append(1)
    return [2**62]
def grow(values):
    for _ in range(1):
        values[0] += values[0]
def once():
    place()[len(calls) - 1] += 1
"""
    )
    names["once"]()
    assert names["calls"] == [1]
    with pytest.raises(OverflowError):
        names["grow"]([2**62])


def test_arrays_learn_their_elements_from_the_annotation() -> None:
    names = module(
        """
from exokernel.dialect import Array, array, u16
table: Array[u16] = array(3)
def local() -> int:
    values: Array[u16] = array(2)
    values[1] = 65535
    return values[1] + len(values)
"""
    )
    names["table"][2] = 7
    assert list(names["table"]) == [0, 0, 7]
    assert names["local"]() == 65537


def test_constants_of_a_module_are_computed_without_limit() -> None:
    assert module("MASK = (1 << 64) - 1 >> 1")["MASK"] == 2**63 - 1


def test_constants_of_a_function_are_computed_without_limit() -> None:
    found = module("def most(): return 2**63 - 1\ndef above(n): return n + (2**63 - 1)\n")
    assert found["most"]() == 2**63 - 1 and found["above"](-1) == 2**63 - 2
    with pytest.raises(OverflowError):
        found["above"](1)


def test_a_traceback_names_the_line_that_faulted() -> None:
    names = module("def f(a):\n    b = a\n    b += 1\n    return b\n")
    with pytest.raises(OverflowError) as caught:
        names["f"](2**63 - 1)
    assert caught.traceback[1].lineno + 1 == 3
    assert str(caught.traceback[1].path) == "case.py"


def test_text_and_tuples_still_add() -> None:
    assert module("def f():\n    return 'a' + 'b', (1,) + (2,), b'x' * 2")["f"]() == (
        "ab",
        (1, 2),
        b"xx",
    )

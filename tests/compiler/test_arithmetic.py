"""Compiled arithmetic means what Python's does, and faults where 64 bits end."""

from __future__ import annotations

import operator
from collections.abc import Callable

import pytest

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.reader import read_program
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.native import NativeFault, NativeImage

LEAST, MOST = -(2**63), 2**63 - 1
SAMPLES = [LEAST, LEAST + 1, -(2**32), -65, -64, -8, -7, -3, -2, -1, 0, 1, 2, 3, 7, 8, 62, 63, 64, 65, 2**31, MOST - 1, MOST]
OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
    "%": operator.mod,
    "<<": lambda left, right: left << right if left == 0 or right < 200 else 2**200,
    ">>": operator.rshift,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "+%": lambda left, right: signed(left + right),
    "-%": lambda left, right: signed(left - right),
    "*%": lambda left, right: signed(left * right),
    "<<<": lambda left, right: signed((left % 2**64) << right % 64 | (left % 2**64) >> 64 - right % 64),
    ">>>": lambda left, right: signed((left % 2**64) >> right),
}
RELATIONS: dict[str, Callable[[int, int], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "<u": lambda left, right: left % 2**64 < right % 2**64,
}


def signed(value: int) -> int:
    return (value + 2**63) % 2**64 - 2**63


def wanted(name: str, left: int, right: int) -> int | op.Fault:
    try:
        value = OPERATORS[name](left, right)
    except ZeroDivisionError:
        return op.Fault.DIVISION
    except ValueError:
        return op.Fault.VALUE
    return value if LEAST <= value <= MOST else op.Fault.OVERFLOW


def compiled(source: str) -> NativeImage:
    program = read_program(source)
    verify(program)
    return NativeImage(program, list(program.functions))


def outcome(image: NativeImage, name: str, *arguments: int) -> int | op.Fault | None:
    try:
        return image.call(name, *arguments).value
    except NativeFault as fault:
        return fault.kind


def function(name: str, body: str, result: str = "int") -> str:
    return f"function {name}(%a: int, %b: int) -> {result}:\nblock entry:\n{body}\n  return %0\nend\n"


@pytest.fixture(scope="module")
def variable() -> NativeImage:
    parts = [function(f"f{at}", f"  %0: int = %a {name} %b") for at, name in enumerate(OPERATORS)]
    parts += [function(f"r{at}", f"  %0: bool = %a {name} %b", "bool") for at, name in enumerate(RELATIONS)]
    parts += [function("negate", "  %0: int = negate %a"), function("invert", "  %0: int = invert %a")]
    return compiled("".join(parts))


@pytest.fixture(scope="module")
def constant() -> NativeImage:
    return compiled(
        "".join(
            function(f"f{at}.{number}", f"  %0: int = %a {name} {right}")
            for at, name in enumerate(OPERATORS)
            for number, right in enumerate(SAMPLES)
        )
    )


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_of_two_variables(variable: NativeImage, name: str) -> None:
    at = list(OPERATORS).index(name)
    for left in SAMPLES:
        for right in SAMPLES:
            assert outcome(variable, f"f{at}", left, right) == wanted(name, left, right), (left, name, right)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators_with_a_constant(constant: NativeImage, name: str) -> None:
    at = list(OPERATORS).index(name)
    for left in SAMPLES:
        for number, right in enumerate(SAMPLES):
            assert outcome(constant, f"f{at}.{number}", left) == wanted(name, left, right), (left, name, right)


@pytest.mark.parametrize("name", RELATIONS)
def test_relations(variable: NativeImage, name: str) -> None:
    at = list(RELATIONS).index(name)
    for left in SAMPLES:
        for right in SAMPLES:
            assert outcome(variable, f"r{at}", left, right) == RELATIONS[name](left, right)


def test_negation_of_the_least_integer_faults(variable: NativeImage) -> None:
    assert outcome(variable, "negate", LEAST) == op.Fault.OVERFLOW
    assert [outcome(variable, "negate", one) for one in (MOST, 0, -5)] == [-MOST, 0, 5]
    assert [outcome(variable, "invert", one) for one in SAMPLES] == [~one for one in SAMPLES]

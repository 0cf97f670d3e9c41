"""A fault is the end of a generated program on both machines, whatever CPython runs on its way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from exokernel.compiler.ir import operations as op
from tests.compiler.fuzz.generator import FUNCTIONS
from tests.compiler.fuzz.machines import SAMPLES, Case, OnCPython, OnTheProcessor
from tests.compiler.fuzz.preamble import PREAMBLE

FORGETS = """
    try:
        return a + b
    finally:
        if c > 0:
            return c
"""
FORGETS_AND_LOOPS_ON = """
    for value in counting(3):
        try:
            whole[0] = a + b
        finally:
            break
    return whole[0]
"""
FAULTS_AGAIN = """
    try:
        return a + b
    finally:
        whole[1] = 7 // c
"""
FAULTS_LATER = """
    try:
        whole[2] = f0(a, b, 5)
    finally:
        return 7 // c
"""
RAISES_INSTEAD = """
    try:
        try:
            return a + b
        finally:
            whole[3] = risky(c, c)
    except Mishap:
        return 9
"""
FORGETS_AN_ERROR = """
    try:
        return risky(a, b)
    finally:
        if c > 0:
            return 11
"""
LEAVES_A_GENERATOR = """
    for value in kept(3):
        try:
            whole[4] = a + b + value
        finally:
            return c
    return b
"""
CALLS = """
    return f0(a, b, c) % 100 + f4(a, b, c) % 100
"""
BODIES = (
    FORGETS, FORGETS_AND_LOOPS_ON, FAULTS_AGAIN, FAULTS_LATER, RAISES_INSTEAD, FORGETS_AN_ERROR, LEAVES_A_GENERATOR, CALLS,
)  # fmt: skip
MOST = SAMPLES[-1]


def source() -> str:
    return PREAMBLE + "".join(f"\n\ndef f{number}(a: int, b: int, c: int) -> int:{body}" for number, body in enumerate(BODIES))


@pytest.mark.parametrize(
    ("function", "arguments", "value", "fault"),
    [
        ("f0", (1, 2, 5), 5, None),
        ("f0", (MOST, 2, 5), 0, op.Fault.OVERFLOW),
        ("f0", (MOST, 2, 0), 0, op.Fault.OVERFLOW),
        ("f1", (MOST, 2, 0), 0, op.Fault.OVERFLOW),
        ("f2", (MOST, 2, 0), 0, op.Fault.OVERFLOW),
        ("f2", (1, 2, 0), 0, op.Fault.DIVISION),
        ("f3", (MOST, 2, 0), 0, op.Fault.OVERFLOW),
        ("f3", (1, 2, 0), 0, op.Fault.DIVISION),
        ("f4", (MOST, 2, 1), 0, op.Fault.OVERFLOW),
        ("f4", (1, 2, 1), 9, None),
        ("f5", (1, 2, 1), 11, None),
        ("f6", (MOST, 2, 1), 0, op.Fault.OVERFLOW),
        ("f7", (MOST, 2, 1), 0, op.Fault.OVERFLOW),
    ],
)
def test_the_first_fault_is_what_came_of_a_call(
    function: str, arguments: tuple[int, int, int], value: int, fault: op.Fault | None
) -> None:
    outcome = OnCPython(source(), "faulty").run(Case(function, arguments))
    assert (outcome.value, outcome.error, outcome.fault) == (value, 0, fault)


def test_both_machines_stop_at_the_same_fault(tmp_path: Path) -> None:
    assert len(BODIES) == FUNCTIONS
    path = tmp_path / "faulty.py"
    path.write_text(source())
    compiled, interpreted = OnTheProcessor(path), OnCPython(source(), path.stem)
    chosen = [(one, other, third) for one in (1, 2, MOST) for other in (1, 2) for third in (0, 1, 5)]
    for case in (Case(f"f{number}", arguments) for number in range(FUNCTIONS) for arguments in chosen):
        assert compiled.run(case) == interpreted.run(case), case
    compiled.image.unload()

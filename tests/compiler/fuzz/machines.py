"""The two machines of the host that a generated program runs on: CPython, and its own processor."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, NamedTuple

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.native import NativeFault, NativeImage
from exokernel.dialect.checked import execute
from tests.compiler.fuzz.generator import FUNCTIONS
from tests.compiler.fuzz.richer import RichGenerator

ROOT = Path(__file__).parents[3]
CALLS = 12  # of each function
FAULTS: dict[type[BaseException], op.Fault] = {
    IndexError: op.Fault.INDEX,
    OverflowError: op.Fault.OVERFLOW,
    ZeroDivisionError: op.Fault.DIVISION,
    AssertionError: op.Fault.ASSERTION,
    ValueError: op.Fault.VALUE,
}
HELPERS = ("digest", "refuel", "clear")
SAMPLES = [0, 1, -1, 2, 7, 100, -100, 2**31, 2**62, -(2**63), 2**63 - 1]


class Case(NamedTuple):
    function: str
    arguments: tuple[int, int, int]


class Outcome(NamedTuple):
    """What came of a call: a value, an error's number or a fault; and the statics after it."""

    value: int
    error: int
    fault: op.Fault | None
    digest: int


def cases(seed: int) -> list[Case]:
    chance = random.Random(seed)
    found = []
    for number in range(FUNCTIONS):
        for _ in range(CALLS):
            one, two, three = (chance.choice([chance.choice(SAMPLES), chance.randrange(-50, 50), chance.randrange(9)]) for _ in range(3))
            found.append(Case(f"f{number}", (one, two, three)))
    return found


class OnCPython:
    """The program as CPython runs it."""

    def __init__(self, source: str, name: str) -> None:
        self.names: dict[str, Any] = {"__name__": name}
        execute(source, f"{name}.py", self.names)

    def run(self, case: Case) -> Outcome:
        self.names["refuel"]()
        value, error, fault = 0, 0, None
        try:
            value = self.names[case.function](*case.arguments)
        except self.names["Mishap"] as mishap:
            error = mishap.number
        except tuple(FAULTS) as stopped:
            fault = first_fault(stopped)
        if fault is not None:  # only now, when generators that the fault left suspended have run their `finally`
            self.names["clear"]()
        return Outcome(value, error, fault, self.names["digest"]())


def first_fault(stopped: BaseException) -> op.Fault:
    """What compiled code would have stopped at.

    CPython runs `finally` clauses on the way out of a fault, which may fault again and change
    statics; compiled, a fault is the end.
    """
    found = FAULTS[type(stopped)]
    earlier = stopped.__context__
    while earlier is not None:
        found = FAULTS.get(type(earlier), found)
        earlier = earlier.__context__
    return found


class OnTheProcessor:
    """The program compiled, in this process."""

    def __init__(self, source: Path, level: int = 2) -> None:
        self.name = source.stem
        functions = [*(f"f{number}" for number in range(FUNCTIONS)), *HELPERS]
        options = Options(roots=(ROOT, source.parent), entries=tuple(functions))
        program = ProgramBuilder(options).build([source.stem])
        verify(program)
        self.image = NativeImage(program, [f"{self.name}.{name}" for name in functions], level)

    def run(self, case: Case) -> Outcome:
        self.image.call(f"{self.name}.refuel")
        value, error, fault = 0, 0, None
        try:
            value, error = self.image.call(f"{self.name}.{case.function}", *case.arguments)
        except NativeFault as stopped:
            fault = stopped.kind
            self.image.call(f"{self.name}.clear")
        return Outcome(value, error, fault, self.image.call(f"{self.name}.digest").value)


def generated(seed: int, folder: Path) -> tuple[str, Path]:
    """The program of a seed, and the file it is in."""
    source = RichGenerator(seed).program()
    path = folder / f"generated{seed}.py"
    path.write_text(source)
    return source, path

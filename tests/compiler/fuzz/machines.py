"""The two machines of the host that a generated program runs on: CPython, and its own processor."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple, Self

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


class Watch:
    """Notes the first fault of a program that CPython runs, where compiled code would have stopped, and ends it.

    CPython runs `finally` clauses on the way out of a fault, which may fault again, change statics,
    or forget the fault by a `return`; compiled, a fault is the end. So what a call came to does not
    tell, and every exception is looked at where it is raised. What a module of the dialect raises
    and catches itself is no fault of the program.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.fault: op.Fault | None = None

    def __enter__(self) -> Self:
        self.before = sys.gettrace()  # a debugger's, or whoever's measures coverage
        sys.settrace(self.called)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        sys.settrace(self.before)
        return kind in FAULTS and self.fault is not None

    def called(self, frame: FrameType, event: str, argument: Any) -> Any:
        if frame.f_code.co_filename != self.file:
            return None
        frame.f_trace_lines = False
        return self.happened

    def happened(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "exception" and self.fault is None:
            self.fault = FAULTS.get(argument[0])
        return self.happened


class OnCPython:
    """The program as CPython runs it."""

    def __init__(self, source: str, name: str) -> None:
        self.names: dict[str, Any] = {"__name__": name}
        self.file = f"{name}.py"
        execute(source, self.file, self.names)

    def run(self, case: Case) -> Outcome:
        self.names["refuel"]()
        value, error = 0, 0
        with Watch(self.file) as watch:
            try:
                value = self.names[case.function](*case.arguments)
            except self.names["Mishap"] as mishap:
                error = mishap.number
        if watch.fault is not None:  # only now, when generators that the fault left suspended have run their `finally`
            value, error = 0, 0
            self.names["clear"]()
        return Outcome(value, error, watch.fault, self.names["digest"]())

    def fault(self) -> str:
        """The name of the fault that ends the program's `main`, or nothing."""
        with Watch(self.file) as watch:
            self.names["main"]()
        return next((kind.__name__ for kind, fault in FAULTS.items() if fault is watch.fault), "")


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

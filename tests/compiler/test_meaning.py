"""One source, two machines: what functions of many shapes do under CPython and compiled.

The modules in `meaning/` go through the ways of the language on purpose, where the fuzzer goes
by chance. Every function of two integers is called with many pairs; value, error, fault and
what it left in the statics must be the same. (After a fault CPython still runs `finally`
clauses, which compiled code does not: there, statics are compared where there are none.)
"""

from __future__ import annotations

import ast
import random
from pathlib import Path
from typing import Any

import pytest

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.native import NativeFault, NativeImage
from exokernel.dialect.checked import execute
from tests.compiler.fuzz.machines import FAULTS

ROOT = Path(__file__).parents[2]
MODULES = sorted((Path(__file__).parent / "meaning").glob("*.py"))
CALLS = 40  # of each function
EDGES = [0, 1, 2, 3, 5, 9, 12, -1, -2, -7, 100, 255, 256, -100, 2**31, 2**62, -(2**63), 2**63 - 1]


def functions_of(source: str) -> list[str]:
    """The functions of two integers that answer one."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and not node.decorator_list:
            notes = [each.annotation for each in node.args.args] + [node.returns]
            if [note.id for note in notes if isinstance(note, ast.Name)] == ["int"] * 3:
                found.append(node.name)
    return found


def argument(chance: random.Random) -> int:
    return chance.choice(EDGES) if chance.random() < 0.5 else chance.randrange(-20, 40)


def interpreted(names: dict[str, Any], function: str, arguments: tuple[int, int]) -> tuple[object, ...]:
    names["clear"]()
    value, error, fault = 0, 0, None
    try:
        value = int(names[function](*arguments))
    except tuple(FAULTS) as stopped:
        fault = FAULTS[type(stopped)]
    except Exception as raised:
        error = getattr(raised, "number")
    return value, error, fault, names["digest"]() if fault is None or names["exact"] else 0


def compiled(
    image: NativeImage, name: str, function: str, arguments: tuple[int, int], exact: bool
) -> tuple[object, ...]:
    image.call(f"{name}.clear")
    value, error = 0, 0
    fault: op.Fault | None = None
    try:
        value, error = image.call(f"{name}.{function}", *arguments)
    except NativeFault as stopped:
        fault = stopped.kind
    return 0 if error else value, error, fault, image.call(f"{name}.digest").value if fault is None or exact else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_means_the_same_compiled(path: Path) -> None:
    source, name = path.read_text(), path.stem
    names: dict[str, Any] = {"__name__": name, "exact": "finally" not in source}
    execute(source, str(path), names)
    functions = functions_of(source)
    entries = (*functions, "digest", "clear")
    program = ProgramBuilder(Options((ROOT, path.parent), entries=entries, checked=(name,))).build([name])
    verify(program)
    image = NativeImage(program, [f"{name}.{each}" for each in entries])
    chance = random.Random(name)
    for function in functions:
        for _ in range(CALLS):
            pair = argument(chance), argument(chance)
            ours = compiled(image, name, function, pair, names["exact"])
            assert ours == interpreted(names, function, pair), f"{function}{pair}"
    image.unload()

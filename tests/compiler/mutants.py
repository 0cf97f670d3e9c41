"""Mutants of the modules in `meaning/`: changed at random, and compared on both machines if accepted.

Run as `python -m tests.compiler.mutants FILE`, in a process of its own, since a mutant may
never end. What the compiler refuses is fine; what it accepts must mean the same.
"""

from __future__ import annotations

import ast
import copy
import random
import signal
import sys
from pathlib import Path
from typing import Any

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.native import NativeImage
from exokernel.dialect.checked import execute
from tests.compiler.test_meaning import ROOT, argument, compiled, functions_of, interpreted

SECONDS = 20  # after which a mutant is taken for one that never ends
CALLS = 10  # of each function
NUMBERS = (0, 1, 2, 3, 5, 8, 63, 64, 100, 255, 256, 65536)
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.FloorDiv, ast.Mod, ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
RELATIONS = (ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE)


def mutant(source: str, chance: random.Random) -> str:
    """The source with a few small changes in its functions."""
    tree = ast.parse(source)
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name not in ("digest", "clear")
    ]
    for _ in range(chance.choice((2, 4, 8))):
        chance.choice((change_value, change_operator, change_name, change_statements))(chance.choice(functions), chance)
    return ast.unparse(ast.fix_missing_locations(tree))


def change_value(function: ast.FunctionDef, chance: random.Random) -> None:
    found = [node for node in ast.walk(function) if isinstance(node, ast.Constant) and type(node.value) is int]
    if found:
        chance.choice(found).value = chance.choice(NUMBERS)


def change_operator(function: ast.FunctionDef, chance: random.Random) -> None:
    nodes = [node for node in ast.walk(function) if isinstance(node, (ast.BinOp, ast.AugAssign, ast.Compare, ast.If))]
    node = chance.choice(nodes) if nodes else None
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
        node.op = chance.choice(ARITHMETIC)()
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], RELATIONS):
        node.ops[0] = chance.choice(RELATIONS)()
    elif isinstance(node, ast.If):
        node.test = ast.UnaryOp(ast.Not(), node.test)


def change_name(function: ast.FunctionDef, chance: random.Random) -> None:
    found = [node for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]
    if len(found) > 1:
        one, other = chance.sample(found, 2)
        one.id = other.id


def change_statements(function: ast.FunctionDef, chance: random.Random) -> None:
    """Delete, repeat, swap or move a statement."""
    bodies: list[list[Any]] = []
    for node in ast.walk(function):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and len(body) > 1:
                bodies.append(body)
    if not bodies:
        return
    body, other = chance.choice(bodies), chance.choice(bodies)
    position = chance.randrange(len(body))
    match chance.randrange(4):
        case 0:
            del body[position]
        case 1:
            body.insert(position, copy.deepcopy(body[position]))
        case 2:
            body[position], body[position - 1] = body[position - 1], body[position]
        case _:
            other.insert(chance.randrange(len(other) + 1), copy.deepcopy(body[position]))


def compare(path: Path) -> str:
    """What differs between the machines, or nothing; `refused` when the compiler refuses."""
    source, name = path.read_text(), path.stem
    functions = functions_of(source)
    entries = (*functions, "digest", "clear")
    try:
        program = ProgramBuilder(Options((ROOT, path.parent), entries=entries, checked=(name,))).build([name])
    except CompileError:
        return "refused"
    names: dict[str, Any] = {"__name__": name, "exact": "finally" not in source}
    execute(source, str(path), names)
    image = NativeImage(program, [f"{name}.{each}" for each in entries])
    chance = random.Random(name)
    for function in functions:
        for _ in range(CALLS):
            pair = argument(chance), argument(chance)
            try:
                theirs = interpreted(names, function, pair)
            except RecursionError:
                continue  # without end, and compiled it would run off the stack
            ours = compiled(image, name, function, pair, names["exact"])
            if ours != theirs:
                return f"{function}{pair}: compiled {ours}, CPython {theirs}"
    return ""


if __name__ == "__main__":
    signal.alarm(SECONDS)
    print(compare(Path(sys.argv[1])))

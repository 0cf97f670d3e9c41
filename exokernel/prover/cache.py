"""Remembers what was proved, by the content of everything the proof depends on.

A proof of a call depends on the IR of all that the call reaches, on the specification, and on
the prover itself and its solver; what follows from the invariants on no call; a comparison on
all that and more, and no proof on what only comparisons need. What is decided is kept: proofs, comparisons that are equal or refused, the fates of
mutants. What was refuted or left open is tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import z3

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import text
from exokernel.prover.claims import ROOT
from exokernel.prover.equality import Comparison, Module
from exokernel.prover.prove import Result
from exokernel.prover.solver import Statistics
from exokernel.prover.system import Call, System

FOLDER = ROOT / ".exok" / "proofs"
DECLARED = ROOT / "exokernel" / "abi"  # whose constants the prover uses
BESIDE = ("mutants.py", "mutations.py", "counterexample.py", "code_mutants.py")  # modules no proof depends on


def reached(program: op.Program, name: str) -> set[str]:
    """The functions a function can get to."""
    found: set[str] = set()
    pending = [name]
    while pending:
        each = pending.pop()
        if each in found or each not in program.functions:
            continue
        found.add(each)
        for block in program.functions[each].blocks:
            pending += [one.function for one in block.operations if isinstance(one, op.Call)]
    return found


@cache
def prover_digest(compares: bool) -> str:
    """The source of what proves, or of what only comparisons need, with the constants it uses; and which solver."""
    digest = hashlib.sha256(z3.get_version_string().encode())
    for path in sorted(DECLARED.glob("*.py")):
        digest.update(path.read_bytes())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        of_comparisons = path.name == "equality.py" or path.parent.name == "llvm"
        if path.name not in BESIDE and of_comparisons == compares:
            digest.update(path.read_bytes())
    return digest.hexdigest()


def key_of(system: System, call: Call | None) -> str:
    """What names a proof of this call; or, of none, of what follows from the invariants."""
    program = system.program
    specified = {name for name in program.functions if name.startswith(("exokernel.spec.", "exokernel.kernel.gate."))}
    of_call = [] if call is None else [call.qualified, f"{call.qualified}.gate"]
    names = set[str]().union(*(reached(program, each) for each in (*of_call, *specified)))
    digest = hashlib.sha256(prover_digest(compares=False).encode())
    for name in sorted(names):
        digest.update(unlocated(program.functions[name]).encode())
    for record in program.records.values():
        digest.update(text.record(record).encode())
    for static in program.statics.values():
        digest.update(text.static(static).encode())
    for form in program.instructions.values():
        digest.update(text.instruction(form).encode())
    digest.update(repr((call, system.specification)).encode())
    return digest.hexdigest()


def unlocated(function: op.Function) -> str:
    """The text of a function without the lines it came from: moving it changes nothing."""
    blocks = [replace(block, operations=[replace(one, location=None) for one in block.operations]) for block in function.blocks]
    return text.function(replace(function, blocks=blocks, location=None))


def recall_text(key: str, folder: Path = FOLDER) -> str | None:
    path = folder / key
    return path.read_text() if path.exists() else None


def remember_text(key: str, text: str, folder: Path = FOLDER) -> None:
    """All at once, so that who is ended in the midst of it leaves nothing half written."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f"{key}.{os.getpid()}"
    beside.write_text(text)
    beside.replace(folder / key)


def recall(key: str) -> Result | None:
    known = recall_text(key)
    if known is None:
        return None
    kept = json.loads(known)
    kept["statistics"] = Statistics(**kept["statistics"])
    return Result(**{**kept, "remembered": True})


def remember(key: str, result: Result) -> None:
    if result.proved:
        remember_text(key, json.dumps(asdict(result)))


# Comparisons of optimised code


def key_of_comparison(system: System, call: Call, module: Module) -> str:
    """What names a comparison of a call: its proof's key, its optimised code, and what that may be told of other code."""
    digest = hashlib.sha256(key_of(system, call).encode())
    digest.update(prover_digest(compares=True).encode())
    for name in sorted(module.functions_of(call)):
        digest.update(repr(module.functions[name]).encode())
    for name in sorted(module.apart):
        code = module.functions[name]
        digest.update(repr((name, code.parameters, code.ranges)).encode())
    digest.update(repr(module.constants).encode())
    return digest.hexdigest()


def recall_comparison(key: str, module: Module) -> Comparison | None:
    """What became of a comparison; its checks stand where the source has them now."""
    known = recall_text(key)
    if known is None:
        return None
    found = Comparison(**json.loads(known))
    found.checks = module.checks_at(found.places)
    return found


def remember_comparison(key: str, result: Comparison) -> None:
    if result.verdict in ("equal", "not compared"):
        remember_text(key, json.dumps(asdict(result)))

"""A refuted clause as a test that fails, and passes once the kernel is right.

Best is a story: calls from boot, the last of which goes wrong. It is sought beside the
specification, in so many random walks, the same each time. Where none is found there is still the
state z3 found, sparse: the cells that the proof looked at, everything else zero. That test puts
them into the memory of the kernel's test world, makes the one call, and asks of the specification
how it must end, and the clause, under CPython. Such a test is saved only if it fails. Not every
state shows by itself what is wrong: not one in the midst of a loop, nor one that depends on
what the prover leaves open. What a call may learn no single state can show.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import z3

from exokernel.abi.layout import DIRECT_MAP
from exokernel.prover import terms
from exokernel.prover.claims import ROOT
from exokernel.prover.instantiate import FAR, JOINED, Access, Key, Thing
from exokernel.prover.layout import MACHINE_ROWS
from exokernel.prover.llvm.addresses import Map, Region
from exokernel.prover.machine import PAGES_OF, REQUESTS
from exokernel.prover.obligations import Run, execute
from exokernel.prover.own import any_thing
from exokernel.prover.prove import Failure
from exokernel.prover.system import System
from exokernel.prover.terms import Term
from exokernel.prover.theorems import FIXED

OF_THE_CALL = ("safe", "atomic", "error", "ends", "value", "steps")  # clauses that name nothing else
STAYS = " stays as it was"  # how `keeps` names what did not
IMPORTED = {"Capability": "exokernel.abi.capability", "Entry": "exokernel.abi.x86_64"}  # in a line of a test
SEEKER = "tests.kernel.find_story"
STORY = '''"""`{call}` goes wrong here. The proof refutes `{clause}`: {what}

Written by `exok prove --counterexample`.
"""

{imports}from tests.kernel.trial import Trial


def test_{call}_keeps_{name}() -> None:
    trial = Trial()
{story}
'''
STATE = '''"""`{call}` refutes `{clause}`: {what}

Written by `exok prove --counterexample`.
"""

{imports}from tests.kernel.given import Given

CELLS = (  # address, bytes, value; all else is zero
{cells}
)


def test_{call}_keeps_{name}() -> None:
    given = Given(CELLS, {about})
    {step}
'''


def story_of(call: str) -> list[str]:
    """Calls from boot that show a bug in a call, as lines of Python; [] if none was found."""
    command = [sys.executable, "-m", SEEKER, call]
    found: list[str] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return found


def is_failing(path: Path) -> bool:
    """Whether a saved test fails on this checkout's kernel."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(path)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 1


def write_test(
    system: System,
    call: str,
    failure: Failure,
    folder: Path,
    story: list[str],
    fails: Callable[[Path], bool] = is_failing,
) -> Path | None:
    """Save a failure as a test, its story or the state of its model; where to, or None if that state does not show it."""
    name = "".join(letter if letter.isalnum() else "_" for letter in failure.clause)
    said = {"call": call, "clause": failure.clause, "what": failure.what, "name": name}
    path = folder / f"test_{call}_{name}.py"
    if story:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(STORY.format(**said, **told(story)))
        return path
    state = state_of(system, call, failure)
    if state is None:
        return None
    with TemporaryDirectory() as scratch:
        draft = Path(scratch) / path.name
        draft.write_text(STATE.format(**said, **state))
        if not fails(draft):
            return None
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(draft, path))


def imports_of(text: str) -> str:
    return "".join(f"from {module} import {word}\n" for word, module in IMPORTED.items() if f"{word}.of(" in text)


def told(story: list[str]) -> dict[str, str]:
    return {"imports": imports_of("".join(story)), "story": "\n".join(f"    {each}" for each in story)}


def state_of(system: System, call: str, failure: Failure) -> dict[str, str] | None:
    """What a test needs of the state a model describes; None if there is no model, or it is not of a whole call."""
    about = None if failure.model is None else names_of(system, failure)
    if about is None or failure.obligation is None:
        return None
    run = execute(system, system.calls[call])
    seen = [(MACHINE_ROWS, (terms.number(0),)), *run.accesses, *failure.obligation.accesses]
    cells = sorted(set(cells_of(system, failure.model, [*seen, *next_to(system, seen)])))
    step = step_of(run, failure.model)
    return {
        "imports": imports_of(step),
        "cells": "\n".join(f"    ({address:#x}, {size}, {value:#x})," for address, size, value in cells),
        "about": ", ".join([repr(failure.clause), *map(str, about)]).replace("'", '"'),
        "step": step,
    }


def step_of(run: Run, model: Any) -> str:
    """The call, as a line of Python."""
    call, values = run.call, [evaluated(model, each) for each in run.arguments]
    first, last = [f'"{call.name}"'] * call.has_caller, [f"by={values.pop(0)}"] if call.has_caller else []
    given = [
        f"{each.type}.of({value % 2**64:#x})" if each.type in IMPORTED else str(value)
        for each, value in zip(call.parameters, values, strict=True)
    ]
    return f"given.{'call' if call.has_caller else call.name}({', '.join([*first, *given, *last])})"


def next_to(system: System, seen: list[Access]) -> list[Access]:
    """The places that the invariants speak of besides those seen."""
    instances, found, front = system.instances(system.state), list[Access](), seen
    formulas, things = dict[Key, Term](), list[Thing]()
    for _ in range(FAR.rounds):
        front = [access for each in front for access in instances.instances_at(each, formulas, things)]
        found += front
    return found


def names_of(system: System, failure: Failure) -> list[int] | None:
    """The names for which the model refutes a clause; None if it is one that no single call can be asked."""
    clause, model, specification = failure.clause, failure.model, system.specification
    if clause in OF_THE_CALL:
        return []
    if clause == "keeps":
        return place_kept(system, failure)
    if clause.startswith("does_"):
        kind = clause.removeprefix("does_")
        reader = specification.function(f"{kind}_row")
        return None if reader is None else [evaluated(model, each) for each in any_thing(reader, kind)]
    claims = (specification.find(part, clause) for part in ("invariants", "counts", "totals", "theorems"))
    claim = next((each for each in claims if each is not None), None)
    if claim is None:
        return None
    named = [each for each in claim.parameters if each.name not in FIXED]
    return [evaluated(model, terms.variable(f"{clause}.{each.name}!")) for each in named]


def place_kept(system: System, failure: Failure) -> list[int] | None:
    """Address and size of a cell that has changed and should not."""
    assert failure.what.endswith(STAYS)
    family = failure.what.removesuffix(STAYS)
    for region in regions_of(system):
        for leaf in region.leaves:
            if leaf.family == family:
                key = terms.variable(f"any {family}", sum(system.layout.family(family).widths) or 1)
                index = failure.model.eval(key, model_completion=True).as_long()  # type: ignore[attr-defined]
                return [region.start + index * region.size + leaf.offset, leaf.size]
    return None


def regions_of(system: System) -> list[Region]:
    """Where the tables are, and what libraries write into frames of data."""
    tables = Map(system)
    pages, requests = (tables.region(name, system.layout.roots[name], DIRECT_MAP) for name in (PAGES_OF, REQUESTS))
    return [*tables.regions, pages, replace(requests, size=8)]  # a request may lie at any word


def evaluated(model: Any, term: Any) -> int:
    found = model.eval(term, model_completion=True)
    return int(found.as_signed_long()) if z3.is_bv_value(found) else int(z3.is_true(found))


def cells_of(system: System, model: Any, seen: list[Access]) -> Iterator[tuple[int, int, int]]:
    """The cells looked at, by address, that are not zero."""
    for region in regions_of(system):
        for leaf in region.leaves:
            record = leaf.family[: leaf.family.rindex("[]") + 2]
            for path, indices in seen:
                if path == record:
                    yield from cell(system, model, region, leaf.family, leaf.offset, leaf.size, path, indices)


def cell(
    system: System, model: Any, region: Region, family: str, offset: int, size: int, path: str, indices: tuple[Any, ...]
) -> Iterator[tuple[int, int, int]]:
    numbers = [evaluated(model, each) for each in indices]
    bits = next((bits for ending, bits in JOINED.items() if path.endswith(ending)), 9)
    index = numbers[0] if len(numbers) == 1 else (numbers[0] << bits) + numbers[1]
    if not 0 <= index < region.length:
        return
    table = system.state.table(family)
    key = terms.number(index, sum(table.family.widths) or 1)
    value = model.eval(table.look_up(key, len(table.updates)), model_completion=True).as_long()
    if value:
        yield region.start + index * region.size + offset, size, value

"""A refuted clause as a test that fails.

Best is a story: calls from boot, the last of which goes wrong. It is sought beside the
specification, in so many random walks, the same each time. Where none is found there is still the
state z3 found, sparse: the cells that the proof looked at, everything else zero. That test puts
them into the memory of the kernel's test world, makes the one call, and asks the specification
again, under CPython.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import z3

from exokernel.prover import terms
from exokernel.prover.claims import ROOT
from exokernel.prover.instantiate import JOINED, Access
from exokernel.prover.llvm.addresses import Map, Region
from exokernel.prover.obligations import execute
from exokernel.prover.prove import Failure
from exokernel.prover.system import System

SEEKER = "tests.kernel.find_story"
STORY = '''"""`{call}` refutes `{clause}`: {what}

Written by `exok prove --counterexample`.
"""

{imports}from tests.kernel.trial import Trial


def test_{call}_keeps_{name}() -> None:
    trial = Trial()
{story}
'''
TEMPLATE = '''"""`{call}` refutes `{clause}`: {what}

Written by `exok prove --counterexample`.
"""

from tests.kernel.worlds import World, loaded_with_the_kernel

CELLS = (  # address, bytes, value
{cells}
)


def test_{call}_keeps_{name}() -> None:
    world = World()
    world.memory.restore({{}})
    for address, size, value in CELLS:
        world.memory.store(address, size, value)
    answer = world.answer("{call}", {arguments}by={caller})
{question}
'''


def story_of(call: str) -> list[str]:
    """Calls from boot that show a bug in a call, as lines of Python; [] if none was found."""
    command = [sys.executable, "-m", SEEKER, call]
    found: list[str] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return found


def write_test(system: System, call: str, failure: Failure, folder: Path, story: list[str]) -> Path:
    """Save a failure as a test: its story, or the state of its model; where to."""
    name = "".join(letter if letter.isalnum() else "_" for letter in failure.clause)
    said = {"call": call, "clause": failure.clause, "what": failure.what, "name": name}
    text = STORY.format(**said, **told(story)) if story else TEMPLATE.format(**said, **state_of(system, call, failure))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"test_{call}_{name}.py"
    path.write_text(text)
    return path


def told(story: list[str]) -> dict[str, str]:
    needed = (("Capability", "exokernel.abi.capability"), ("Entry", "exokernel.abi.x86_64"))
    imports = [f"from {module} import {word}\n" for word, module in needed if any(f"{word}.of(" in each for each in story)]
    return {"imports": "".join(imports), "story": "\n".join(f"    {each}" for each in story)}


def state_of(system: System, call: str, failure: Failure) -> dict[str, Any]:
    """What a test needs of the state a model describes."""
    assert failure.obligation is not None
    run = execute(system, system.calls[call])
    seen = [*run.accesses, *failure.obligation.accesses]
    values = [evaluated(failure.model, each) for each in run.arguments]
    caller, arguments = values[0], values[1:]
    cells = sorted(set(cells_of(system, failure.model, seen)))
    return {
        "cells": "\n".join(f"    ({address:#x}, {size}, {value:#x})," for address, size, value in cells),
        "arguments": "".join(f"{each}, " for each in arguments),
        "caller": caller,
        "question": question(system, failure),
    }


def evaluated(model: Any, term: Any) -> int:
    found = model.eval(term, model_completion=True)
    return int(found.as_signed_long()) if z3.is_bv_value(found) else int(z3.is_true(found))


def cells_of(system: System, model: Any, seen: list[Access]) -> Iterator[tuple[int, int, int]]:
    """The cells looked at, by address, that are not zero."""
    for region in Map(system).regions:
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


def question(system: System, failure: Failure) -> str:
    """What the test asks after the call."""
    claim = system.specification.find("invariants", failure.clause)
    if claim is None:
        return f"    assert answer.error < 0, {failure.what!r}  # as the prover says; the state is above\n"
    names = [evaluated(failure.model, terms.variable(f"{claim.name}.{each.name}!")) for each in claim.parameters]
    return (
        "    assert answer.error == 0\n"
        "    with loaded_with_the_kernel():\n"
        f"        from exokernel.spec.invariants import {claim.name}\n\n"
        f"        assert {claim.name}({', '.join(map(str, names))})\n"
    )

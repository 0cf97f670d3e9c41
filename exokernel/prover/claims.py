"""What is claimed of the kernel: the functions of `exokernel.spec`, by the module they stand in.

- `spec.invariants`: each public function is true of every state between calls, for all names;
- `spec.theorems`: each public function is true of every step, of what its views saw before and after;
- `spec.loops`: what the kernel's loops keep from step to step;
- `spec.counts`: which counter counts what, for all that is counted;
- `spec.consequences`: what follows from the invariants, of any one state;
- `spec.totals`: what is only handed on, so that its sum stays;
- `spec.privacy`: which private cells a call may learn;
- `spec.assumptions`: what is taken for granted of every state;
- elsewhere: what each call does (see `own`).

A parameter's type says what a claim holds for all of: a Frame is any frame. Only the source's
signatures are read here; the functions themselves come from the compiler like the kernel's own.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exokernel.abi import names

ROOT = Path(__file__).resolve().parents[2]
RANGES = {
    "Frame": names.FRAMES,
    "Index": names.TABLE_ENTRIES,
    "Slot": names.SLOTS,
    "EnvironmentId": names.ENVIRONMENTS,
    "Slice": names.SLICES,
    "Page": names.USER_PAGES,
}


@dataclass(frozen=True)
class Parameter:
    name: str
    type: str

    @property
    def length(self) -> int | None:
        """How many names of this type there are, or None for any 64-bit value."""
        return RANGES.get(self.type)


@dataclass(frozen=True)
class Claim:
    """One function of the specification."""

    name: str
    module: str
    parameters: tuple[Parameter, ...]
    result: str
    sentence: str  # the first line of its docstring

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass
class Specification:
    """All claims, by module and name."""

    claims: dict[str, dict[str, Claim]] = field(default_factory=dict)
    bounds: dict[str, int] = field(default_factory=dict)  # how many things a counter can count
    exceptions: dict[str, tuple[str, ...]] = field(default_factory=dict)  # calls a theorem is not about
    among: dict[str, str] = field(default_factory=dict)  # counters that count some of what another does
    of_whole_calls: tuple[str, ...] = ()  # theorems that need not hold of each step of a loop

    def all(self, part: str) -> list[Claim]:
        return [claim for claim in self.claims.get(part, {}).values() if not claim.name.startswith("_")]

    def find(self, part: str, name: str) -> Claim | None:
        return self.claims.get(part, {}).get(name)

    def functions(self) -> Iterator[Claim]:
        return (claim for part in self.claims.values() for claim in part.values())

    def function(self, name: str) -> Claim | None:
        """A function of the specification, whichever module it stands in."""
        return next((part[name] for part in self.claims.values() if name in part), None)

    def modules(self) -> list[str]:
        return [f"exokernel.spec.{part}" for part in self.claims]


def read_specification(folder: Path = ROOT / "exokernel" / "spec") -> Specification:
    """The claims in every module of the specification."""
    found = Specification()
    for path in sorted(folder.glob("*.py")):
        if path.stem != "__init__":
            found.claims[path.stem] = {claim.name: claim for claim in claims_in(path)}
    found.bounds = table_in(folder / "counts.py", "AT_MOST") | table_in(folder / "totals.py", "AT_MOST")
    found.exceptions = table_in(folder / "theorems.py", "EXCEPT")
    found.of_whole_calls = tuple(table_in(folder / "theorems.py", "OF_WHOLE_CALLS"))
    found.among = table_in(folder / "counts.py", "AMONG")
    return found


def table_in(path: Path, name: str) -> Any:
    """A module's table of constant expressions by claim."""
    for node in ast.parse(path.read_text()).body if path.exists() else ():
        if isinstance(node, ast.Assign) and spelt(node.targets[0]) == name:
            return eval(compile(ast.Expression(node.value), str(path), "eval"), {"__builtins__": {}})
    return {}


def claims_in(path: Path) -> list[Claim]:
    module = f"exokernel.spec.{path.stem}"
    functions = [node for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [
        Claim(
            node.name,
            module,
            tuple(Parameter(each.arg, spelt(each.annotation)) for each in node.args.args),
            spelt(node.returns),
            (ast.get_docstring(node) or "").partition("\n")[0],
        )
        for node in functions
    ]


def spelt(annotation: ast.expr | None) -> str:
    return "" if annotation is None else ast.unparse(annotation)

"""Is the proof awake? Change one token of a call, and something must no longer hold.

A mutant is first run on states that calls have led to, beside the specification; what survives
that is given to the prover, which stops at the first clause refuted. `unknown` is no kill. A
survivor stands with its reason in the file of survivors, or is a gap in the specification.
What the compiler refuses, and what it makes the same code of, is no mutant.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from pathlib import Path

import z3

from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.ir import operations as op
from exokernel.compiler.parse.modules import Module
from exokernel.prover import cache, terms
from exokernel.prover.claims import ROOT, Specification
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.apart import functions_apart
from exokernel.prover.machine import MACHINE
from exokernel.prover.mutations import Mutation, mutations_of
from exokernel.prover.obligations import Obligation, Run, execute, obligations
from exokernel.prover.own import own_specification
from exokernel.prover.privacy import privacy
from exokernel.prover.prove import answer_to
from exokernel.prover.solver import ROUND, SMALL, Verdict
from exokernel.prover.system import ADMITTED, KERNEL, Call, System, load_program
from exokernel.prover.theorems import step_theorems

SURVIVORS = ROOT / "tests" / "prover" / "survivors.txt"
TRIER = "tests.kernel.try_mutants"  # runs a mutant beside the specification, in a process of its own
PARTS = ("exokernel/abi", "exokernel/dialect", "exokernel/kernel")
EFFORTS = SMALL, 10_000_000, 2 * ROUND  # for each try of a question, when all that are easier have been asked
ENOUGH = 120  # seconds for a mutant of which questions stay open
OF_ALL = tuple(f"exokernel.spec.{part}" for part in ("invariants", "counts", "theorems", "views"))
BY_RUNNING, BY_PROOF, REFUSED = "run", "proof", "refused"
ALIVE, UNKNOWN, NO_CODE, SAME_CODE = "alive", "unknown", "does not compile", "same code"


@dataclass(frozen=True)
class Fate:
    """What became of a mutant, and what showed it."""

    label: str
    verdict: str
    what: str = ""

    @property
    def killed(self) -> bool:
        return self.verdict in (BY_RUNNING, BY_PROOF, REFUSED)

    @property
    def counts(self) -> bool:
        return self.verdict not in (NO_CODE, SAME_CODE)

    @property
    def lives(self) -> bool:
        return self.counts and not self.killed


def portable(name: str) -> bool:
    return name.startswith("exokernel.kernel.") and not name.startswith(MACHINE)


def mutants_of(system: System, names: list[str]) -> list[Mutation]:
    """Every mutant of the functions that these calls, or all, reach, and of the gates before them; but not of hashes and
    reports, which are compared apart."""
    functions: dict[str, set[str]] = {}
    apart = set[str]().union(*(cache.reached(system.program, each.qualified) for each in functions_apart(system)))
    for step in chain.from_iterable((system.calls[name], *gates_before(system, system.calls[name])) for name in names or system.calls):
        for each in cache.reached(system.program, step.qualified) - apart:
            if portable(each):
                module, _, function = each.rpartition(".")
                functions.setdefault(module, set()).add(function)
    found: list[Mutation] = []
    for module in sorted(functions):
        path = KERNEL / f"{module.removeprefix('exokernel.kernel.').replace('.', '/')}.py"
        found += mutations_of(path, module, functions[module])
    return found


def gates_before(system: System, call: Call) -> Iterator[Call]:
    """What is done before a call's own code."""
    if call.has_caller:
        yield system.gates["caller"]
        yield from (system.gates[f"admit_{ADMITTED[each.type]}"] for each in call.parameters if each.type in ADMITTED)


class Workshop:
    """A copy of the kernel's source in a folder, in which a module can be another."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.parsed: dict[str, Module] = {}
        self.texts: dict[str, str] = {}  # of the honest functions
        for part in PARTS:
            shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))

    def changed_functions(self, system: System, mutation: Mutation) -> dict[str, op.Function]:
        """The functions whose IR the mutation changes. Raises CompileError."""
        path = self.root / f"{mutation.module.replace('.', '/')}.py"
        before = path.read_text()
        path.write_text(mutation.source)
        self.parsed.pop(mutation.module, None)
        try:
            program = load_program(system.calls, Specification(), self.root, self.parsed)
        finally:
            path.write_text(before)
            self.parsed.pop(mutation.module, None)
        return {
            name: function
            for name, function in program.functions.items()
            if portable(name) and cache.unlocated(function) != self.honest_text(system, name)
        }

    def honest_text(self, system: System, name: str) -> str:
        if name not in self.texts:
            found = system.program.functions.get(name)
            self.texts[name] = cache.unlocated(found) if found is not None else ""
        return self.texts[name]


@dataclass
class Changed:
    """While this lasts, the kernel is another."""

    system: System
    functions: dict[str, op.Function]

    def __enter__(self) -> None:
        self.honest = dict(self.system.program.functions)
        self.system.program.functions.update(self.functions)
        self.system.executor.graphs.clear()

    def __exit__(self, *_: object) -> None:
        self.system.program.functions.clear()
        self.system.program.functions.update(self.honest)
        self.system.executor.graphs.clear()
        self.system.forget_states()


@dataclass
class Judge:
    """Decides the fate of mutants, one after another."""

    system: System
    workshop: Workshop
    again: bool = False
    honest: dict[str, set[Question]] = field(default_factory=dict)  # by call
    contents: dict[str, tuple[str, str]] = field(default_factory=dict)

    @cached_property
    def trier(self) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", TRIER]
        return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    @cached_property
    def text_of_trial(self) -> bytes:
        """The text of what plays against a mutant and judges it; what executes it is the dialect's."""
        parts = sorted(ROOT.joinpath(*TRIER.split(".")).parent.glob("*.py"))
        return b"".join(each.read_bytes() for each in parts if not each.name.startswith("test_"))

    def fate(self, mutation: Mutation) -> Fate:
        """What becomes of a mutant, remembered by content: what running showed does not depend on the prover."""
        steps = (*self.system.calls.values(), *self.system.gates.values())
        calls = [each for each in steps if reaches(self.system, each, mutation)]
        run_key, proof_key = self.keys(mutation, calls)
        for key in (run_key, proof_key):
            known = None if self.again else cache.recall_text(key)
            if known is not None:
                return Fate(mutation.label, *json.loads(known))
        fate = self.decided(mutation, calls)
        if fate.verdict != UNKNOWN:
            key = proof_key if fate.verdict in (BY_PROOF, REFUSED, ALIVE) else run_key
            cache.remember_text(key, json.dumps([fate.verdict, fate.what]))
        return fate

    def keys(self, mutation: Mutation, calls: list[Call]) -> tuple[str, str]:
        """For what running shows: how it is tried, the calls and all said of them; for what the prover shows, how it is proved, too."""
        digest = hashlib.sha256(f"{mutation.module} {mutation.function} {mutation.change}".encode())
        digest.update(self.text_of_trial)
        digest.update("".join(self.content(each)[0] for each in calls).encode())
        run_key = digest.hexdigest()
        digest.update("".join(self.content(each)[1] for each in calls).encode())
        return run_key, digest.hexdigest()

    def content(self, call: Call) -> tuple[str, str]:
        """What names a call and all said of it; and its proof."""
        if call.name not in self.contents:
            program = self.system.program
            roots = [call.qualified, *(name for name in program.functions if is_said_of(name, call))]
            names = sorted(set().union(*(cache.reached(program, each) for each in roots)))
            text = "".join(cache.unlocated(program.functions[each]) for each in names)
            self.contents[call.name] = text, cache.key_of(self.system, call)
        return self.contents[call.name]

    def decided(self, mutation: Mutation, calls: list[Call]) -> Fate:
        try:
            functions = self.workshop.changed_functions(self.system, mutation)
        except CompileError as error:
            return Fate(mutation.label, NO_CODE, error.sentence)
        if not functions:
            return Fate(mutation.label, SAME_CODE)
        objection = self.tried(mutation, calls)
        if objection:
            return Fate(mutation.label, BY_RUNNING, objection)
        for call in calls:
            self.honest_questions(call)
        with Changed(self.system, functions):
            return Fate(mutation.label, *self.refutation(calls))

    def tried(self, mutation: Mutation, calls: list[Call]) -> str:
        assert self.trier.stdin is not None and self.trier.stdout is not None
        asked = {
            "module": mutation.module,
            "function": mutation.function,
            "source": mutation.source,
            "calls": [each.name for each in calls],
        }
        self.trier.stdin.write(json.dumps(asked) + "\n")
        self.trier.stdin.flush()
        return str(json.loads(self.trier.stdout.readline()))

    def refutation(self, calls: list[Call]) -> tuple[str, str]:
        """The first clause that the kernel, as it is now, violates."""
        doubt, end = "", time.monotonic() + ENOUGH
        for call in calls:
            try:
                for what, verdict in self.answers(call, end):
                    if verdict is Verdict.REFUTED:
                        return BY_PROOF, f"{call.name}: {what}"
                    doubt = doubt or f"{call.name}: {what}"
            except Unsupported as reason:
                return REFUSED, f"{call.name}: {reason}"
            except (RuntimeError, z3.Z3Exception) as reason:  # the prover's own: no kill
                doubt = doubt or f"{call.name}: {reason!r}"
        return (UNKNOWN, doubt) if doubt else (ALIVE, "")

    def answers(self, call: Call, end: float) -> Iterator[tuple[str, Verdict]]:
        """What is not proved of a call, of all that is not asked of the honest kernel too; what is hard, last, and till `end`."""
        run = self.run(call)
        asked = [each for each in questions(self.system, run) if question(each, run) not in self.honest[call.name]]
        for effort in EFFORTS:
            hard = []
            for each in asked:
                late = effort != SMALL and time.monotonic() > end
                verdict = Verdict.UNKNOWN if late else answer_to(self.system, each, run, most=effort).verdict
                if verdict is Verdict.REFUTED:
                    yield f"{each.clause}: {each.what}", verdict
                elif verdict is Verdict.UNKNOWN:
                    hard.append(each)
            asked = hard
        for each in asked:
            yield f"{each.clause}: {each.what}", Verdict.UNKNOWN

    def run(self, call: Call) -> Run:
        """A call executed, with the same names for the same unknowns each time."""
        before, self.system.executor.counter = self.system.executor.counter, NAMED_FROM
        try:
            return execute(self.system, call)
        finally:
            self.system.executor.counter = max(before, NAMED_FROM)

    def honest_questions(self, call: Call) -> None:
        if call.name not in self.honest:
            run = self.run(call)
            asked = list(questions(self.system, run))
            kept.append((run, asked))
            self.honest[call.name] = {question(each, run) for each in asked}


NAMED_FROM = 1_000_000_000  # the first number of an unknown: none the shared state uses
kept: list[object] = []  # so that the identities of their terms stay theirs
Question = tuple[object, ...]


def question(obligation: Obligation, run: Run) -> Question:
    """What makes two questions one: the claim, and all that it is asked under."""
    facts = run.journal.demands[: obligation.facts]
    asked = [obligation.claim, *obligation.conditions, *(each.fact for each in facts)]
    return obligation.clause, *map(terms.identity, asked)


def questions(system: System, run: Run) -> Iterator[Obligation]:
    """What is likeliest to be refuted first: what the call itself is specified to do."""
    return chain(own_specification(system, run), obligations(system, run), step_theorems(system, run), privacy(system, run))


def reaches(system: System, call: Call, mutation: Mutation) -> bool:
    return f"{mutation.module}.{mutation.function}" in cache.reached(system.program, call.qualified)


def is_said_of(function: str, call: Call) -> bool:
    """Whether this is a function of the specification that speaks of a call, or of all states."""
    package, _, name = function.rpartition(".")
    of_all = package in OF_ALL
    return of_all or package.startswith("exokernel.spec.") and name.startswith(f"{call.name}_")


def excuses(path: Path = SURVIVORS) -> dict[str, str]:
    """Why each survivor is no gap, by its label."""
    lines = path.read_text().splitlines() if path.exists() else []
    found = (line.partition(" — ") for line in lines if line and not line.startswith("#"))
    return {label: reason for label, _, reason in found}

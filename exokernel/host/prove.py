"""Prove the kernel's calls, for all states and all arguments, from their own source.

Without names it proves every call. Says what was proved and in how long, and what is trusted.
The status is 1 when anything is not proved.
"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from exokernel.host.errors import Status, ToolError
from exokernel.host.progress import progress

if TYPE_CHECKING:  # a proof needs more packages than the help does
    from exokernel.prover.equality import Comparison, Module
    from exokernel.prover.prove import Result
    from exokernel.prover.system import Call, System

Found = TypeVar("Found")
CONSEQUENCES = "consequences"  # what follows from the invariants: proved like a call
TRUSTED = (
    "the specification (exokernel/spec), and its assumptions.py",
    "the front end, from source to IR, and LLVM's back end, from optimised IR to machine code",
    "the machine's functions as prover/machine.py models them: entry assembly, boot, drivers",
    "prover/, z3, and what runs them",
    "the processor, and devices that keep to their own memory",
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("calls", nargs="*", metavar="CALL", help="which calls to prove; all, if none is named")
    parser.add_argument("--clause", metavar="NAME", help="only this clause: an invariant, a theorem, `safe`, `error`, `does_frame` …")
    parser.add_argument("--json", action="store_true", help="the results in JSON, on one line each")
    parser.add_argument("--counterexample", type=Path, metavar="DIR", help="save what refutes a clause as a failing test")
    parser.add_argument("--mutants", action="store_true", help="prove the proof: change one token at a time")
    parser.add_argument("--again", action="store_true", help="prove also what was proved before and has not changed")
    jobs = min(2, os.cpu_count() or 1)
    parser.add_argument("--jobs", type=int, default=jobs, metavar="N", help="processes, 2 by default")
    parser.add_argument("-v", "--verbose", action="store_true", help="the checks that optimised code still has, shown out of reach")
    parser.add_argument("--list", action="store_true", help="the calls and the clauses")


def execute(options: Namespace) -> int:
    ask_in_the_same_words()
    os.nice(5)
    from exokernel.prover.system import load_system

    system = load_system()
    unknown = [name for name in options.calls if name not in system.calls and name != CONSEQUENCES]
    if unknown:
        raise ToolError(f"there is no call '{unknown[0]}'", "exok prove --list")
    if options.list:
        return show_list(system)
    if options.mutants:
        from exokernel.host.mutants import report_mutants

        return report_mutants(system, options)
    return prove_all(system, options)


def ask_in_the_same_words() -> None:
    """Start again, if need be, with sets in the same order each time: how long z3 takes depends on how it is asked."""
    if sys.flags.hash_randomization:
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], {**os.environ, "PYTHONHASHSEED": "0"})


def prove_all(system: System, options: Namespace) -> int:
    from exokernel.prover import equality

    began, results, compared = time.perf_counter(), [], []
    names = options.calls or [CONSEQUENCES, *system.calls]
    with progress("compiling the kernel"):
        module = None if options.clause else equality.optimised_kernel(system)
    for result, comparison in each_of(names, Work(system, module, options)):
        results.append(result)
        show(result, options)
        compared += comparison
        for each in comparison:
            show_comparison(each, options)
    if not options.json:
        summarise(results, compared, time.perf_counter() - began)
    differs = any(each.verdict != "equal" for each in compared)
    return Status.FAILED if differs or any(not each.proved for each in results) else 0


@dataclass
class Work:
    """What there is to do for each call."""

    system: System
    module: Module | None  # the optimised kernel, if it is to be compared
    options: Namespace

    def result(self, name: str) -> Result:
        from exokernel.prover import cache
        from exokernel.prover.counterexample import story_of
        from exokernel.prover.prove import prove_call, prove_consequences

        system, options = self.system, self.options
        if name == CONSEQUENCES:
            return prove_consequences(system, options.clause)
        call = system.calls[name]
        key = cache.key_of(system, call)
        known = None if options.again or options.clause else cache.recall(key)
        if known is not None:
            return known
        result = prove_call(system, call, options.clause, keep_models=options.counterexample is not None)
        if options.clause is None:
            cache.remember(key, result)
        if result.failures:  # a story settles also what the solver could not
            result.story = story_of(name)
        if options.counterexample is not None:
            save(system, result, options.counterexample)
        result.failures = [replace(each, obligation=None, model=None) for each in result.failures]
        return result

    def comparisons(self, name: str) -> list[Comparison]:
        """Of a call's optimised code with its source; beside the consequences, of what many calls lead to."""
        if self.module is None:
            return []
        if name == CONSEQUENCES:
            from exokernel.prover.llvm.apart import functions_apart

            return [self.comparison(each, self.module) for each in functions_apart(self.system)]
        return [self.comparison(self.system.calls[name], self.module)]

    def comparison(self, call: Call, module: Module) -> Comparison:
        from exokernel.prover import cache, equality

        key = cache.key_of_comparison(self.system, call, module)
        known = None if self.options.again else cache.recall_comparison(key)
        if known is None:
            known = equality.compare(equality.Source(self.system, call, module), module)
            cache.remember_comparison(key, known)
        return known


def each_of(names: list[str], work: Work) -> Iterator[tuple[Result, list[Comparison]]]:
    """Every call's results in order, worked out in several processes."""
    with ThreadPoolExecutor(work.options.jobs) as threads:
        asked = [
            (threads.submit(alone, work, Work.result, name), threads.submit(alone, work, Work.comparisons, name))
            for name in names
        ]
        for done, (name, (result, comparisons)) in enumerate(zip(names, asked, strict=True)):
            with progress(f"proving {name}, {done} of {len(names)} done"):
                found = result.result(), comparisons.result()
            yield found


def alone(work: Work, part: Callable[[Work, str], Found], name: str) -> Found:
    """One part of the work, in a process of its own: how z3 goes about a question depends on those it was asked before."""
    with ProcessPoolExecutor(1, get_context("fork"), initializer=take, initargs=(work,)) as process:
        return process.submit(do, part, name).result()


taken: list[Work] = []  # by this process


def take(work: Work) -> None:
    taken[:] = [work]


def do(part: Callable[[Work, str], Found], name: str) -> Found:
    return part(taken[0], name)


def show_comparison(comparison: Comparison, options: Namespace) -> None:
    if options.json:
        print(json.dumps(asdict(comparison)), flush=True)
    elif comparison.verdict != "equal":
        print(f"    optimised code of {comparison.call} {comparison.verdict}: {comparison.what}", flush=True)
    for check in comparison.checks if options.verbose and not options.json else ():
        print(f"    out of reach: {check}", flush=True)


def show(result: Result, options: Namespace) -> None:
    if options.json:
        print(json.dumps(result.as_json()), flush=True)
        return
    verdict = "proved" if result.proved else "NOT PROVED"
    pace = "before" if result.remembered else f"{result.seconds:.1f} s"
    print(f"{result.call:22}{verdict:11}{result.questions:4} questions  {result.paths:2} paths  {pace}", flush=True)
    for failure in result.failures:
        print(f"    {failure.clause}: {failure.what}\n      {failure.verdict} {failure.where}", flush=True)
    if result.story:
        print("\n".join(["    this shows it, from boot on:", *(f"      {line}" for line in result.story)]), flush=True)
    elif result.failures:
        print("    no calls that show it were found at random", flush=True)


def summarise(results: list[Result], compared: list[Comparison], seconds: float) -> None:
    proved = sum(each.proved for each in results)
    questions = sum(each.questions for each in results)
    unknown = sum(failure.verdict == "unknown" for each in results for failure in each.failures)
    clauses = {clause for each in results for clause in each.clauses}
    told = f"{questions} questions, {len(clauses)} clauses, {unknown} unknown, {seconds:.0f} s"
    print(f"\n{proved} of {len(results)} calls proved: {told}")
    equal, traps = sum(each.verdict == "equal" for each in compared), sum(each.traps for each in compared)
    print(f"optimised code equal to its source: {equal} of {len(compared)}; {traps} checks in it out of reach")
    print("trusted: " + ";\n         ".join(TRUSTED))


def save(system: System, result: Result, folder: Path) -> None:
    from exokernel.prover.counterexample import write_test

    for failure in result.failures:
        if failure.model is not None or result.story:
            path = write_test(system, result.call, failure, folder, result.story)
            print(f"    counterexample: {path}", file=sys.stderr)


def show_list(system: System) -> int:
    for name, call in system.calls.items():
        print(f"{name:22}{', '.join(f'{each.name}: {each.type}' for each in call.parameters)}")
    for part in ("invariants", "counts", "theorems"):
        for claim in system.specification.all(part):
            if claim.sentence:
                print(f"{part:12}{claim.name:44}{claim.sentence}")
    return 0

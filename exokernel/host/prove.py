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
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from exokernel.host.errors import Status, ToolError

if TYPE_CHECKING:  # a proof needs more packages than the help does
    from exokernel.prover.equality import Comparison
    from exokernel.prover.prove import Result
    from exokernel.prover.system import System

TRUSTED = (
    "the specification (exokernel/spec)",
    "the front end, from source to IR",
    "the machine's functions as prover/machine.py models them: entry assembly, boot, drivers",
    "prover/, z3, and what runs them",
    "the processor, and devices that keep to their own memory",
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("calls", nargs="*", metavar="CALL", help="which calls to prove; all, if none is named")
    parser.add_argument("--clause", metavar="NAME", help="only this clause: an invariant, a theorem, `safe`, `done` …")
    parser.add_argument("--json", action="store_true", help="the results in JSON, on one line each")
    parser.add_argument("--counterexample", type=Path, metavar="DIR", help="save what refutes a clause as a failing test")
    parser.add_argument("--mutants", action="store_true", help="prove the proof: change one token at a time")
    parser.add_argument("--again", action="store_true", help="prove also what was proved before and has not changed")
    parser.add_argument("--list", action="store_true", help="the calls and the clauses")


def execute(options: Namespace) -> int:
    os.nice(5)
    from exokernel.prover.prove import CONSEQUENCES
    from exokernel.prover.system import load_system

    system = load_system()
    unknown = [name for name in options.calls if name not in system.calls and name != CONSEQUENCES]
    if unknown:
        raise ToolError(f"there is no call '{unknown[0]}'", "exok prove --list")
    if options.list:
        return show_list(system)
    if options.mutants:
        from exokernel.prover.mutants import report_mutants

        return report_mutants(system, options.calls)
    return prove_all(system, options)


def prove_all(system: System, options: Namespace) -> int:
    from exokernel.prover import cache
    from exokernel.prover.prove import CONSEQUENCES, prove_call, prove_consequences

    began, results = time.perf_counter(), []
    for name in options.calls or [CONSEQUENCES, *system.calls]:
        if name == CONSEQUENCES:
            results.append(prove_consequences(system, options.clause))
            show(results[-1], options)
            continue
        call = system.calls[name]
        key = cache.key_of(system, call)
        result = None if options.again or options.clause else cache.recall(key)
        if result is None:
            result = prove_call(system, call, options.clause, keep_models=options.counterexample is not None)
            if options.clause is None:
                cache.remember(key, result)
        results.append(result)
        show(result, options)
        if options.counterexample is not None and result.failures:
            save(system, result, options.counterexample)
    compared = [] if options.clause else compare_all(system, [each.call for each in results], options)
    if not options.json:
        summarise(results, compared, time.perf_counter() - began)
    differs = any(each.verdict in ("different", "unknown") for each in compared)
    return Status.FAILED if differs or any(not each.proved for each in results) else 0


def compare_all(system: System, names: list[str], options: Namespace) -> list[Comparison]:
    """The optimised code of these calls against their source."""
    from exokernel.prover import cache, equality

    module, symbols = equality.optimised_kernel()
    found = []
    for name in names:
        if name not in symbols:
            continue
        key = cache.key_of_comparison(system, system.calls[name], module)
        result = None if options.again else cache.recall_comparison(key)
        if result is None:
            result = equality.compare(system, system.calls[name], module, symbols[name])
            cache.remember_comparison(key, result)
        found.append(result)
        if options.json:
            print(json.dumps(asdict(result)), flush=True)
        elif result.verdict != "equal":
            print(f"{name:22}{result.verdict}: {result.what}", flush=True)
    return found


def show(result: Result, options: Namespace) -> None:
    if options.json:
        print(json.dumps(result.as_json()), flush=True)
        return
    verdict = "proved" if result.proved else "NOT PROVED"
    pace = "before" if result.remembered else f"{result.seconds:.1f} s"
    print(f"{result.call:22}{verdict:11}{result.questions:4} questions  {result.paths:2} paths  {pace}", flush=True)
    for failure in result.failures:
        print(f"    {failure.clause}: {failure.what}\n      {failure.verdict} {failure.where}", flush=True)


def summarise(results: list[Result], compared: list[Comparison], seconds: float) -> None:
    proved = sum(each.proved for each in results)
    questions = sum(each.questions for each in results)
    unknown = sum(failure.verdict == "unknown" for each in results for failure in each.failures)
    clauses = {clause for each in results for clause in each.clauses}
    print(f"\n{proved} of {len(results)} calls proved: {questions} questions, {len(clauses)} clauses, {unknown} unknown, {seconds:.0f} s")
    equal = sum(each.verdict == "equal" for each in compared)
    print(f"optimised code equal to its source: {equal} of {len(compared)} calls; {sum(each.traps for each in compared)} checks in it out of reach")
    for each in results:
        for what in each.untold:
            print(f"only tested: {what}")
    print("trusted: " + ";\n         ".join(TRUSTED))


def save(system: System, result: Result, folder: Path) -> None:
    from exokernel.prover.counterexample import write_test

    for failure in result.failures:
        if failure.model is not None:
            path = write_test(system, result.call, failure, folder)
            print(f"    counterexample: {path}", file=sys.stderr)


def show_list(system: System) -> int:
    for name, call in system.calls.items():
        print(f"{name:22}{', '.join(f'{each.name}: {each.type}' for each in call.parameters)}")
    for part in ("invariants", "counts", "theorems"):
        for claim in system.specification.all(part):
            if claim.sentence:
                print(f"{part:12}{claim.name:44}{claim.sentence}")
    return 0

"""Prove the kernel's calls, for all states and all arguments, from their own source.

Without names it proves every call. Says what was proved and in how long, and what is trusted.
The status is 1 when anything is not proved.
"""

from __future__ import annotations

import json
import os
import sys
import time
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from exokernel.host.errors import Status, ToolError
from exokernel.host.processes import Task, in_processes, shared_out
from exokernel.host.progress import Line, progress

if TYPE_CHECKING:  # a proof needs more packages than the help does
    from exokernel.prover.equality import Comparison, Module
    from exokernel.prover.prove import Result
    from exokernel.prover.system import Call, System

CONSEQUENCES = "consequences"  # what follows from the invariants: proved like a call
CLAIMED = "invariants", "counts", "theorems", CONSEQUENCES, "totals", "loops", "views"  # each sentence a clause
OF_EACH_CALL = {  # clauses that need no sentence
    "gate": "what comes from registers is what its proof begins with, and what it answers comes back",
    "safe": "every index, narrowing and + - << keeps to its range, every frame to memory, and nothing stops the kernel",
    "error": "it is refused exactly when its specification says so",
    "atomic": "an error changes nothing",
    "does_…": "what it leaves in a row of a table, for each kind of row: frame, slot, identity, account, …",
    "keeps": "what no row shows stays as it was",
    "value": "what it answers",
    "steps": "how many steps it did, where it may stop before the end",
    "ends": "whether the machine ends, and with which status",
    "among": "a row that is looked at is among those that are counted",
    "private": "it tells nothing that is not its caller's to know",
    "reachable": "nothing known excludes any of its ends, or any error",
}
KEPT = 64 << 20  # bytes that the allocator keeps ready, so that z3 need not ask the system again
TRUSTED = (
    "the specification (exokernel/spec), and what it assumes: assumptions.py, call_assumes, die_assumes",
    "the front end, from source to IR, and LLVM's back end, from optimised IR to machine code",
    "the machine's functions as prover/machine.py models them: entry assembly, drivers",
    "boot, which makes the first state of all: that the invariants are true there is tested",
    "prover/, z3, and what runs them",
    "the processor, and devices that keep to their own memory",
)


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("calls", nargs="*", metavar="CALL", help="which calls to prove; all, if none is named")
    parser.add_argument("--clause", metavar="NAME", help="only this clause, see --list; optimised code is then not compared")
    parser.add_argument("--json", action="store_true", help="the results in JSON, on one line each")
    parser.add_argument("--counterexample", type=Path, metavar="DIR", help="save what refutes a clause of a call as a failing test")
    parser.add_argument("--mutants", action="store_true", help="prove the proof: change one token at a time")
    parser.add_argument("--again", action="store_true", help="prove also what was proved before and has not changed")
    jobs = min(2, os.cpu_count() or 1)
    parser.add_argument("--jobs", type=number_of_processes, default=jobs, metavar="N", help="processes, 2 by default")
    parser.add_argument("-v", "--verbose", action="store_true", help="the checks that optimised code still has, shown out of reach")
    parser.add_argument("--list", action="store_true", help="the calls and the clauses")


def number_of_processes(text: str) -> int:
    """Raises ArgumentTypeError for what is none."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"'{text}' is no number of processes")
    return int(text)


def execute(options: Namespace) -> int:
    start_again_as_z3_likes_it()
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

        if CONSEQUENCES in options.calls:
            raise ToolError(f"'{CONSEQUENCES}' is no call, and has no mutants", "exok prove --mutants CALL")
        return report_mutants(system, options)
    if options.counterexample is not None:
        require_folder(options.counterexample)
    return prove_all(system, options)


def require_folder(folder: Path) -> None:
    """Raises ToolError when nothing can be written there: better before a proof than after it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "that is a file" if folder.is_file() else error.strerror
        raise ToolError(f"counterexamples cannot be kept in '{folder}': {reason}") from error
    if not os.access(folder, os.W_OK):
        raise ToolError(f"counterexamples cannot be kept in '{folder}': it is read-only")


def start_again_as_z3_likes_it() -> None:
    """Start again, if need be, with sets in the same order each time: how long z3 takes depends on how it is asked; and
    with an allocator that keeps what z3 gives back, for it asks for as much again at once."""
    if sys.flags.hash_randomization or "MALLOC_TOP_PAD_" not in os.environ:
        words, settings = [sys.executable, *sys.orig_argv[1:]], {"PYTHONHASHSEED": "0", "MALLOC_TOP_PAD_": str(KEPT)}
        os.execve(sys.executable, words, {**os.environ, **settings})


def prove_all(system: System, options: Namespace) -> int:
    from exokernel.prover import cache, equality

    began = time.perf_counter()
    results: list[Result] = []
    compared: list[Comparison] = []
    names = options.calls or [CONSEQUENCES, *system.calls]
    with progress("compiling the kernel"):
        module = None if options.clause else equality.optimised_kernel(system)
        keys = {name: cache.key_of(system, system.calls.get(name)) for name in names}  # of what is proved, before it is
    remembered = {} if options.again or options.clause else recalled(keys)
    processes = max(1, options.jobs // max(1, len({*names} - {*remembered})))
    for result, comparison in each_of(names, Work(system, module, options, keys, processes), remembered):
        results.append(result)
        show(result, options)
        compared += comparison
        for each in comparison:
            show_comparison(each, options)
    if not any(each.questions or each.failures for each in results):
        raise ToolError(f"nothing is asked of {', '.join(names)} that is called '{options.clause}'", "exok prove --list")
    summarise(results, compared, time.perf_counter() - began, options)
    differs = any(each.verdict != "equal" for each in compared)
    return Status.FAILED if differs or any(not each.proved for each in results) else 0


def recalled(keys: dict[str, str]) -> dict[str, Result]:
    """What was proved before and has not changed."""
    from exokernel.prover import cache

    found = {name: cache.recall(key) for name, key in keys.items()}
    return {name: result for name, result in found.items() if result is not None}


@dataclass
class Work:
    """What there is to do for each call."""

    system: System
    module: Module | None  # the optimised kernel, if it is to be compared
    options: Namespace
    keys: dict[str, str]  # what names each proof
    processes: int  # for the questions of one call, where there are too few calls

    def result(self, name: str) -> Result:
        from exokernel.prover import cache
        from exokernel.prover.execute import Unsupported
        from exokernel.prover.prove import Failure, Result, prove_consequences

        clause = self.options.clause
        try:
            result = prove_consequences(self.system, clause) if name == CONSEQUENCES else self.proof(name)
        except Unsupported as reason:
            return Result(name, failures=[Failure("safe", str(reason), "unknown", "")])
        if clause is None:
            cache.remember(self.keys[name], result)
        return result

    def proof(self, name: str) -> Result:
        from exokernel.prover.counterexample import story_of
        from exokernel.prover.prove import prove_call

        system, folder = self.system, self.options.counterexample
        result = prove_call(
            system,
            system.calls[name],
            self.options.clause,
            keep_models=folder is not None,
            spread=partial(shared_out, jobs=self.processes) if folder is None else map,
        )
        if result.failures:  # a story settles also what the solver could not
            result.story = story_of(name)
        if folder is not None:
            save(system, result, folder)
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
        known = None if self.options.again else cache.recall_comparison(key, module)
        if known is None:
            known = equality.compare(equality.Source(self.system, call, module), module)
            cache.remember_comparison(key, known)
        return known


def each_of(names: list[str], work: Work, remembered: dict[str, Result]) -> Iterator[tuple[Result, list[Comparison]]]:
    """Every call's results in order, each worked out in a process of its own: how z3 goes about a question depends on
    those it was asked before."""
    tasks: list[Task] = []
    for name in names:
        tasks += [] if name in remembered else [partial(work.result, name)]
        tasks += [partial(work.comparisons, name)]
    line = Line("")
    results = in_processes(tasks, work.options.jobs, lambda: line.draw())  # whichever it is by then
    for done, name in enumerate(names):
        line = Line(f"proving {name}, {done} of {len(names)} done")
        try:
            found = remembered.get(name) or next(results), next(results)
        finally:
            line.erase()
        yield found


def show_comparison(comparison: Comparison, options: Namespace) -> None:
    if options.json:
        print(json.dumps({name: value for name, value in asdict(comparison).items() if name != "places"}), flush=True)
    elif comparison.verdict != "equal":
        print(f"    optimised code of {comparison.call} {comparison.verdict}: {comparison.what}", flush=True)
    for check in comparison.checks if options.verbose and not options.json else ():
        print(f"    out of reach: {check}", flush=True)


def show(result: Result, options: Namespace) -> None:
    if options.json:
        print(json.dumps(result.as_json()), flush=True)
        return
    verdict = "NOT PROVED" if not result.proved else "proved" if result.questions else "not asked"
    pace = "before" if result.remembered else f"{result.seconds:.1f} s"
    print(f"{result.call:22}{verdict:11}{result.questions:4} questions  {result.paths:2} paths  {pace}", flush=True)
    for failure in result.failures:
        print(f"    {failure.clause}: {failure.what}\n      {failure.verdict} {failure.where}", flush=True)
    if result.story:
        print("\n".join(["    this shows it, from boot on:", *(f"      {line}" for line in result.story)]), flush=True)
    elif result.failures:
        print("    no calls that show it are known", flush=True)


def totals(results: list[Result], compared: list[Comparison], seconds: float) -> dict[str, object]:
    calls = [each for each in results if each.call != CONSEQUENCES and (each.questions or each.failures)]
    follows = [each for each in results if each.call == CONSEQUENCES]
    return {
        "calls": len(calls),
        "proved": sum(each.proved for each in calls),
        "consequences": all(each.proved for each in follows) if follows else None,
        "questions": sum(each.questions for each in results),
        "clauses": len({clause for each in results for clause in each.clauses}),
        "unknown": sum(failure.verdict == "unknown" for each in results for failure in each.failures),
        "seconds": round(seconds),
        "compared": len(compared),
        "equal": sum(each.verdict == "equal" for each in compared),
        "checks": sum(each.traps for each in compared),
        "trusted": TRUSTED,
    }


def summarise(results: list[Result], compared: list[Comparison], seconds: float, options: Namespace) -> None:
    whole = totals(results, compared, seconds)
    if options.json:
        print(json.dumps(whole))
        return
    verdicts = ["{proved} of {calls} calls proved".format(**whole)] if whole["calls"] else []
    verdicts += [f"{each.call} {'' if each.proved else 'NOT '}proved" for each in results if each.call == CONSEQUENCES]
    print(f"\n{', '.join(verdicts)}:", "{questions} questions, {clauses} clauses, {unknown} unknown, {seconds} s".format(**whole))
    if compared:
        print("optimised code equal to its source: {equal} of {compared}; {checks} checks in it out of reach".format(**whole))
    print("trusted: " + ";\n         ".join(TRUSTED))


def save(system: System, result: Result, folder: Path) -> None:
    from exokernel.prover.counterexample import write_test

    for failure in result.failures:
        path = write_test(system, result.call, failure, folder, result.story)
        told = path or f"none to {failure.clause}: no state that shows it by itself was found"
        print(f"    counterexample: {told}", file=sys.stderr)


def show_list(system: System) -> int:
    """The calls, and the clauses there can be."""
    for name, call in system.calls.items():
        print(f"{name:22}{', '.join(f'{each.name}: {each.type}' for each in call.parameters)}")
    for part in CLAIMED:
        for claim in system.specification.all(part):
            if claim.sentence:
                print(f"{part:12}{claim.name:44}{claim.sentence}")
    for clause, sentence in OF_EACH_CALL.items():
        print(f"{'each call':12}{clause:44}{sentence}")
    return 0

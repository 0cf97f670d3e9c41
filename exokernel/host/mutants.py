"""`exok prove --mutants`: how the proof fares against small wrong changes, one line for each survivor.

The status is 1 when a mutant survives that has no reason in `tests/prover/survivors.txt`, when a
reason stands there for one that does not, or when too few of all are killed, whatever the reasons.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from exokernel.host.errors import Status
from exokernel.host.progress import ERASE, is_wanted

if TYPE_CHECKING:
    from exokernel.prover.code_mutants import CodeJudge, CodeMutation
    from exokernel.prover.equality import Module
    from exokernel.prover.mutants import Fate, Judge
    from exokernel.prover.mutations import Mutation
    from exokernel.prover.system import System

ENOUGH = 95.0  # percent
judges: list[tuple[Judge, CodeJudge]] = []  # of this process


def report_mutants(system: System, options: Namespace) -> int:
    from exokernel.prover.code_mutants import code_mutants_of
    from exokernel.prover.equality import optimised_kernel
    from exokernel.prover.mutants import excuses, mutants_of

    module, reasons = optimised_kernel(system), excuses()
    with TemporaryDirectory() as folder:
        known = (system, module, folder, options.again)
        begin = partial(ProcessPoolExecutor, options.jobs, get_context("fork"), initializer=judge, initargs=known)
        of_source = fates_of(begin, "source", mutants_of(system, options.calls), reasons, options)
        of_code = fates_of(begin, "optimised code", code_mutants_of(system, module, options.calls), reasons, options)
    lives = {each.label: each.lives for each in (*of_source, *of_code)}
    unexcused = [label for label in lives if lives[label] and label not in reasons]
    is_whole = not options.calls  # of a few calls neither a share nor a label that is missing says anything
    idle = [label for label in reasons if not lives.get(label, not is_whole)]
    too_few = is_whole and min(score(of_source), score(of_code)) < ENOUGH
    for label in idle:
        print(f"excused, and not alive: {label}", file=sys.stderr)
    return Status.FAILED if unexcused or idle or too_few else 0


def judge(system: System, module: Module, folder: str, again: bool) -> None:
    """Make this process one that decides."""
    from exokernel.prover.code_mutants import CodeJudge
    from exokernel.prover.mutants import Judge, Workshop

    gc.freeze()  # the terms of the system are many, and stay
    workshop = Workshop(Path(folder, str(os.getpid())))
    judges[:] = [(Judge(system, workshop, again), CodeJudge(system, module, again))]


def fate_of(mutant: Mutation | CodeMutation) -> Fate:
    from exokernel.prover.mutations import Mutation

    of_source, of_code = judges[0]
    return of_source.fate(mutant) if isinstance(mutant, Mutation) else of_code.fate(mutant)


def decided(begin: Callable[[], Executor], mutants: Sequence[Mutation | CodeMutation]) -> Iterator[Fate]:
    """What becomes of each, as it is known.

    Processes stay, for what one has executed serves many mutants. But what z3 finds may depend on what its process has asked
    before: of a mutant that is left undecided, new ones are asked once more."""
    from exokernel.prover.mutants import UNKNOWN

    undecided: list[Mutation | CodeMutation] = []
    with begin() as pool:
        asked = {pool.submit(fate_of, each): each for each in mutants}
        for done in as_completed(asked):
            fate = done.result()
            if fate.verdict == UNKNOWN:
                undecided.append(asked[done])
            else:
                yield fate
    if undecided:
        with begin() as pool:
            yield from pool.map(fate_of, undecided)


def fates_of(
    begin: Callable[[], Executor],
    what: str,
    mutants: Sequence[Mutation | CodeMutation],
    reasons: dict[str, str],
    options: Namespace,
) -> list[Fate]:
    """What becomes of each, shown as it is known; and how many in all."""
    began = time.perf_counter()
    fates: list[Fate] = []
    for fate in decided(begin, mutants):
        fates.append(fate)
        show(fate, reasons, options)
        show_progress(fates, len(mutants), time.perf_counter() - began)
    if not options.json:
        how = Counter(each.verdict for each in fates)
        told = ", ".join(f"{count} {verdict}" for verdict, count in how.most_common())
        killed, all = sum(each.killed for each in fates), sum(each.counts for each in fates)
        seconds = time.perf_counter() - began
        print(f"{what}: {killed} of {all} mutants killed ({score(fates):.1f} %) in {seconds:.0f} s: {told}", flush=True)
    return fates


def score(fates: list[Fate]) -> float:
    return 100 * sum(each.killed for each in fates) / max(sum(each.counts for each in fates), 1) if fates else 100.0


def show(fate: Fate, reasons: dict[str, str], options: Namespace) -> None:
    if options.json:
        print(json.dumps({**asdict(fate), "reason": reasons.get(fate.label, "")}), flush=True)
    elif fate.lives and fate.label not in reasons:
        print(f"{ERASE if is_wanted() else ''}{fate.verdict:8}{fate.label} {fate.what}", flush=True)


def show_progress(fates: list[Fate], total: int, seconds: float) -> None:
    if is_wanted():
        alive = sum(each.lives for each in fates)
        end = "\n" if len(fates) == total else ""
        sys.stderr.write(f"{ERASE}exok: {len(fates)} of {total} mutants, {alive} alive, {seconds:.0f} s{end}")
        sys.stderr.flush()

"""`exok prove --mutants`: how the proof fares against small wrong changes, one line for each survivor.

The status is 1 when a mutant survives that has no reason in `tests/prover/survivors.txt`, or
when a reason stands there for one that does not survive.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from exokernel.host.errors import Status
from exokernel.host.progress import ERASE, is_wanted

if TYPE_CHECKING:
    from exokernel.prover.mutants import Fate, Judge
    from exokernel.prover.mutations import Mutation
    from exokernel.prover.system import System

judges: list[Judge] = []  # of this process


def report_mutants(system: System, options: Namespace) -> int:
    from exokernel.prover.mutants import excuses, mutants_of

    began, reasons = time.perf_counter(), excuses()
    mutants = mutants_of(system, options.calls)
    fates: list[Fate] = []
    for fate in fates_of(system, mutants, options):
        fates.append(fate)
        show(fate, reasons, options)
        show_progress(fates, len(mutants), time.perf_counter() - began)
    return summarise(fates, reasons, options, time.perf_counter() - began)


def fates_of(system: System, mutants: list[Mutation], options: Namespace) -> Iterator[Fate]:
    with TemporaryDirectory() as folder, ProcessPoolExecutor(
        options.jobs, get_context("fork"), initializer=become_judge, initargs=(system, folder, options.again)
    ) as pool:
        yield from pool.map(fate_of, mutants)


def become_judge(system: System, folder: str, again: bool) -> None:
    from exokernel.prover.mutants import Judge, Workshop

    gc.freeze()  # the terms of the system are many, and stay
    judges[:] = [Judge(system, Workshop(Path(folder, str(os.getpid()))), again)]


def fate_of(mutant: Mutation) -> Fate:
    return judges[0].fate(mutant)


def show(fate: Fate, reasons: dict[str, str], options: Namespace) -> None:
    if options.json:
        print(json.dumps({**asdict(fate), "reason": reasons.get(fate.label, "")}), flush=True)
    elif fate.counts and not fate.killed and fate.label not in reasons:
        print(f"{ERASE if is_wanted() else ''}{fate.verdict:8}{fate.label} {fate.what}", flush=True)


def show_progress(fates: list[Fate], total: int, seconds: float) -> None:
    if is_wanted():
        alive = sum(each.counts and not each.killed for each in fates)
        end = "\n" if len(fates) == total else ""
        sys.stderr.write(f"{ERASE}exok: {len(fates)} of {total} mutants, {alive} alive, {seconds:.0f} s{end}")
        sys.stderr.flush()


def summarise(fates: list[Fate], reasons: dict[str, str], options: Namespace, seconds: float) -> int:
    counted = [each for each in fates if each.counts]
    killed = [each for each in counted if each.killed]
    unexcused = [each.label for each in counted if not each.killed and each.label not in reasons]
    idle = [label for label in reasons if label in {each.label for each in fates if each.killed or not each.counts}]
    if not options.json:
        how = Counter(each.verdict for each in fates)
        score = 100 * len(killed) / max(len(counted), 1)
        print(f"{len(killed)} of {len(counted)} mutants killed ({score:.1f} %) in {seconds:.0f} s: {told(how)}")
        for label in idle:
            print(f"excused, and not alive: {label}")
    return Status.FAILED if unexcused or idle else 0


def told(how: Counter[str]) -> str:
    return ", ".join(f"{count} {verdict}" for verdict, count in how.most_common())

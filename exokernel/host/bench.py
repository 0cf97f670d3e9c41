"""Measure the kernel and the bare floor on the same machine, and show them side by side.

Counts are guest instructions under `-icount`, taken in two boots that must agree. Times are
of plain boots, the two systems in turn, the lowest of all; only their ratio says something
on a shared host. What is measured is `programs/benchmark.py` and `floor.s`.
"""

import json
import os
import platform
import shutil
import subprocess
from argparse import ArgumentParser, Namespace
from typing import Any, NamedTuple

from exokernel.host.boot import boot
from exokernel.host.cargo import Cargo, pack
from exokernel.host.clock import ticks_per_nanosecond
from exokernel.host.errors import ToolError
from exokernel.host.floor import floor_image
from exokernel.host.machine import COUNTED, MEBIBYTE, POWERED_OFF, PROCESSOR, Machine
from exokernel.host.progress import progress
from exokernel.host.programs import compile_all, locate
from exokernel.host.provision import ROOT, provide_qemu

MEMORY = 256 * MEBIBYTE
BOOTS = 5  # of each system, for times
LIMIT = 120.0  # seconds of one boot
EMPTY = "empty"

# name -> guest instructions, of one operation as the program sees it
Figures = dict[str, float]


class Row(NamedTuple):
    name: str
    ours: float  # guest instructions
    floor: float | None
    ours_ns: float
    floor_ns: float | None


class Sample(NamedTuple):
    """What one loop took."""

    system: str
    name: str
    ticks: int
    repetitions: int


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same in JSON")
    parser.add_argument("--boots", type=int, default=BOOTS, metavar="N", help=f"boots of each system for times ({BOOTS})")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")


def execute(options: Namespace) -> int:
    qemu = provide_qemu()
    if options.boots < 1:
        raise ToolError("--boots needs at least one boot")
    compiled = compile_all(locate("benchmark"), quiet=options.quiet)
    archive = pack(Cargo(compiled.program, "benchmark"), None)
    try:
        ours = Subject(qemu, str(compiled.kernel), archive)
        floor = Subject(qemu, str(floor_image()), None)
        with progress("counting instructions", options.quiet):
            counts = ours.counts() | {f"floor {name}": count for name, count in floor.counts().items()}
        with progress("taking times", options.quiet):
            times = shortest(options.boots, ours, floor)
    finally:
        os.close(archive)
    show(rows(counts, times), options)
    return 0


class Subject(NamedTuple):
    """One of the two systems."""

    qemu: str
    kernel: str
    archive: int | None  # descriptor

    def samples(self, counted: bool) -> list[Sample]:
        """Boot once, and collect what it reports.

        Raises:
            ToolError: it did not end in order.
        """
        path = None if self.archive is None else f"/proc/self/fd/{self.archive}"
        machine = Machine(self.kernel, path, MEMORY, counted=counted)
        ending = boot(machine, self.qemu, LIMIT, [] if self.archive is None else [self.archive])
        reports = ending.report.decode(errors="replace")
        if ending.machine_status != POWERED_OFF or "crash" in reports or "panic" in reports:
            raise ToolError(f"the machine being measured stopped (status {ending.machine_status}): {reports[-300:]}")
        return [sample for line in reports.splitlines() if (sample := parsed(line)) is not None]

    def counts(self) -> Figures:
        """Count guest instructions, in two boots.

        Raises:
            ToolError: the boots disagree.
        """
        first, second = (figures(self.samples(counted=True)) for _ in range(2))
        if first != second:
            different = sorted(name for name in first.keys() | second if first.get(name) != second.get(name))
            raise ToolError(f"two boots disagree about {', '.join(different)}")
        return first


def parsed(line: str) -> Sample | None:
    match line.split():
        case [("ours" | "floor") as system, name, ticks, repetitions]:
            return Sample(system, name, int(ticks), int(repetitions))
    return None


def figures(samples: list[Sample]) -> Figures:
    """Ticks of one operation, the lowest of all rounds, less the empty loop around it."""
    empty = min((sample.ticks / sample.repetitions for sample in samples if sample.name == EMPTY), default=0.0)
    lowest: Figures = {}
    for sample in samples:
        loop = empty if sample.repetitions > 1 else 0.0
        each = sample.ticks / sample.repetitions - loop
        lowest[sample.name] = min(each, lowest.get(sample.name, each))
    return lowest


def shortest(boots: int, ours: Subject, floor: Subject) -> Figures:
    """Nanoseconds of one operation, the lowest of all boots, the systems in turn."""
    rate = ticks_per_nanosecond()
    lowest: Figures = {}
    for _ in range(boots):
        for prefix, subject in (("", ours), ("floor ", floor)):
            for name, ticks in figures(subject.samples(counted=False)).items():
                lowest[prefix + name] = min(ticks / rate, lowest.get(prefix + name, ticks / rate))
    return lowest


def rows(counts: Figures, times: Figures) -> list[Row]:
    names = [name for name in counts if name != EMPTY and not name.startswith("floor ")]
    return [
        Row(name, counts[name], counts.get(f"floor {name}"), times[name], times.get(f"floor {name}"))
        for name in names
    ]


def show(found: list[Row], options: Namespace) -> None:
    if options.json:
        print(json.dumps({"rows": [rounded(row) for row in found], **circumstances(options.boots)}, indent=2))
        return
    print(f"{'':24}{'instructions':>14}{'floor':>12}{'ratio':>7}{'ns':>14}{'floor ns':>12}{'ratio':>7}")
    for row in found:
        counts = columns(row.ours, row.floor)
        times = columns(row.ours_ns, row.floor_ns)
        print(f"{row.name:24}{counts[0]:>14}{counts[1]:>12}{counts[2]:>7}{times[0]:>14}{times[1]:>12}{times[2]:>7}")


def columns(ours: float, floor: float | None) -> tuple[str, str, str]:
    if floor is None:
        return number(ours), "-", "-"
    return number(ours), number(floor), f"{ours / floor:.1f}"


def number(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"


def rounded(row: Row) -> dict[str, Any]:
    return {key: round(value, 2) if isinstance(value, float) else value for key, value in row._asdict().items()}


def circumstances(boots: int) -> dict[str, Any]:
    """What a figure means nothing without."""
    version = subprocess.run([provide_qemu(), "--version"], capture_output=True, text=True, check=False).stdout
    git = shutil.which("git")  # a copy of the sources needs none
    asked = [git, "rev-parse", "HEAD"] if git else ["true"]
    commit = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return {
        "qemu": version.splitlines()[0] if version else "",
        "processor": PROCESSOR,
        "accelerator": "tcg",
        "counted": list(COUNTED),
        "memory": MEMORY,
        "boots": boots,
        "host": platform.platform(),
        "commit": commit.strip(),
    }

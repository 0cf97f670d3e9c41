"""Say how a run ended: the status, and to people what they need to understand it.

A crash or panic becomes a traceback of Python lines; `--timings` and `--json` are printed
here. All of it goes to standard error, because standard output is the guest's.
"""

import sys
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from typing import NamedTuple

from exokernel.host.boot import Ending
from exokernel.host.errors import Status, ToolError
from exokernel.host.programs import Compiled
from exokernel.host.provision import say
from exokernel.host.report import Report, Verdict, parse, verdict

MOST_TRACEBACKS = 5  # of crashes in one run


class Phases:
    """How long each phase of a command took, in seconds."""

    def __init__(self, started: float) -> None:
        self.last = started
        self.seconds: dict[str, float] = {}

    def done(self, phase: str) -> None:
        now = time.perf_counter()
        self.seconds[phase] = now - self.last
        self.last = now

    def show(self) -> None:
        rows = [*self.seconds.items(), ("total", sum(self.seconds.values()))]
        for phase, seconds in rows:
            sys.stderr.write(f"exok: {phase:8} {seconds * 1000:8.1f} ms\n")


def tell_images(compiled: Compiled, options: Namespace) -> None:
    """With -v, say which images run, and which of them were made just now."""
    if options.verbose:
        from exokernel.compiler import driver

        kernel = [] if compiled.kernel is None else [("kernel", compiled.kernel)]
        for name, path in (*kernel, (compiled.name, compiled.program), *compiled.others):
            say(f"{name}: {path} ({'compiled' if path in driver.made else 'from the cache'})")


class Story(NamedTuple):
    """What is known about an end that was not an orderly one."""

    sentence: str
    traceback: str = ""
    registers: str = ""

    def render(self) -> str:
        parts = [self.traceback, f"exok: {self.sentence}\n" if self.sentence else "", self.registers]
        return "".join(parts)


def conclude(ending: Ending, compiled: Compiled | None, phases: Phases, options: Namespace) -> int:
    """Tell the user how the run ended and give the status to exit with. Nothing is compiled that runs under CPython."""
    reports = parse(ending.report)
    shown = "".join(f"{report.text}\n" for report in reports if report.kind == "traceback")  # Python's own, at once
    end = Verdict(Status.TIMEOUT, "timeout") if ending.timed_out else verdict(reports, ending.machine_status)
    story = tell(end, ending, options, lambda causes: "" if shown else describe(causes, compiled))
    sys.stderr.write(story.render())
    if options.verbose:
        sys.stderr.write("".join(f"exok: report: {report.kind} {report.text}\n" for report in reports if report.kind != "traceback"))
    phases.done("verdict")
    if options.timings:
        phases.show()
    if options.json:
        sys.stderr.write(as_json(end, story._replace(traceback=story.traceback or shown), phases) + "\n")
    return end.status


def tell(end: Verdict, ending: Ending, options: Namespace, traceback: Callable[[Sequence[Report]], str]) -> Story:
    match end.outcome:
        case "timeout":
            return Story(f"stopped after {options.timeout:g} s (--timeout)")
        case "reset":
            return Story("the machine reset itself: the kernel could not even report a panic")
        case "machine":
            complaint = ending.complaint.decode(errors="replace").strip()
            sentence = f"QEMU ended with status {ending.machine_status}: {complaint or 'it does not say why'}"
            return Story(f"{sentence}\n  fix: exok doctor, which says whether this QEMU will do")
    if end.cause is None:
        return Story("")
    if end.outcome == "panic":
        return Story("the kernel panicked", traceback([end.cause]), register_table(end.cause))
    crashes = [report for report in parse(ending.report) if report.kind == "crash"]
    more = len(crashes) - MOST_TRACEBACKS
    return Story(f"and {more} more crashes" if more > 0 else "", traceback(crashes[:MOST_TRACEBACKS]))


def describe(causes: Sequence[Report], compiled: Compiled | None) -> str:
    """The tracebacks of a panic or of crashes, in the text of Python's own."""
    from exokernel.host.provision import provide_packages

    provide_packages("run")
    from elftools.common.exceptions import DWARFError, ELFError

    from exokernel.host.traceback import render, symbols_of

    if compiled is None:
        return "\n".join(render(cause, []) for cause in causes)
    kernel = [] if compiled.kernel is None else [symbols_of(compiled.kernel)]
    programs = {"": symbols_of(compiled.program)}
    for name, path in compiled.others:
        programs[f"bin/{name}"] = symbols_of(path)
    texts = []
    for cause in causes:
        image = programs.get(cause.fields().get("program", ""), programs[""])
        try:
            texts.append(render(cause, [image, *kernel], [compiled.source.parent]))
        except (DWARFError, ELFError) as error:
            texts.append(f"(no traceback: {error})\n")
    return "\n".join(texts)


def register_table(cause: Report) -> str:
    registers = cause.registers()
    words = [f"{name:>6} {value:016x}" for name, value in registers.items()]
    return "".join("  ".join(words[at : at + 4]) + "\n" for at in range(0, len(words), 4))


def failure_as_json(failure: ToolError) -> str:
    """What `--json` says when nothing ran to its end; the outcome is the status's name."""
    return as_json(Verdict(failure.status, failure.status.name.lower()), Story(failure.sentence), Phases(0.0))


def as_json(end: Verdict, story: Story, phases: Phases) -> str:
    import json

    return json.dumps(
        {
            "status": int(end.status),
            "outcome": end.outcome,
            "reason": story.sentence,
            "traceback": story.traceback.splitlines(),
            "registers": {} if end.cause is None else {name: hex(value) for name, value in end.cause.registers().items()},
            "seconds": {phase: round(seconds, 6) for phase, seconds in phases.seconds.items()},
        }
    )

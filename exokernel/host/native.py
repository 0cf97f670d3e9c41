"""Run a program as a Linux program on this very machine: the same source, no kernel of ours.

A crash is told as that of a booted machine is: the library on Linux reports it in the same
words, on a descriptor of its own. What is about the machine alone, such as -m, has no effect.
"""

import os
import subprocess
import time
from argparse import Namespace
from pathlib import Path

from exokernel.host.boot import Ending
from exokernel.host.errors import Status
from exokernel.host.locales import with_locale
from exokernel.host.machine import POWERED_OFF
from exokernel.host.outcome import Phases, conclude, tell_images
from exokernel.host.programs import Compiled, build_program

REPORT = 3  # the descriptor that the library on Linux reports to


def run_native(source: Path, options: Namespace, phases: Phases) -> int:
    """Run `source` with our standard streams and end with its status."""
    phases.done("setup")
    program = build_program(source, "linux", options.quiet)
    phases.done("compile")
    compiled = Compiled(None, program, source)
    tell_images(compiled, options)
    words = [source.stem, *options.arguments, *options.after_dashes]
    environment = dict(text.split("=", 1) for text in with_locale(options.environment))
    ending = run_process(program, words, environment, options.timeout)
    phases.done("machine")
    return conclude(ending, compiled, phases, options)


def run_process(program: Path, words: list[str], environment: dict[str, str], seconds: float | None) -> Ending:
    """Run a process to its end, at most `seconds` long, and give what it reported, its status behind."""
    started = time.perf_counter()
    report = os.memfd_create("report")

    def hand_over() -> None:
        os.dup2(report, REPORT)
        os.set_inheritable(REPORT, True)

    with open(report, "rb") as stream:
        process = subprocess.Popen(words, executable=program, env=environment, close_fds=False, preexec_fn=hand_over)
        timed_out = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:
            process.kill()
            status = process.wait()
        stream.seek(0)
        said = stream.read() + b"exit %d\n" % (status if status >= 0 else Status.SIGNAL - status)
    return Ending(POWERED_OFF, said, b"", timed_out, time.perf_counter() - started)

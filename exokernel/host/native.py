"""Run a program as a Linux program on this very machine: the same source, no kernel of ours."""

import subprocess
from argparse import Namespace
from pathlib import Path

from exokernel.host.errors import Status
from exokernel.host.locales import with_locale
from exokernel.host.outcome import Phases
from exokernel.host.programs import build_program


def run_native(source: Path, options: Namespace, phases: Phases) -> int:
    """Run `source` with our standard streams and end with its status."""
    phases.done("setup")
    program = build_program(source, "linux", options.quiet)
    phases.done("compile")
    words = [source.stem, *options.arguments, *options.after_dashes]
    environment = dict(text.split("=", 1) for text in with_locale(options.environment))
    process = subprocess.Popen(words, executable=program, env=environment, close_fds=False)
    try:
        status = process.wait(options.timeout)
    except subprocess.TimeoutExpired:
        return Status.TIMEOUT
    finally:
        process.kill()
        process.wait()
        phases.done("program")
        if options.timings:
            phases.show()
    return status if status >= 0 else Status.SIGNAL - status

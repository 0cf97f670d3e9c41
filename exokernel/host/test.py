"""Run all tests, type checks and proofs of the checkout.

Type checkers and the prover, which proves what has changed since it last did, run beside the
tests. Names of files or folders restrict the tests, as `-k` does, and leave the rest out. With
`--deep`, tests that take long come too, and every mutant of the kernel. The status is 0 when
all is well, 1 when something is not.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from exokernel.host.errors import Status
from exokernel.host.outcome import Phases
from exokernel.host.progress import progress
from exokernel.host.provision import PYTHON, ROOT, STATE, provide_qemu, say

PROVE = (str(PYTHON), "-m", "exokernel", "prove")
ALIKE = {"PYTHONHASHSEED": "0"}  # how long z3 takes depends on the order in which it is asked


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", help="test files or folders (default: all)")
    parser.add_argument("-k", dest="expression", metavar="EXPR", help="only tests whose name matches")
    parser.add_argument("-x", dest="first", action="store_true", help="stop at the first failure")
    parser.add_argument("--deep", action="store_true", help="also the tests that take minutes, and mutants")
    parser.add_argument("--timings", action="store_true", help="how long each part took")


def execute(options: Namespace) -> int:
    provide_qemu()
    words = [*options.paths, *options.after_dashes]
    words += ["-k", options.expression] if options.expression else []
    words += ["-x"] if options.first else []
    words += ["--deep"] if options.deep else []
    narrow = bool(options.paths or options.expression)
    return examine(words, options, types=not narrow, proofs=not narrow)


def examine(words: Sequence[str], options: Namespace, types: bool, proofs: bool) -> int:
    """Run the tests, beside them the checkers when asked, and say at the very end what failed."""
    phases = Phases(options.started)
    phases.done("setup")
    checkers = type_checkers() if types else []
    checkers += [Checker("proof", PROVE, "calls proved")] if proofs else []
    try:
        tests = subprocess.run([str(PYTHON), "-m", "pytest", *words], cwd=ROOT, env={**os.environ, **ALIKE}).returncode
        phases.done("tests")
        failed = [checker.name for checker in checkers if not checker.passes()] + ["tests"] * (tests != 0)
        phases.done("checks")
        if proofs and options.deep:
            failed += ["mutants"] * (subprocess.run([*PROVE, "--mutants"], cwd=ROOT).returncode != 0)
            phases.done("mutants")
    finally:
        for checker in checkers:
            checker.end()
    if options.timings:
        phases.show()
    if failed:
        say(f"failed: {', '.join(failed)}")
    return Status.FAILED if failed else 0


def type_checkers() -> list[Checker]:
    """Of all that pyproject.toml names."""
    python = str(PYTHON)
    return [
        Checker("mypy", [python, "-m", "mypy", "--cache-dir", str(STATE / "mypy")]),
        Checker("pyright", [python, "-m", "pyright", "--pythonpath", python]),
    ]


class Checker:
    """A checker at work beside us; of what it says one line is shown, and all when it finds something."""

    def __init__(self, name: str, command: Sequence[str], telling: str = "") -> None:
        self.name, self.telling = name, telling  # what the line has in it
        self.said = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=self.said, stderr=subprocess.STDOUT)

    def passes(self) -> bool:
        with progress(f"waiting for {self.name}"):
            status = self.process.wait()
        self.said.seek(0)
        text = self.said.read()
        if status == 0:
            lines = [line for line in text.decode(errors="replace").splitlines() if line and self.telling in line]
            say(f"{self.name}: {lines[-1]}")
        else:
            sys.stdout.buffer.write(text)
            sys.stdout.buffer.flush()
        return status == 0

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        self.said.close()

"""Run all tests and type checks of the checkout.

The type checkers and the tests run one after the other, because two cores are soon full.
Names of files or folders restrict the tests; `-k` restricts them and leaves the type
checks out. The status is 0 when all is well, 1 when something is not.
"""

import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from exokernel.host.errors import Status
from exokernel.host.outcome import Phases
from exokernel.host.progress import progress
from exokernel.host.provision import PYTHON, ROOT, STATE, provide_qemu, say

CHECKED = ("exokernel", "programs")  # what the type checkers read


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", help="test files or folders (default: all)")
    parser.add_argument("-k", dest="expression", metavar="EXPR", help="only tests whose name matches")
    parser.add_argument("-x", dest="first", action="store_true", help="stop at the first failure")
    parser.add_argument("--deep", action="store_true", help="also the tests that take minutes")
    parser.add_argument("--timings", action="store_true", help="how long each part took")


def execute(options: Namespace) -> int:
    provide_qemu()
    words = [*options.paths, *options.after_dashes]
    words += ["-k", options.expression] if options.expression else []
    words += ["-x"] if options.first else []
    words += ["--deep"] if options.deep else []
    narrow = bool(options.paths or options.expression)
    return examine(words, options, types=not narrow)


def examine(words: Sequence[str], options: Namespace, types: bool) -> int:
    """Run the type checkers when asked, then the tests; say what failed at the very end."""
    phases = Phases(options.started)
    phases.done("setup")
    failed = []
    if types:
        for name, command in type_checkers():
            if not passes(name, command):
                failed.append(name)
            phases.done(name)
    if subprocess.run([str(PYTHON), "-m", "pytest", *words], cwd=ROOT).returncode != 0:
        failed.append("tests")
    phases.done("tests")
    if options.timings:
        phases.show()
    if failed:
        say(f"failed: {', '.join(failed)}")
    return Status.FAILED if failed else 0


def type_checkers() -> list[tuple[str, list[str]]]:
    folders = [name for name in CHECKED if any((ROOT / name).glob("*.py"))]
    python = str(PYTHON)
    return [
        ("mypy", [python, "-m", "mypy", "--strict", "--cache-dir", str(STATE / "mypy"), *folders]),
        ("pyright", [python, "-m", "pyright", "--pythonpath", python, *folders]),
    ]


def passes(name: str, command: Sequence[str]) -> bool:
    """Run one checker, and show what it says only when it finds something."""
    with progress(f"checking types with {name}"):
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.buffer.flush()
    else:
        say(f"{name}: {done.stdout.decode(errors='replace').strip().splitlines()[-1]}")
    return done.returncode == 0

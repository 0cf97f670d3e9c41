"""Compile the kernel and programs, and print where the results are.

Without a program, everything: the kernel and all of `programs/`. What has not changed comes
from the cache. A program that is refused does not keep the others from being compiled.
"""

import sys
from argparse import ArgumentParser, Namespace

from exokernel.host.errors import Status
from exokernel.host.outcome import Phases
from exokernel.host.programs import PROGRAMS, Refused, build_kernel, build_program, locate

TARGETS = ("exokernel", "linux")


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("programs", nargs="*", metavar="PROG.py", help="programs; none: the kernel and all of programs/")
    parser.add_argument("--target", choices=TARGETS, default="exokernel", help="the system the programs are for")
    parser.add_argument("--timings", action="store_true", help="how long each took, on standard error")
    parser.add_argument("--json", action="store_true", help="name and path of each, in JSON")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress")


def execute(options: Namespace) -> int:
    phases = Phases(options.started)
    phases.done("setup")
    names = [*options.programs, *options.after_dashes]
    sources = [locate(name) for name in names] if names else sorted(PROGRAMS.glob("*.py"))
    built: dict[str, str] = {}
    if not names and options.target == "exokernel":
        built["kernel"] = str(build_kernel(options.quiet))
        phases.done("kernel")
    refused = False
    for source in sources:
        try:
            built[source.stem] = str(build_program(source, options.target, options.quiet))
        except Refused as error:
            print(error.render(), file=sys.stderr)
            refused = True
        phases.done(source.stem)
    if options.json:
        import json

        print(json.dumps(built, indent=2))
    else:
        for path in built.values():
            print(path)
    if options.timings:
        phases.show()
    return Status.CANNOT_LOAD if refused else 0

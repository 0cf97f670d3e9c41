"""Run the tests that take seconds, and the type checks: the quick look before a commit."""

from argparse import ArgumentParser, Namespace

from exokernel.host.provision import provide_qemu
from exokernel.host.test import examine


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("-k", dest="expression", metavar="EXPR", help="only tests whose name matches")
    parser.add_argument("--timings", action="store_true", help="how long each part took")


def execute(options: Namespace) -> int:
    provide_qemu()
    words = ["-m", "not slow and not deep"]
    words += ["-k", options.expression] if options.expression else []
    return examine(words, options, types=True, proofs=False)

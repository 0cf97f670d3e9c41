"""Tracebacks of kernels, libraries and programs, without the frames of the machine below them.

People read them on the standard error, and whoever runs the machine in its reports.
"""

import ast
import os
import sys
from pathlib import Path
from traceback import TracebackException

PACKAGES = Path(__file__).parents[1]
MEANINGS = "arch/interpreted.py"  # of a library's assembly
MACHINERY = (*(str(PACKAGES / package) for package in ("model", "dialect", "host")), str(Path(ast.__file__).parent), "<frozen importlib")


def text_of(error: BaseException) -> str:
    """The traceback of `error` as Python prints it, in lines of kernel, library and program."""
    shown = TracebackException.from_exception(error)
    shown.__context__ = None  # what the host process did before is nobody's business
    kept = [frame for frame in shown.stack if not frame.filename.startswith(MACHINERY) and not frame.filename.endswith(MEANINGS)]
    shown.stack[:] = kept if kept or isinstance(error, (SyntaxError, ImportError)) else shown.stack
    return "".join(shown.format())


def show(error: BaseException, report: int) -> None:
    """Print the traceback of `error` as Python does, and report it to a descriptor, a line `traceback` for each of its own."""
    text = text_of(error)
    sys.stderr.write(text)
    sys.stderr.flush()
    if report != sys.stderr.fileno():
        os.write(report, "".join(f"traceback {line}\n" for line in text.splitlines()).encode())

"""Tracebacks of kernels, libraries and programs, without the frames of the machine below them."""

import sys
from pathlib import Path
from traceback import TracebackException

MACHINERY = tuple(str(Path(__file__).parents[1] / package) for package in ("model", "dialect"))


def show(error: BaseException) -> None:
    """Print the traceback of `error` on the host's standard error, as Python does."""
    shown = TracebackException.from_exception(error)
    shown.__context__ = None  # what the host process did before is nobody's business
    kept = [frame for frame in shown.stack if not frame.filename.startswith(MACHINERY)]
    shown.stack[:] = kept or shown.stack
    sys.stderr.write("".join(shown.format()))
    sys.stderr.flush()

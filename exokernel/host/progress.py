"""A line that says what is going on, for anything longer than two seconds.

Only on a terminal, never under CI or NO_COLOR, and gone when the work is done.
"""

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PATIENCE = 2.0  # seconds before a line appears
STEP = 0.5  # seconds between two of its states
ERASE = "\r\x1b[K"


def is_wanted() -> bool:
    return sys.stderr.isatty() and not any(name in os.environ for name in ("CI", "NO_COLOR"))


@contextmanager
def progress(what: str, quiet: bool = False) -> Iterator[None]:
    """Show `what` and the seconds it takes, from the second second on."""
    if quiet or not is_wanted():
        yield
        return
    done = threading.Event()
    line = threading.Thread(target=show, args=(what, done), daemon=True)
    line.start()
    try:
        yield
    finally:
        done.set()
        line.join()


def show(what: str, done: threading.Event) -> None:
    started = time.monotonic()
    if done.wait(PATIENCE):
        return
    while True:
        sys.stderr.write(f"{ERASE}exok: {what}, {time.monotonic() - started:.0f} s")
        sys.stderr.flush()
        if done.wait(STEP):
            break
    sys.stderr.write(ERASE)
    sys.stderr.flush()

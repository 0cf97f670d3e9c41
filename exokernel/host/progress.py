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
    line = Line(what)
    while not done.wait(min(STEP, PATIENCE)):
        line.draw()
    line.erase()


class Line:
    """The line itself, for who waits without a thread: to be drawn again and again, and erased in the end."""

    def __init__(self, what: str) -> None:
        self.what, self.started, self.is_shown = what, time.monotonic(), False

    def draw(self) -> None:
        """Show it, if the work has taken long enough."""
        seconds = time.monotonic() - self.started
        if is_wanted() and seconds >= PATIENCE:
            self.is_shown = True
            sys.stderr.write(f"{ERASE}exok: {self.what}, {seconds:.0f} s")
            sys.stderr.flush()

    def erase(self) -> None:
        if self.is_shown:
            sys.stderr.write(ERASE)
            sys.stderr.flush()

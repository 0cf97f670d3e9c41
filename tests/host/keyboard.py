"""Somebody at a terminal: types when what was to be seen is seen, and never by the clock."""

import os
import pty
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).parents[2]
PATIENCE = 60.0  # seconds, after which what was to be seen is not coming


class Keyboard:
    """A command of a checkout's exok, on a terminal of its own."""

    def __init__(self, words: Sequence[str], checkout: Path = ROOT) -> None:
        self.child, self.terminal = pty.fork()
        if self.child == 0:
            os.chdir(checkout)
            os.execv(sys.executable, [sys.executable, "-m", "exokernel", *words])
        self.shown = b""

    def __enter__(self) -> "Keyboard":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        os.close(self.terminal)  # hangs up on whoever is still there

    def type(self, keys: bytes) -> None:
        os.write(self.terminal, keys)

    def see(self, wanted: bytes) -> bytes:
        """Wait until something is on the screen, and take all up to it off."""
        deadline = time.monotonic() + PATIENCE
        while wanted not in self.shown:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.terminal], [], [], 1)[0]:
                data = self.read()
                assert data, self.shown
                self.shown += data
        seen, self.shown = self.shown.split(wanted, 1)
        return seen + wanted

    def leave(self) -> tuple[int, bytes]:
        """Wait for the end. Answers the status and what was shown last."""
        deadline, ended = time.monotonic() + PATIENCE, False
        while not ended:
            assert time.monotonic() < deadline, self.shown
            if select.select([self.terminal], [], [], 1)[0]:
                data = self.read()
                self.shown += data
                ended = not data
        return os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1]), self.shown

    def read(self) -> bytes:
        """What is shown next; nothing when nobody holds the terminal's other end any more."""
        try:
            return os.read(self.terminal, 4096)
        except OSError:
            return b""

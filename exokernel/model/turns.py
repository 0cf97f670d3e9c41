"""Host processes that take turns: how a saved context can be gone back to.

A Python call stack cannot be copied, but a host process can. Saving a context forks: the
child is the context, asleep until somebody resumes it. Exactly one process of a machine
runs; it passes its turn on, with the state that is the machine's, and exits. What is in
shared memory all of them see. The process that calls `run` only waits for the outcome; an
interrupt is for it alone, and it ends the others then.
"""

import ctypes
import mmap
import os
import pickle
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

CONTEXTS = 1 << 12  # that one machine can have saved at a time, and one more
STATE_SIZE = 1 << 20  # bytes that pass from turn to turn
LONGEST_OUTCOME = 1 << 12  # bytes; written at once, so read at once
ALIVE_CHECK = 2.0  # seconds between looks whether the others still live
BECOME_SUBREAPER = 36  # prctl(2): orphans of the machine are ours to bury


class Turns:
    """The processes of one machine. Made before any of them is."""

    def __init__(self) -> None:
        self._state = mmap.mmap(-1, STATE_SIZE)
        self._sleepers = mmap.mmap(-1, 8 * CONTEXTS)  # pid by ticket; 0 is the one that runs
        self._tickets = mmap.mmap(-1, 8)
        self._outcome = -1  # the pipe's end to write to, in processes of the machine
        self._waiting = 0

    def run(self, machine: Callable[[], object], seconds: float | None = None) -> Any:
        """Run `machine` in a process of its own until one of its turns calls `finish`.

        Raises:
            RuntimeError: the machine broke; its traceback is on the standard error.
            TimeoutError: it ran longer than `seconds`.
        """
        self._waiting = os.getpid()
        self._tickets[:8] = bytes(8)
        reader, self._outcome = os.pipe()
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the host buries them
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(BECOME_SUBREAPER, 1, 0, 0, 0)
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # in the machine's processes it stays so
            try:
                if os.fork() == 0:
                    self._first_turn(reader, machine)
            finally:
                os.close(self._outcome)
                signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            return self._await_outcome(reader, seconds)
        finally:
            os.close(reader)
            self._end_all()
            signal.signal(signal.SIGCHLD, before)

    def finish(self, outcome: object) -> NoReturn:
        """End the machine. What `run` returns is `outcome`, which must be small."""
        os.write(self._outcome, pickle.dumps(outcome))
        os._exit(0)

    @property
    def running(self) -> bool:
        """Whether this process is one of a machine's."""
        return self._outcome >= 0 and os.getpid() != self._waiting

    def next_ticket(self) -> int:
        """Name the context that is about to be saved, as none that sleeps is named."""
        (last,) = struct.unpack("<q", self._tickets[:8])
        for step in range(CONTEXTS - 1):
            number = 1 + (int(last) + step) % (CONTEXTS - 1)
            if self._sleeper(number) == 0:
                self._tickets[:8] = struct.pack("<q", number)
                return number
        raise RuntimeError(f"{CONTEXTS - 1} contexts are saved")

    def save(self, ticket: int) -> Any:
        """Return None now, and what `resume` is given, in another process, when it is."""
        child = os.fork()
        if child != 0:
            self._set_sleeper(ticket, child)
            return None
        while signal.sigtimedwait({signal.SIGUSR1}, ALIVE_CHECK) is None:
            if not _alive(self._waiting):
                os._exit(1)
        self._begin_turn()
        size = int.from_bytes(self._state[:8], "little")
        return pickle.loads(self._state[8 : 8 + size])

    def resume(self, ticket: int, state: object) -> NoReturn:
        """Pass the turn to a context, which is used up by that.

        Raises:
            LookupError: there is no such context, or it was resumed before.
        """
        if not 0 < ticket < CONTEXTS or self._sleeper(ticket) == 0:
            raise LookupError(f"{ticket} names no saved context")
        sleeper = self._sleeper(ticket)
        self._set_sleeper(ticket, 0)
        data = pickle.dumps(state)
        self._state[: 8 + len(data)] = len(data).to_bytes(8, "little") + data
        os.kill(sleeper, signal.SIGUSR1)
        os._exit(0)

    def _first_turn(self, reader: int, machine: Callable[[], object]) -> NoReturn:
        os.close(reader)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # kept until waited for
        self._begin_turn()
        try:
            machine()
        except BaseException:  # nothing may return into the caller's frames
            traceback.print_exc()
        os._exit(1)

    def _begin_turn(self) -> None:
        """Be the process that runs, as long as somebody waits for the outcome."""
        self._set_sleeper(0, os.getpid())
        signal.signal(signal.SIGALRM, self._end_if_alone)
        signal.setitimer(signal.ITIMER_REAL, ALIVE_CHECK, ALIVE_CHECK)

    def _end_if_alone(self, number: int, frame: object) -> None:
        if not _alive(self._waiting):
            os._exit(1)

    def _await_outcome(self, reader: int, seconds: float | None) -> Any:
        deadline = None if seconds is None else time.monotonic() + seconds
        while True:
            left = ALIVE_CHECK if deadline is None else deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            ready, _, _ = select.select([reader], [], [], min(left, ALIVE_CHECK))
            if ready and (outcome := os.read(reader, LONGEST_OUTCOME)):
                return pickle.loads(outcome)
            if ready or not _alive(self._sleeper(0)):
                raise RuntimeError("the machine broke")

    def _end_all(self) -> None:
        """Kill what sleeps, and what runs if anything does."""
        for ticket in range(CONTEXTS):
            sleeper = self._sleeper(ticket)
            if sleeper != 0:
                with suppress(ProcessLookupError):
                    os.kill(sleeper, signal.SIGKILL)

    def _sleeper(self, ticket: int) -> int:
        (pid,) = struct.unpack_from("<q", self._sleepers, 8 * ticket)
        return int(pid)

    def _set_sleeper(self, ticket: int, pid: int) -> None:
        struct.pack_into("<q", self._sleepers, 8 * ticket, pid)


def _alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False

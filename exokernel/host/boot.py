"""Boot a machine and see it through to its end, whichever way that comes.

The guest's output passes through byte for byte while it runs; its report is collected.
No QEMU is left behind: not after Ctrl-C, not after a timeout, not when this process is
killed. What the reports mean is for `report`.
"""

import os
import select
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple

from exokernel.host.errors import not_written
from exokernel.host.lifetime import bound_to_us
from exokernel.host.machine import Machine, Streams
from exokernel.host.terminal import Terminal

CHUNK = 1 << 16  # bytes read at a time
ROOMY = 1 << 20  # bytes a pipe holds, so that the guest seldom waits for us

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


class Ending(NamedTuple):
    machine_status: int  # QEMU's own
    report: bytes  # the report stream
    complaint: bytes  # what QEMU itself wrote to its standard error
    timed_out: bool
    seconds: float  # from before QEMU's start to after its end


def boot(
    machine: Machine,
    qemu: str,
    seconds: float | None = None,
    files: Sequence[int] = (),
    attach: Callable[[], int] | None = None,
    terminal: int | None = None,
) -> Ending:
    """Run `machine` to its end, at most `seconds` long.

    `files` are descriptors the machine's paths refer to. Output goes to descriptors 1 and 2;
    what the guest reads comes from the descriptor `terminal`.
    `attach` is called when the machine has been started, and starts a process the machine
    shall not outlive, a debugger; it gives its number.

    Raises:
        BrokenPipeError: nobody reads the output any more.
        ToolError: the output cannot be written.
        KeyboardInterrupt: Ctrl-C; as in the other case, the machine is gone by then.
    """
    started = time.perf_counter()
    with Pipes(terminal) as pipes:
        process = start(machine.command(qemu, pipes.streams()), [*files, *pipes.streams()], pipes.complaint.end)
        companion = None
        try:
            pipes.close_ends()
            companion = None if attach is None else os.pidfd_open(attach())
            deadline = None if seconds is None else started + seconds
            timed_out = pump(pipes, deadline, process.kill, companion)
        finally:
            process.kill()
            status = process.wait()
            if companion is not None:
                os.close(companion)
    return Ending(status, pipes.report.taken(), pipes.complaint.taken(), timed_out, time.perf_counter() - started)


class Pipe:
    """A pipe from the machine; what comes is passed on to a descriptor, or kept when there is none."""

    def __init__(self, target: int | None = None, both_ways: bool = False) -> None:
        self.source, self.end = (each.detach() for each in socket.socketpair()) if both_ways else os.pipe()
        self.target = target
        self.kept: list[bytes] = []
        with suppress(OSError, AttributeError):  # only a matter of speed
            import fcntl

            fcntl.fcntl(self.source, fcntl.F_SETPIPE_SZ, ROOMY)

    def take(self, data: bytes) -> None:
        if self.target is None:
            self.kept.append(data)
            return
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.target, rest) :]
            except OSError as error:
                raise not_written(error) from error

    def taken(self) -> bytes:
        return b"".join(self.kept)


class Pipes:
    """All the machine's streams, closed when the run is over."""

    def __init__(self, terminal: int | None = None) -> None:
        self.output = Pipe(STANDARD_OUTPUT, both_ways=terminal is not None)
        self.terminal = None if terminal is None else Terminal(terminal, self.output.source)
        self.error = Pipe(STANDARD_ERROR)
        self.report = Pipe()
        self.complaint = Pipe()
        self.all = (self.output, self.error, self.report, self.complaint)
        self.ends_open = True

    def __enter__(self) -> "Pipes":
        return self

    def __exit__(self, *_: object) -> None:
        self.close_ends()
        for pipe in self.all:
            os.close(pipe.source)

    def streams(self) -> Streams:
        return Streams(self.output.end, self.error.end, self.report.end)

    def pass_on(self, source: int) -> bool:
        """Pass on what a stream gives, and say whether there was anything: if not, it has ended."""
        pipe = next(each for each in self.all if each.source == source)
        try:
            data = os.read(source, CHUNK)
        except ConnectionResetError:  # the machine left without having read all that was typed
            return False
        pipe.take(data)
        if pipe is self.report and self.terminal is not None:
            self.terminal.listen(data)
        return data != b""

    def close_ends(self) -> None:
        """Close our copies of the writing ends, so that the machine's end is the end of the streams."""
        if self.ends_open:
            for pipe in self.all:
                os.close(pipe.end)
        self.ends_open = False


def start(command: list[str], inherited: Sequence[int], complaint: int) -> subprocess.Popen[bytes]:
    """Start QEMU away from the terminal, so that Ctrl-C reaches us alone, and bound to our life."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=complaint,
        stderr=complaint,
        pass_fds=tuple(inherited),
        start_new_session=True,
        preexec_fn=bound_to_us(),
    )


def pump(pipes: Pipes, deadline: float | None, kill: Callable[[], None], companion: int | None = None) -> bool:
    """Pass on what the streams give until all have ended, and say whether the deadline ended them.

    `companion` is a descriptor that becomes readable when the machine has no reason to run on.
    """
    open_ones = {pipe.source for pipe in pipes.all}
    terminal = pipes.terminal
    timed_out = False
    while open_ones:
        if deadline is not None and not timed_out and time.perf_counter() >= deadline:
            timed_out = True
            kill()
        left = None if deadline is None or timed_out else max(0.0, deadline - time.perf_counter()) * 1000 + 1
        poll = select.poll()
        for source in [*open_ones, *([] if companion is None else [companion])]:
            poll.register(source, select.POLLIN)
        if terminal is not None and terminal.wanted > 0:
            poll.register(terminal.descriptor, select.POLLIN)
        for source, _ in poll.poll(left):
            if source == companion:
                kill()
                companion = None
            elif terminal is not None and source == terminal.descriptor:
                terminal.give_line()
            elif not pipes.pass_on(source):
                open_ones.remove(source)
    return timed_out

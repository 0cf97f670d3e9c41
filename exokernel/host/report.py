"""What the guest tells the host on the report stream, and the exit status that follows.

One line, one report: a word, then what it says.

    exit STATUS               the first environment ended; the machine powers off
    crash KEY=VALUE ...       an environment died of an exception nobody handled
    fault KEY=VALUE ...       where the exception happened that the next `crash` is about
    panic KEY=VALUE ...       the kernel stopped itself
    ours NAME TICKS TIMES     what a loop of the benchmark took; on the bare floor, `floor`
    traceback LINE            a line of Python's own, where kernel and programs run under CPython
    read                      a process waits for a line of the terminal, see `terminal`

Keys of `crash` and `panic`, all optional: the registers by their names (`rip rsp rbp rbx
r12` ... `cr2`), `vector` and `error` of the exception, `environment`, all hexadecimal;
`memory`, the bytes that lie at `rsp`, two digits each; `program`, its name in the archive;
`reason`, a word of the kernel's; `raised` and `raised_stack`, of an exception nothing caught:
where the `raise` stands, and its stack pointer, at which `memory` lies then.
Nothing here reads a symbol; `traceback` does.
"""

from collections.abc import Iterable
from signal import Signals
from typing import NamedTuple

from exokernel.abi.console import READ
from exokernel.abi.x86_64 import Vector
from exokernel.host.errors import Status
from exokernel.host.machine import POWERED_OFF

TEXTS = ("program", "reason")  # keys whose value is no number
MEMORY = "memory"
ASKING = READ.rstrip()  # tells nothing about the end
EXCEPTIONS = ("no-handler", "no-stack")  # reasons behind which there is an exception


class Report(NamedTuple):
    kind: str
    text: str  # all behind the kind

    def fields(self) -> dict[str, str]:
        pairs = (word.split("=", 1) for word in self.text.split() if "=" in word)
        return {key: value for key, value in pairs}

    def registers(self) -> dict[str, int]:
        """The numbers of a `crash` or `panic`, addresses as unsigned; what does not parse is left out."""
        found = {}
        for key, value in self.fields().items():
            if key not in TEXTS and key != MEMORY:
                try:
                    found[key] = int(value, 16) % (1 << 64)
                except ValueError:
                    continue
        return found

    def memory(self) -> bytes:
        digits = self.fields().get(MEMORY, "")
        try:
            return bytes.fromhex(digits[: len(digits) // 2 * 2])
        except ValueError:
            return b""


def parse(stream: bytes) -> list[Report]:
    reports, where = [], ""
    for line in stream.decode(errors="replace").splitlines():
        kind, _, text = line.partition(" ")
        if kind == "fault":
            where = f" {text}"
        elif kind and kind != ASKING:
            reports.append(Report(kind, text + where if kind == "crash" else text))
            where = "" if kind == "crash" else where
    return reports


class Verdict(NamedTuple):
    """How a run ended: the status exok exits with, one word for it, and the report that says why."""

    status: int
    outcome: str
    cause: Report | None = None  # the panic, or the last crash


def verdict(reports: Iterable[Report], machine_status: int) -> Verdict:
    """Decide how the run ended, from the reports and QEMU's own exit status.

    The kernel's word goes before an exit, an exit before a crash: a program that survives
    its child's crash says itself how it ended.
    """
    last = {report.kind: report for report in reports}
    if "panic" in last:
        return Verdict(Status.PANIC, "panic", last["panic"])
    if "exit" in last:
        status, crash = exit_status(last["exit"]), last.get("crash")
        return Verdict(status, "crash" if crash is not None and status > Status.SIGNAL else "exit", crash)
    if "crash" in last:
        return Verdict(Status.SIGNAL + signal_of(last["crash"]), "crash", last["crash"])
    if machine_status in (0, POWERED_OFF):  # a triple fault resets the machine, and QEMU calls that success
        return Verdict(Status.PANIC, "reset")
    return Verdict(Status.TOOL, "machine")


def exit_status(report: Report) -> int:
    try:
        return int(report.text.split()[0]) & 0xFF
    except (ValueError, IndexError):
        return Status.TOOL


def signal_of(crash: Report) -> Signals:
    """The signal Linux sends for this exception, so that both systems' statuses agree."""
    if crash.fields().get("reason", EXCEPTIONS[0]) not in EXCEPTIONS:
        return Signals.SIGKILL  # the kernel ended it for something it did not do
    match crash.registers().get("vector"):
        case Vector.DIVIDE | Vector.FLOATING_POINT | Vector.SIMD:
            return Signals.SIGFPE
        case Vector.DEBUG | Vector.BREAKPOINT:
            return Signals.SIGTRAP
        case Vector.INVALID_OPCODE:  # the check of a compiled program that failed, too
            return Signals.SIGILL
        case Vector.SEGMENT_NOT_PRESENT | Vector.STACK_SEGMENT | Vector.ALIGNMENT:
            return Signals.SIGBUS
        case Vector.OVERFLOW | Vector.BOUND | Vector.GENERAL_PROTECTION | Vector.PAGE_FAULT:
            return Signals.SIGSEGV
        case _:
            return Signals.SIGKILL

"""What the command can fail with, apart from what the guest does, and the statuses it ends with."""

from enum import IntEnum


class Status(IntEnum):
    """Exit statuses that are the command's own; any other is the guest's. [docker run, timeout(1)]"""

    FAILED = 1  # a test, a type check, a missing prerequisite: what was asked about is not so
    TIMEOUT = 124
    TOOL = 125  # exok itself, QEMU or the system failed
    CANNOT_LOAD = 126  # the program does not compile
    NOT_FOUND = 127
    SIGNAL = 128  # + the number of the signal a Unix system would have sent
    INTERRUPTED = 130
    PANIC = 134
    BROKEN_PIPE = 141


class ToolError(Exception):
    """The command cannot go on: one sentence, and where there is one, the exact fix."""

    def __init__(self, sentence: str, fix: str = "", status: Status = Status.TOOL) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.fix = fix
        self.status = status

    def render(self) -> str:
        fix = f"\n  fix: {self.fix}" if self.fix else ""
        return f"exok: {self.sentence}{fix}"


def not_written(error: OSError) -> Exception:
    """What to raise when the program's output cannot be written; that nobody reads it any more is as good as any end."""
    if isinstance(error, BrokenPipeError):
        return error
    return ToolError(f"the program's output cannot be written: {error.strerror}")

"""The terminal, while a machine runs: the guest gets a line of it whenever it asks for one.

What nobody asks for stays for whoever reads the terminal next. Echo and editing are the
terminal's own. What asking looks like, and a line on its way, `abi.console` says.
"""

import os
from contextlib import suppress

from exokernel.abi.console import READ
from exokernel.model.devices import typed_at


class Terminal:
    """Passes lines from a terminal to a machine's serial port."""

    def __init__(self, descriptor: int, serial: int) -> None:
        self.descriptor = descriptor
        self.serial = serial
        self.unfinished = b""  # of the last line reported
        self.wanted = 0  # lines asked for and not given yet

    def listen(self, report: bytes) -> None:
        """Find out what the guest asks for, in what it reports."""
        *lines, self.unfinished = (self.unfinished + report).split(b"\n")
        self.wanted += lines.count(READ.rstrip().encode())

    def give_line(self) -> None:
        """Wait for a line, and pass it on."""
        self.wanted -= 1
        line = typed_at(self.descriptor)
        with suppress(BrokenPipeError, ConnectionResetError):  # the machine has ended meanwhile
            while line:
                line = line[os.write(self.serial, line) :]

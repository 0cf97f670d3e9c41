"""The console's three streams."""

from exokernel.dialect import Enumeration


class Stream(Enumeration, bits=8):
    OUTPUT = 0
    ERROR = 1
    REPORT = 2  # for the machine that runs the machine: exit status, crashes, figures

    def write(self, text: str, /) -> None:
        """Be what `print(file=...)` asks for. A library's `print` writes by itself, and calls this never."""
        raise NotImplementedError

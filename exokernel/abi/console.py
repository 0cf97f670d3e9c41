"""The console's three streams, and what is typed at it.

A line is typed when a line `read` is reported. Its bytes come as they are, but for two.
"""

from exokernel.dialect import Enumeration


class Stream(Enumeration, bits=8):
    OUTPUT = 0
    ERROR = 1
    REPORT = 2  # for the machine that runs the machine: exit status, crashes, figures

    def write(self, text: str, /) -> None:
        """Be what `print(file=...)` asks for. A library's `print` writes by itself, and calls this never."""
        raise NotImplementedError


READ = "read\n"
LINE_ENDS = 4  # ^D: the line ends here, without a newline; with nothing before it, so does the input
AS_IT_IS = 22  # ^V: the byte behind it means itself

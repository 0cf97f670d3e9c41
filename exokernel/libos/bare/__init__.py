"""The smallest library: a stack, `print`, and a status at the end.

A program gets the whole machine: it holds the root capability, nothing is paged, forked or
buffered beyond a line, and an exception ends it. It shows that ExOS is optional, and what a
library of one's own begins with.
"""

from exokernel.libos.bare.console import shut_down

__all__ = ["shut_down"]

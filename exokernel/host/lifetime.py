"""Processes that do not outlive the thread that began them, in whatever way that ends; Linux sees to it.

How they are begun, and what they do, is not known here.
"""

import os
import signal
from collections.abc import Callable

SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)


def bound_to_us() -> Callable[[], None]:
    """What a child has to call first, to be killed when the thread that is to begin it ends."""
    import ctypes  # of no use to who begins no process

    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def bind() -> None:
        prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return bind

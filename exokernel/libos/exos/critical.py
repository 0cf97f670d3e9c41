"""Critical sections without a lock word, so there is nothing to recover when their owner dies.

The end of a slice that comes during one is noted, and leaving the section then yields. A
section that lasts is charged by the kernel, and one that never ends is the end of its
environment. [SOSP97 §3, robust critical sections; Xok synch.c]
"""

from collections.abc import Iterator
from contextlib import contextmanager

from exokernel.abi.names import NOBODY, EnvironmentId
from exokernel.dialect import inline, never_inline
from exokernel.libos import kernel
from exokernel.libos.exos.arch.context import switch


@contextmanager
def critical() -> Iterator[None]:
    """Keep the end of the slice from changing anything while the body runs."""
    page = kernel.environment_page()
    page.critical += 1
    try:
        yield
    finally:
        page.critical -= 1
        if page.critical == 0 and page.interrupted != 0:
            pause()


@never_inline
def pause() -> None:
    """Give up the slice, and come back with the next."""
    page = kernel.environment_page()
    page.critical += 1
    suspend(NOBODY)
    page.interrupted = 0  # the slice that ended is over
    page.critical -= 1


@inline
def suspend(target: EnvironmentId) -> None:
    """Give the rest of the slice to `target`, or to whoever is next when it cannot run.

    Only in a critical section: the end of the slice would save its own context over ours.
    """
    if switch(target) != 0:
        switch(NOBODY)

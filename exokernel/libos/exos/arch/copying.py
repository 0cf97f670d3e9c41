"""Copying a process's own page for its child."""

from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.dialect import Array
from exokernel.dialect.unsafe import placed
from exokernel.libos.exos.arch.state import INTEGERS_TO_COPY
from exokernel.libos.exos.layout import WINDOW

ours: Array[int] = placed(ENVIRONMENT_PAGE, INTEGERS_TO_COPY)
theirs: Array[int] = placed(WINDOW, INTEGERS_TO_COPY)


def copy_page_to_window() -> None:
    """Copy our entry points and state into the environment page that is in the window."""
    theirs[:] = ours

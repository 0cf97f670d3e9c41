"""Boots the hostile program, on the kernel as it is and on one that can lose any of its guards.

All guards that some attack needs gone are in one kernel, each of them lost only in a machine
that is told so: a word in low memory, put there before the machine starts, says which. So
one compilation does for all of them, and on a machine that loses none that kernel must
behave as the real one does.
"""

import io
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from exokernel.abi.layout import DIRECT_MAP
from exokernel.compiler import driver
from exokernel.compiler.cache import ROOT
from exokernel.host.archive import Writer
from tests.boot.attacks.guests.attack import Attack
from tests.boot.attacks.manifest import CASES, Guard
from tests.boot.guest import Computer, Ending, compiled_kernel

PROGRAM = Path(__file__).parent / "guests" / "hostile.py"
CHOICE = 0x60000  # physical address of the number of the guard that is lost; 0: none
MODULE = "arch/lost.py"
LOST = f'''"""Which guard this machine lacks."""

from exokernel.dialect import Array, inline
from exokernel.dialect.unsafe import placed

choice: Array[int] = placed({DIRECT_MAP + CHOICE}, 1)


@inline
def is_lost(guard: int) -> bool:
    return choice[0] == guard
'''
IMPORT = "from exokernel.kernel.arch.lost import is_lost\n"


def guards() -> list[Guard]:
    """Every guard that some attack is to show the need of, once; the first has number 1."""
    return list(dict.fromkeys(case.guard for case in CASES.values()))


def number_of(guard: Guard) -> int:
    return guards().index(guard) + 1

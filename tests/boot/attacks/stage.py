"""Boots the hostile program, on the kernel as it is and on one that can lose any of its guards.

All guards that some attack needs gone are in one kernel, each of them lost only in a machine
that is told so: a word in low memory, put there before the machine starts, says which. So
one compilation does for all of them, and on a machine that loses none that kernel must
behave as the real one does.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from exokernel.abi.layout import DIRECT_MAP
from exokernel.compiler import driver
from exokernel.compiler.cache import ROOT
from exokernel.host.archive import Writer
from tests.boot.attacks.guests.attack import Attack
from tests.boot.attacks.manifest import CASES, Guard
from tests.boot.guest import Computer, Ending, compiled_kernel, copy_kernel

PROGRAM = Path(__file__).parent / "guests" / "hostile.py"
ATTACKER = 5  # its name when it is the first on its stage, behind its stager, the victim and its prey
CHOICE = 0x60000  # physical address of the number of the guard that is lost; 0: none
MODULE = "arch/lost.py"
LOST = f'''"""Which guard this machine lacks."""

from exokernel.dialect import Array, inline
from exokernel.dialect.unsafe import placed
from exokernel.kernel.state import machine_state

choice: Array[int] = placed({DIRECT_MAP + CHOICE}, 1)


@inline
def is_lost(guard: int) -> bool:
    return choice[0] == guard and machine_state().current >= {ATTACKER}


@inline
def is_lost_for_all(guard: int) -> bool:
    return choice[0] == guard
'''
IMPORT = "from exokernel.kernel.arch.lost import is_lost, is_lost_for_all\n"


def guards() -> list[Guard]:
    """Every guard that some attack is to show the need of, once; the first has number 1."""
    return list(dict.fromkeys(case.guard for case in CASES.values()))


def number_of(guard: Guard) -> int:
    return guards().index(guard) + 1


class Cut(NamedTuple):
    """Where a guard lies in its file, and what stands there without it."""

    begin: int
    end: int
    text: str


def cut_of(guard: Guard, source: str) -> Cut:
    """The smallest change that makes a guard one that can be lost."""
    assert source.count(guard.text) == 1, f"{guard.file} does not have {guard.text!r} once"
    ahead = len(os.path.commonprefix((guard.text, guard.without)))
    rest, other = guard.text[ahead:], guard.without[ahead:]
    behind = len(os.path.commonprefix((rest[::-1], other[::-1])))
    begin = source.index(guard.text) + ahead
    replacement = other[: len(other) - behind]
    number = number_of(guard)
    replacement = replacement.replace("LOST_FOR_ALL", f"is_lost_for_all({number})").replace("LOST", f"is_lost({number})")
    return Cut(begin, begin + len(rest) - behind, replacement)


def groups() -> list[list[Guard]]:
    """The guards, so divided that those of one group do not overlap."""
    found: list[list[Guard]] = []
    for guard in guards():
        source = (ROOT / "exokernel/kernel" / guard.file).read_text()
        cut = cut_of(guard, source)
        for group in found:
            others = [cut_of(other, source) for other in group if other.file == guard.file]
            if all(cut.end < other.begin or other.end < cut.begin for other in others):
                group.append(guard)
                break
        else:
            found.append([guard])
    return found


def kernel_losing(group: Sequence[Guard], folder: Path) -> Path:
    """Compile the kernel so that a machine can lose any one guard of a group."""
    copy_kernel(folder)
    kernel = folder / "exokernel/kernel"
    (kernel / MODULE).write_text(LOST)
    for name in {guard.file for guard in group}:
        source = (kernel / name).read_text()
        text = source
        for cut in sorted((cut_of(guard, source) for guard in group if guard.file == name), reverse=True):
            text = text[: cut.begin] + cut.text + text[cut.end :]
        (kernel / name).write_text(text.replace("from exokernel.kernel.", f"{IMPORT}from exokernel.kernel.", 1))
    return compiled_kernel(folder)


class Line(NamedTuple):
    """What is said of one attack."""

    attacker: int
    victim: int
    sums: str


class Stage:
    """Attacks on one kernel; each run is a machine of its own."""

    def __init__(self, kernel: Path, folder: Path) -> None:
        self.computer = Computer(kernel, folder)
        self.program = driver.build_program(PROGRAM).read_bytes()

    def run(self, attacks: Sequence[Attack], lost: Guard | None = None, **choices: Any) -> Ending:
        archive = self.computer.folder / "archive"
        with archive.open("wb") as stream:
            writer = Writer(stream)
            writer.add("program", self.program)
            writer.add("arguments", b"".join(b"%s\0" % word for word in [b"hostile", *(b"%d" % one for one in attacks)]))
            writer.close()
        choice = 0 if lost is None else number_of(lost)
        loader = f"loader,addr={CHOICE:#x},data={choice},data-len=8"
        return self.computer.boot(archive, also=["-device", loader], **choices)


def lines_of(ending: Ending) -> dict[Attack, Line]:
    """What the hostile program said of each attack."""
    found = {}
    for line in ending.output.decode().splitlines():
        attack, attacker, victim, sums = line.split(" ", 3)
        found[Attack(int(attack))] = Line(int(attacker), int(victim), sums)
    return found

"""No attack gets through, none harms the victim or the tables, and each would get through without the guard it is about."""

import re
from pathlib import Path

import pytest

from exokernel.host.machine import SPARE_MEMORY
from tests.boot.attacks.guests.attack import Attack
from tests.boot.attacks.manifest import CASES, Bite, Guard
from tests.boot.attacks.stage import Stage, groups, kernel_losing, lines_of
from tests.boot.audit import Auditor

pytestmark = [pytest.mark.boot, pytest.mark.slow]

HELD = "adds up"
LATE = 2  # status of a victim that had to wait too long
HALTED = 99  # status of a machine switched off by an attacker
PANIC = 35  # of QEMU
FOLDER = Path(__file__).parent
MANY = 12  # attacks in one machine


@pytest.fixture(scope="module")
def weak(tmp_path_factory: pytest.TempPathFactory) -> dict[Guard, Stage]:
    """By guard, the stage on the kernel that can lose it."""
    found: dict[Guard, Stage] = {}
    for group in groups():
        folder = tmp_path_factory.mktemp("weak")
        stage = Stage(kernel_losing(group, folder / "source"), folder)
        found |= dict.fromkeys(group, stage)
    return found


def check(stage: Stage, attacks: list[Attack]) -> None:
    auditor = Auditor(stage.computer, SPARE_MEMORY)
    ending = stage.run(attacks, steer=auditor)
    assert ending.halted == 0, ending.reports
    assert auditor.findings(ending) == []
    said = lines_of(ending)
    for attack in attacks:
        assert said[attack] == (CASES[attack].status, 0, HELD), attack.name


def batches() -> list[list[Attack]]:
    attacks = list(Attack)
    return [attacks[start : start + MANY] for start in range(0, len(attacks), MANY)]


def test_every_attack_has_a_control() -> None:
    assert set(CASES) == set(Attack)


def test_the_table_of_attacks_names_what_there_is() -> None:
    rows = [row.split("|")[1:] for row in (FOLDER / "README.md").read_text().splitlines() if row.startswith("| ")]
    named = {name: int(row[0]) for row in rows for name in re.findall(r"\w+", row[2]) if name.isupper()}
    assert named == {attack.name: case.number for attack, case in CASES.items()}
    files = {name for row in rows for name in re.findall(r"`(test_\w+\.py)`", "|".join(row))}
    assert {name for name in files if not (FOLDER.parent / name).exists()} == set()


@pytest.mark.parametrize("attacks", batches(), ids=lambda attacks: f"{attacks[0].name}..{attacks[-1].name}")
def test_no_attack_gets_through(kernel: Path, tmp_path: Path, attacks: list[Attack]) -> None:
    check(Stage(kernel, tmp_path), attacks)


def test_a_kernel_that_could_lose_its_guards_and_does_not_is_as_good(weak: dict[Guard, Stage]) -> None:
    attacks = batches()[0]
    for stage in set(weak.values()):
        check(stage, attacks)


@pytest.mark.parametrize("attack", Attack, ids=lambda attack: attack.name)
def test_without_its_guard_an_attack_gets_through(weak: dict[Guard, Stage], attack: Attack) -> None:
    case = CASES[attack]
    ending = weak[case.guard].run([attack], lost=case.guard)
    match case.bites:
        case Bite.GOT_THROUGH:
            assert f"{int(attack)} got through" in ending.error.decode()
        case Bite.LATE:
            assert lines_of(ending)[attack] == (0, LATE, HELD)
        case Bite.PANIC:
            assert ending.status == PANIC
        case Bite.HALT:
            assert ending.halted == HALTED

"""The rules of the house, applied to the checkout."""

import shutil
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.rules import Source

ROOT = Path(__file__).parents[2]
TEXTS = (".py", ".md", ".toml", ".yml", ".yaml", ".txt", ".case", ".sh", ".cfg", "")
Rule = Callable[[Source], Iterator[str]]


def sources(*folders: str) -> list[Source]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [Source(path.relative_to(ROOT), path.read_text()) for path in paths]


def house() -> list[Source]:
    return sources("exokernel", "programs")


def broken(rule: Rule, among: list[Source]) -> list[str]:
    return [place for source in among for place in rule(source)]


def test_there_is_a_house_to_look_at() -> None:
    assert {rules.part(source.path) for source in house()} >= {"dialect", "abi", "compiler", "host"}


@pytest.mark.parametrize(
    "rule",
    [
        rules.forbidden_imports,
        rules.machines_named_outside_arch,
        rules.tests_named,
        rules.unsafe_imports,
        rules.shifts,
        rules.masks,
        rules.too_long,
        rules.missing_docstrings,
        rules.vague_names,
        rules.calls_without_contract,
    ],
)
def test_the_house_keeps_to(rule: Rule) -> None:
    assert broken(rule, house()) == []


def test_who_may_start_tests_does() -> None:
    naming = {str(source.path) for source in house() if rules.TESTS.search(source.text)}
    assert naming == rules.STARTS_TESTS


def test_the_kernel_has_no_word_for_a_policy() -> None:
    assert broken(rules.policy_words, sources("exokernel/kernel")) == []


def test_what_calls_are_made_of_comes_to_an_end() -> None:
    """Proofs say what is so when a call comes back: that it does is said by its loops, each of which is over a range.
    Drivers wait for the serial port, write numbers digit by digit, and stay where the machine is off."""
    portable = [source for source in sources("exokernel/kernel") if len(source.path.parts) == 3 and source.path.stem != "first"]
    assert broken(rules.endless_loops, portable) == []
    drivers = "exokernel/kernel/drivers"
    found = [place.partition(":")[0] for place in broken(rules.endless_loops, sources(drivers))]
    assert found == [*[f"{drivers}/console.py"] * 3, f"{drivers}/power.py"]


def test_every_call_the_kernel_implements_is_declared() -> None:
    declared = {node.name for source in sources("exokernel/abi") for node in rules.decorated(source, "system_call")}
    assert [place for source in sources("exokernel/kernel") for place in rules.undeclared_calls(source, declared)] == []


def test_tests_have_docstrings_too() -> None:
    named = [source for source in sources("tests") if source.path.name != "__init__.py"]
    assert broken(rules.missing_docstrings, named) == []


def test_both_type_checkers_read_all_that_is_in_the_dialect() -> None:
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    guests = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("guests")}
    assert tools["mypy"]["files"] == tools["pyright"]["include"]
    assert guests | {"exokernel", "programs"} <= set(tools["mypy"]["files"])


def test_nothing_speaks_of_how_the_house_was_built() -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed: cannot tell ours from what was made")
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip("not a checkout of git: cannot tell ours from what was made")
    paths = [ROOT / name for name in listed.stdout.splitlines() if not name.startswith("tests/architecture/")]
    texts = [path for path in paths if path.suffix in TEXTS and path.is_file()]
    among = [Source(path.relative_to(ROOT), path.read_text(errors="replace")) for path in texts]
    assert broken(rules.words_of_the_building_site, among) == []

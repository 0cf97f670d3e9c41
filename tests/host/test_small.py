"""The commands that only look: size and doctor; and the progress line."""

import json
import time

import pytest

from exokernel.host import progress as progress_module
from exokernel.host import size as size_module
from exokernel.host.progress import progress
from exokernel.host.provision import ROOT
from exokernel.host.size import CEILINGS, lines_of_code
from tests.host.conftest import Exok, FakeDriver

SAMPLE = '''"""A docstring
of two lines."""

# a comment
x = (1 +
     2)  # code, two lines


def f() -> str:
    """One more."""
    return """text
that counts"""
'''


def test_only_lines_of_code_count() -> None:
    assert lines_of_code(SAMPLE) == 5
    assert lines_of_code("") == 0


def test_size_names_every_part(driver: FakeDriver, exok: Exok) -> None:
    status, output, _ = exok("size", "--lines", "--json")
    parts = json.loads(output)["parts"]
    assert [part["name"] for part in parts] == list(CEILINGS)
    assert [part["name"] for part in parts if part["lines"] > part["ceiling"]] == []
    assert status == 0


def test_a_part_above_its_ceiling_is_a_failure(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(size_module, "CEILINGS", {"exokernel/host": 1})
    status, output, _ = exok("size", "--lines")
    assert status == 1 and b"above its ceiling" in output


def test_every_part_of_the_house_has_a_ceiling() -> None:
    house = {f"exokernel/{path.parent.name}" for path in (ROOT / "exokernel").glob("*/__init__.py")}
    assert house | {"programs", "exokernel/libos/bare"} == set(CEILINGS)


@pytest.mark.slow
def test_a_part_of_a_part_is_summed_once(driver: FakeDriver, exok: Exok) -> None:
    parts = {part["name"]: part["files"] for part in json.loads(exok("size", "--lines", "--json")[1])["parts"]}
    last = exok("size", "--lines")[1].decode().splitlines()[-1]
    assert int(last.split()[1]) == sum(parts.values()) - parts["exokernel/libos/bare"]


@pytest.mark.boot
def test_doctor_finds_what_tests_need(exok: Exok) -> None:
    status, output, _ = exok("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(output)}
    assert set(findings) == {"python", "run", "test", "qemu", "gdb", "lld"}
    assert findings["python"]["good"] and findings["qemu"]["good"] and status == 0


def test_progress_is_silent_where_nobody_looks(capfd: pytest.CaptureFixture[str]) -> None:
    with progress("working"):
        pass
    assert capfd.readouterr().err == ""


def test_progress_appears_when_it_takes_long_and_goes_away(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(progress_module, "is_wanted", lambda: True)
    with progress("short work"):
        pass
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(progress_module, "PATIENCE", 0.01)
    with progress("long work"):
        time.sleep(0.1)
    error = capfd.readouterr().err
    assert "exok: long work, " in error and error.endswith("\x1b[K")


@pytest.mark.parametrize("name", ["CI", "NO_COLOR"])
def test_progress_is_not_wanted_under(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module.sys.stderr, "isatty", lambda: True, raising=False)
    for each in ("CI", "NO_COLOR"):
        monkeypatch.delenv(each, raising=False)
    assert progress_module.is_wanted()
    monkeypatch.setenv(name, "1")
    assert not progress_module.is_wanted()



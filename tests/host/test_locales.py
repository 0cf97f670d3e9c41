"""The caller's locale reaches the guest, on every machine, as far as it can be had here."""

import locale
from collections.abc import Mapping
from pathlib import Path

import pytest

from exokernel.host import locales
from exokernel.host.archive import members
from tests.host.assembly import echoing_guest
from tests.host.conftest import Exok, FakeDriver

CALLER = {"HOME": "/", "LANG": "C.UTF-8", "LC_ALL": "", "PATH": ""}


def called_with(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    monkeypatch.setattr(locales, "started_with", lambda: variables)


@pytest.mark.parametrize(
    "caller, given, handed",
    [
        ({}, ["A=1"], ["A=1"]),
        (CALLER, [], ["LC_ALL=", "LANG=C.UTF-8"]),
        (CALLER, ["LANG=C", "A=1"], ["LC_ALL=", "LANG=C", "A=1"]),
        ({"LC_CTYPE": "POSIX", "LC_TIME": "C"}, [], ["LC_CTYPE=POSIX"]),
        ({"LANG": "xx_YY.UTF-8"}, ["A=1"], ["A=1"]),
        ({"LANG": "C", "LC_PAPER": "xx_YY"}, [], []),
        ({"LC_ALL": "C", "LC_PAPER": "xx_YY"}, [], ["LC_ALL=C"]),
    ],
)
def test_what_is_handed_over(caller: dict[str, str], given: list[str], handed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    called_with(monkeypatch, caller)
    before = locale.setlocale(locale.LC_ALL)
    assert locales.with_locale(given) == handed
    assert locale.setlocale(locale.LC_ALL) == before


def test_what_the_process_was_started_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environ").write_bytes(b"LANG=C\0A=b=c\0\0broken\0")
    monkeypatch.setattr(locales, "STARTED_WITH", tmp_path / "environ")
    assert locales.started_with() == {"LANG": "C", "A": "b=c"}
    monkeypatch.setattr(locales, "STARTED_WITH", tmp_path / "none")
    monkeypatch.setenv("LANG", "POSIX")
    assert locales.started_with()["LANG"] == "POSIX"


@pytest.mark.boot
def test_the_guest_finds_it(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.guest = echoing_guest()
    called_with(monkeypatch, CALLER)
    _, output, _ = exok("run", "prog.py", "-e", "A=1")
    found = {member.name: member.data for member in members(output)}
    assert found["environment"] == b"LC_ALL=\0LANG=C.UTF-8\0A=1\0"


def test_a_linux_program_finds_it(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    called_with(monkeypatch, CALLER)
    Path("prog.py").write_text('echo "$LANG $A"')
    assert exok("run", "prog.py", "--machine", "native", "-e", "A=1") == (0, b"C.UTF-8 1\n", "")

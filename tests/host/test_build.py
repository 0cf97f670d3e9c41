"""`exok build` names what it made, and goes on past what is refused."""

import json
from pathlib import Path

from tests.host.conftest import Exok, FakeDriver


def test_what_was_built_is_named(driver: FakeDriver, exok: Exok) -> None:
    status, output, error = exok("build", "prog.py", "--timings")
    assert (status, output) == (0, f"{driver.folder}/prog.exokernel.elf\n".encode())
    assert [line.split()[1] for line in error.splitlines()] == ["setup", "prog", "total"]
    status, output, _ = exok("build", "prog.py", "--target", "linux", "--json")
    assert json.loads(output) == {"prog": f"{driver.folder}/prog.linux.elf"}


def test_a_refusal_does_not_stop_the_others(driver: FakeDriver, exok: Exok) -> None:
    Path("bad.py").write_text("# refuse")
    status, output, error = exok("build", "bad.py", "prog.py")
    assert status == 126 and "this is refused" in error and b"prog.exokernel.elf" in output


def test_without_a_name_it_is_all_there_is(driver: FakeDriver, exok: Exok) -> None:
    status, output, _ = exok("build", "--json")
    assert status == 0 and "kernel" in json.loads(output)

"""The front of the command: which commands there are, help, and mistakes."""

import errno
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from exokernel.compiler.diagnostics import CompileError
from exokernel.host import command as command_module
from exokernel.host.command import COMMANDS, spell_out, split_at_dashes
from exokernel.host.errors import Status, ToolError
from tests.host.conftest import Exok, FakeDriver

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_help_names_every_command(exok: Exok, words: list[str]) -> None:
    status, output, error = exok(*words)
    assert (status, error) == (0, "")
    assert all(f"\n  {name} ".encode() in output for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_there_and_explains_itself(driver: FakeDriver, exok: Exok, name: str) -> None:
    module = import_module(COMMANDS[name].module)
    assert callable(module.execute) and module.__doc__
    with pytest.raises(SystemExit) as ended:
        exok("help", name)
    assert ended.value.code == 0


@pytest.mark.parametrize("words", [["rum"], ["help", "rum"]])
def test_a_command_that_is_not_there(exok: Exok, words: list[str]) -> None:
    assert exok(*words) == (125, b"", "exok: there is no command 'rum'\n  fix: exok help\n")


def test_ctrl_c_is_no_traceback(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_module, "import_module", interrupted)
    assert exok("run", "prog.py") == (130, b"", "")


@pytest.mark.parametrize(
    ("error", "status", "text"), [(CompileError("no", None), 126, "error: no\n"), (LookupError("ours"), 125, "a mistake in exok itself")]
)
def test_what_nobody_expected(
    driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int, text: str
) -> None:
    def fails(*_: object) -> int:
        raise error

    monkeypatch.setattr(command_module, "import_module", fails)
    found, _, said = exok("run", "prog.py")
    assert found == status and text in said and ("Traceback" in said) == (status == 125)


WAYS_TO_FAIL = [  # what is raised, the status, the outcome, the reason's beginning
    (ToolError("no machine", "get one"), 125, "tool", "no machine"),
    (LookupError("ours"), 125, "tool", "this is a mistake in exok itself"),
    (CompileError("no", None), 126, "cannot_load", "error: no"),
    (ToolError("no program", status=Status.NOT_FOUND), 127, "not_found", "no program"),
    (KeyboardInterrupt(), 130, "interrupted", "interrupted"),
]


@pytest.mark.parametrize(("error", "status", "outcome", "reason"), WAYS_TO_FAIL, ids=lambda value: str(value))
@pytest.mark.parametrize("asked", [True, False])
def test_a_failure_is_told_in_json_to_who_asks(
    driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int, outcome: str, reason: str, asked: bool
) -> None:
    def fails(*_: object) -> int:
        raise error

    monkeypatch.setattr(command_module, "import_module", fails)
    found, output, said = exok("run", *["--json"] * asked, "prog.py", "--", "--json")
    lines = said.splitlines()
    assert (found, output) == (status, b"")
    assert any(line.startswith("{") for line in lines) == asked
    if asked:
        told = json.loads(lines[-1])
        assert (told["status"], told["outcome"]) == (status, outcome) and told["reason"].startswith(reason)
        assert told.keys() == {"status", "outcome", "reason", "traceback", "registers", "seconds"}


def test_json_tells_of_words_that_cannot_be_read_and_programs_that_are_not_there(driver: FakeDriver, exok: Exok) -> None:
    for words, expected in ((["prog.py", "--bogus"], 125), (["nothere.py"], 127), (["--machine", "native", "refused.py"], 126)):
        Path("refused.py").write_text("# refuse")
        status, _, said = exok("run", "--json", *words)
        assert status == json.loads(said.splitlines()[-1])["status"] == expected


def test_what_stands_behind_the_dashes_is_the_guests() -> None:
    assert split_at_dashes(["a", "--", "b", "--", "c"]) == (["a"], ["b", "--", "c"])
    assert split_at_dashes(["a"]) == (["a"], [])


def test_the_two_meanings_of_v() -> None:
    assert spell_out(["-v", "a:b", "-v", "prog"]) == ["--volume", "a:b", "-v", "prog"]
    assert spell_out(["-v"]) == ["-v"]


def test_the_launcher_refuses_an_old_python_with_the_fix(tmp_path: Path) -> None:
    code = (
        "import sys, runpy; sys.version_info = (3, 9, 2, 'final', 0); sys.argv = ['exok', 'run'];"
        "import shutil; shutil.which = lambda name: None;"
        f"runpy.run_path({str(ROOT / 'exok')!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 125
    assert done.stderr.startswith("exok: Python 3.11 or newer is needed") and "fix: " in done.stderr


def test_a_warm_run_imports_nothing_heavy() -> None:
    code = "import sys; import exokernel.host.run, exokernel.host.command; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"llvmlite", "elftools", "rich", "json", "exokernel.host.symbols"} & set(done.stdout.split())


def test_closed_streams_are_nobodys() -> None:
    shell = f"{sys.executable} {ROOT / 'exok'} help run"
    for closed in ("<&-", "<&- 2>&-", "<&- >&- 2>&-"):
        done = subprocess.run(["sh", "-c", f"{shell} {closed}"], capture_output=True)
        assert done.returncode == 0 and done.stderr == b""


def test_what_cannot_be_kept_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    where = str(command_module.STATE / "cache")

    def refuse(words: list[str], started: float) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", where)

    monkeypatch.setattr(command_module, "dispatch", refuse)
    assert command_module.main(["run"]) == 125
    said = capsys.readouterr().err
    assert said.startswith(f"exok: {where}: Permission denied; exok keeps there") and "fix: clone the sources" in said

"""`exok prove`, as somebody at a terminal types it; what it proves is other tests' business."""

import json
import subprocess
import sys
from argparse import Namespace
from typing import NoReturn

import pytest

from exokernel.host.errors import Status
from exokernel.host.prove import CLAIMED, CONSEQUENCES, OF_EACH_CALL, TRUSTED, prove_all
from exokernel.prover.execute import Unsupported
from exokernel.prover.system import System, load_system
from tests.host.keyboard import ROOT

pytestmark = pytest.mark.slow


def prove(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "exokernel", "prove", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_one_clause_of_one_call() -> None:
    ended = prove("slice_free", "--clause", "error")
    assert ended.returncode == 0 and ended.stdout.startswith("slice_free            proved")
    assert "1 of 1 calls proved: " in ended.stdout and "0 unknown" in ended.stdout and "trusted: " in ended.stdout


def test_a_call_is_asked_many_times_over() -> None:
    """Once it happened that none of them answered: processes were forked by one thread while another imported."""
    for _ in range(3):
        ended = prove("null", "null", "null", "null", "null", "null", "--json")
        assert ended.returncode == 0 and len(ended.stdout.splitlines()) == 13
        assert json.loads(ended.stdout.splitlines()[-1])["calls"] == 6


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


def test_what_is_assumed_is_told(system: System) -> None:
    assumed = sorted(claim.name for claim in system.specification.functions() if claim.name.endswith("_assumes"))
    assert TRUSTED[0].endswith(f"assumptions.py, {', '.join(assumed)}")


def test_source_without_a_meaning_is_not_proved(
    system: System, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise Unsupported("kernel/console.py:9: no meaning for this")

    monkeypatch.setattr("exokernel.prover.prove.prove_call", fail)
    monkeypatch.setattr("exokernel.prover.equality.optimised_kernel", lambda _: None)
    options = Namespace(calls=["null"], jobs=1, again=True, clause=None, counterexample=None, json=False, verbose=False)
    assert prove_all(system, options) == Status.FAILED
    told = capsys.readouterr().out
    assert told.startswith("null                  NOT PROVED") and "kernel/console.py:9: no meaning for this" in told
    assert "0 of 1 calls proved" in told


def test_every_clause_is_listed(system: System) -> None:
    listed = {claim.name for part in CLAIMED for claim in system.specification.all(part)} | set(OF_EACH_CALL)
    told = [json.loads(line) for line in prove("slice_free", "yield_to", "--json").stdout.splitlines()]
    asked = {clause for each in told if "paths" in each for clause in each["clauses"]}
    assert {each if not each.startswith("does_") else "does_…" for each in asked} <= listed
    assert {"error", "safe", "private", "successor", "does_…"} <= listed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], "there is no call 'nonsense'\n  fix: exok prove --list"),
        (["slice_free", "--clause", "nonsense"], "nothing is asked of slice_free that is called 'nonsense'\n  fix: exok prove --list"),
        ([CONSEQUENCES, "--clause", "steps"], "nothing is asked of consequences that is called 'steps'\n  fix: exok prove --list"),
        (["--jobs", "0"], "argument --jobs: '0' is no number of processes"),
        (["--jobs", "some"], "argument --jobs: 'some' is no number of processes"),
        (["--mutants", CONSEQUENCES], "'consequences' is no call, and has no mutants"),
        (["null", "--counterexample", "README.md"], "counterexamples cannot be kept in 'README.md': that is a file"),
        (["null", "--counterexample", "/proc/nowhere"], "counterexamples cannot be kept in '/proc/nowhere': No such file or directory"),
    ],
)
def test_wrong_words(words: list[str], sentence: str) -> None:
    ended = prove(*words)
    assert ended.returncode == 125 and f"exok: {sentence}" in ended.stderr and "Traceback" not in ended.stderr

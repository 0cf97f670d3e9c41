"""`exok prove`, as somebody at a terminal types it; what it proves is other tests' business."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from exokernel.host.prove import CLAIMED, CONSEQUENCES, OF_EACH_CALL
from exokernel.prover.system import load_system
from tests.host.keyboard import ROOT

pytestmark = pytest.mark.slow


def prove(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    command = [sys.executable, "-m", "exokernel", "prove", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


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


def test_every_clause_is_listed() -> None:
    system = load_system()
    listed = {claim.name for part in CLAIMED for claim in system.specification.all(part)} | set(OF_EACH_CALL)
    asked = {clause for line in prove("slice_free", "yield_to", "--json").stdout.splitlines() for clause in json.loads(line).get("clauses", ())}
    assert {each if not each.startswith("does_") else "does_…" for each in asked} <= listed
    assert {"error", "safe", "private", "successor", "does_…"} <= listed


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["nonsense"], "there is no call 'nonsense'\n  fix: exok prove --list"),
        (["slice_free", "--clause", "nonsense"], "nothing is asked of slice_free that is called 'nonsense'\n  fix: exok prove --list"),
        ([CONSEQUENCES, "--clause", "error"], "nothing is asked of consequences that is called 'error'\n  fix: exok prove --list"),
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

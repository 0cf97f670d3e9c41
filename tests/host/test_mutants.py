"""How mutants are asked and told; what becomes of them is the prover's business."""

from argparse import Namespace
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from exokernel.host import mutants
from exokernel.prover.code_mutants import CodeMutation
from exokernel.prover.mutants import ALIVE, BY_PROOF, REFUSED, UNKNOWN, Fate


class Court:
    """Begins threads instead of processes, which decide as was laid down, each time another way if need be."""

    def __init__(self, decisions: dict[str, tuple[str, ...]]) -> None:
        self.decisions, self.asked, self.begun = decisions, Counter[str](), 0

    def begin(self) -> ThreadPoolExecutor:
        self.begun += 1
        return ThreadPoolExecutor(1)

    def fate_of(self, mutant: CodeMutation) -> Fate:
        self.asked[mutant.label] += 1
        return Fate(mutant.label, self.decisions[mutant.label][self.asked[mutant.label] - 1])


def decide(court: Court, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setattr(mutants, "fate_of", court.fate_of)
    found = [CodeMutation("f", "entry", 0, "", (), label) for label in court.decisions]
    fates = mutants.fates_of(court.begin, "code", found, {}, Namespace(json=False))
    return {each.label: each.verdict for each in fates}


def test_what_is_undecided_is_asked_once_more_of_new_processes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    court = Court({"a": (BY_PROOF,), "b": (UNKNOWN, REFUSED), "c": (UNKNOWN, UNKNOWN), "d": (ALIVE,)})
    assert decide(court, monkeypatch) == {"a": BY_PROOF, "b": REFUSED, "c": UNKNOWN, "d": ALIVE}
    assert court.asked == {"a": 1, "b": 2, "c": 2, "d": 1} and court.begun == 2
    *lines, total = capsys.readouterr().out.splitlines()
    assert [each.split()[1] for each in lines] == ["d", "c"]
    assert total.startswith("code: 2 of 4 mutants killed (50.0 %)")


def test_what_is_decided_is_asked_once(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    court = Court({"a": (BY_PROOF,)})
    assert decide(court, monkeypatch) == {"a": BY_PROOF}
    assert court.asked == {"a": 1} and court.begun == 1
    assert capsys.readouterr().out.startswith("code: 1 of 1 mutants killed (100.0 %)")

"""The kernel's own calls: proved, awake to changes, and with a counterexample when they are wrong."""

from pathlib import Path

import pytest

from exokernel.prover.counterexample import write_test
from exokernel.prover.mutants import Mutant, mutants_of, with_mutant
from exokernel.prover.prove import prove_call
from exokernel.prover.system import System, load_system

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


@pytest.mark.parametrize("name", ["null", "capability_drop", "capability_accept", "frame_guard", "slice_free"])
def test_a_call_is_proved(system: System, name: str) -> None:
    result = prove_call(system, system.calls[name])
    assert [failure.what for failure in result.failures] == []
    assert result.clauses["reachable"] >= 1


def mutant(system: System, function: str, label: str, number: int = 0) -> Mutant:
    found = [each for each in mutants_of(system.program.functions[f"exokernel.kernel.{function}"]) if label in each.label]
    return found[number]


PLANTED = [
    ("frame_alloc", "frames.frame_alloc", "clear left out", "fresh_frame_is_clean"),
    ("frame_free", "frames.release", "a store left out", "frames_of"),
    ("capability_drop", "capabilities.capability_drop", "a store left out", "does_slot"),
    ("capability_accept", "capabilities.capability_accept", "a store left out", "does_conduct"),
    ("frame_guard", "frames.frame_guard", "a store left out", "does_frame"),
    ("environment_start", "environments.environment_start", "a store left out", "does_identity"),
    ("environment_quota", "environments.environment_quota", "a store left out", "quota_of"),
    ("slice_free", "slices.own", "a store left out", "slices_of"),
    ("repossess", "translations.repossess", "forget left out", "translation_removed_is_forgotten"),
    ("frame_adopt", "frames.frame_adopt", "- turned", "frames_of"),
]


@pytest.mark.parametrize(("call", "function", "label", "clause"), PLANTED, ids=[each[0] for each in PLANTED])
def test_a_planted_bug_is_found(system: System, call: str, function: str, label: str, clause: str, tmp_path: Path) -> None:
    def refuted() -> bool:
        result = prove_call(system, system.calls[call], clause, keep_models=True, stop_early=True)
        for failure in result.failures:
            text = write_test(system, call, failure, tmp_path).read_text()
            assert f'world.answer("{call}"' in text
            compile(text, "counterexample", "exec")
        return not result.proved

    assert with_mutant(system, mutant(system, function, label), refuted)

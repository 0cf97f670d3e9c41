"""The kernel's own calls: proved, awake to changes, and with a counterexample when they are wrong."""

import runpy
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from exokernel.abi.errors import NoCapability, NotPermitted, QuotaExceeded
from exokernel.dialect import memory
from exokernel.host.processes import shared_out
from exokernel.prover import solver, terms
from exokernel.prover.claims import ROOT
from exokernel.prover.counterexample import is_failing, write_test
from exokernel.prover.mutants import Changed, Workshop, mutants_of
from exokernel.prover.mutations import Mutation
from exokernel.prover.obligations import Obligation, execute
from exokernel.prover.prove import Failure, answer_to, each_end, prove_call, prove_consequences
from exokernel.prover.system import System, load_program
from tests.kernel.trial import find_story
from tests.kernel.try_mutants import Planted
from tests.prover.planted import planted

pytestmark = pytest.mark.slow


OTHERWISE = [  # module, function, what is done otherwise, text before, text after
    (
        "translations",
        "repossess",
        "forgets first, so that the processor may read the entry again",
        "    exchange(table, index, Entry())\n    machine.forget(page_at(table, index), 1)\n",
        "    machine.forget(page_at(table, index), 1)\n    exchange(table, index, Entry())\n",
    ),
    ("processor", "give_up", "begins nobody", "machine.idle()", "run(NOBODY, 0)"),
    ("translations", "repossess", "forgets less than nothing", "Entry())\n    machine.forget(page_at(table, index), 1)", "Entry())\n    machine.forget(page_at(table, index), -1)"),
    (
        "slices",
        "slice_free",
        "stops the clock",
        "slices[slice].guard)\n\n    own(slice, NOBODY)\n",
        "slices[slice].guard)\n\n    own(slice, NOBODY)\n    machine_state().slice_length = 0\n",
    ),
    ("translations", "require_mappable", "looks beyond memory", "entry.frame >= machine_state().frame_count", "entry.frame >= 2**20"),
    ("translations", "require_mappable", "looks into it first", "    if entry.frame >= machine_state().frame_count:\n", "    if entry.frame >= 2**20 or machine.entries(entry.frame)[0].writable:\n"),
    ("frames", "frame_free", "refuses what never is", "        raise InUse(frame)\n\n    release", "        raise InUse(frame)\n    if frames[frame].kind == FrameKind.FREE:\n        raise QuotaExceeded\n\n    release"),
    ("console", "console_write", "finds nothing to read", "    put_all(stream", "    if offset == 5:\n        raise NothingToRead\n    put_all(stream"),
    (
        "console",
        "machine_halt",
        "asks nobody",
        "    require(caller, key, Rights.WRITE, POWER_GUARD)\n",
        "    if status != 5:\n        require(caller, key, Rights.WRITE, POWER_GUARD)\n",
    ),
]


@pytest.fixture(scope="module")
def mutants(system: System) -> dict[str, Mutation]:
    """Every change of one token, and what is done otherwise."""
    return {each.label: each for each in (*mutants_of(system, []), *(planted(*each) for each in OTHERWISE))}


@pytest.mark.parametrize("name", ["null", "capability_drop", "capability_accept", "frame_guard", "slice_free"])
def test_a_call_is_proved(system: System, name: str) -> None:
    result = prove_call(system, system.calls[name])
    assert [failure.what for failure in result.failures] == []
    assert result.clauses["reachable"] >= 1


def test_questions_shared_out_are_answered_alike(system: System, mutants: dict[str, Mutation], workshop: Workshop) -> None:
    bug, call, given = mutants[IN_USE], system.calls["frame_free"], list[int]()

    def counted(work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[Any]:
        given.append(len(items))
        return shared_out(work, items, 2)

    results = []
    for spread in (map, counted):
        proved = prove_call(system, call, spread=spread)
        assert proved.proved
        with Changed(system, workshop.changed_functions(system, bug)):
            refuted = prove_call(system, call, "error", spread=spread)
        results.append((proved.clauses, refuted.clauses, [(each.clause, each.verdict) for each in refuted.failures]))
    assert results[0] == results[1] and results[0][2] == [("error", "refuted")]
    assert sum(given) == sum(sum(clauses.values()) for clauses in results[1][:2])


@pytest.mark.parametrize("verdicts", [["refuted", "proved"], ["refuted", "unknown", "refuted", "unknown", "proved"]])
def test_what_one_try_leaves_is_what_the_next_is_about(verdicts: list[str], system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    claims = []

    def prove(_: object, claim: terms.Term, *__: object, **___: object) -> solver.Answer:
        claims.append(str(claim))
        verdict = solver.Verdict(verdicts[len(claims) - 1])
        unproved = None if verdict is solver.Verdict.PROVED else terms.proposition(f"left by {len(claims)}")
        return solver.Answer(verdict, 1.0, unproved=unproved)

    run = execute(system, system.calls["null"])
    monkeypatch.setattr(solver, "prove", prove)
    answer = answer_to(system, Obligation("error", "", terms.proposition("all of it"), [], (system.state,)), run)
    assert claims == ["all of it", *(f"left by {done}" for done in range(1, len(verdicts)))]
    assert (answer.verdict.value, answer.seconds, answer.unproved) == ("proved", len(verdicts), None)


IN_USE = "frames.frame_free: without `if frames[frame].uses != 0: raise InUse(frame)`"
PLANTED = [
    ("frame_alloc", "fresh_frame_is_clean", "frames.frame_alloc: without `machine.clear(frame)`"),
    ("frame_free", "error", IN_USE),
    ("frame_adopt", "frames_of", "frames.frame_adopt: without `environments[caller].frames += 1`"),
    ("capability_forge", "error", "capabilities.capability_forge: `capability.rights | Rights.GRANT` becomes `(capability.rights & Rights.GRANT)`"),
    ("capability_drop", "error", "capabilities.capability_drop: without `if held(caller, slot).mappings != 0: raise InUse(slot)`"),
    ("environment_quota", "does_account", "environments.environment_quota: without `giver.quota -= amount`"),
    ("slice_give", "error", "slices.slice_give: `Rights.GRANT` becomes `Rights.WRITE`"),
    ("tick", "does_machine", "slices.turn: without `machine_state().now = position`"),
    ("yield_to", "successor", "processor.successor: `environments[owner].excess == 0` becomes `environments[owner].excess != 0`"),
    ("environment_destroy", "processor_goes_to_who_has_it", "processor.run: `state.root` becomes `state.page`"),
    ("map_batch", "exchange_batch_word", "translations.exchange_batch: `step * REQUEST_SIZE` becomes `(step + REQUEST_SIZE)`"),
    ("table_free", "error", "tables.table_free: without `if frames[link.frame].entries != 0: raise InUse(link.frame)`"),
    ("map", "mappings_under", "translations.exchange: without `held(owner, entry.key).mappings += 1`"),
    ("repossess", "translation_removed_is_forgotten", "translations.repossess: without `machine.forget(page_at(table, index), 1)`"),
    ("repossess", "translation_removed_is_forgotten", "translations.repossess: forgets first, so that the processor may read the entry again"),
    ("tick", "processor_goes_to_who_has_it", "processor.give_up: begins nobody"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "clause", "label"), PLANTED, ids=[each[2].partition(":")[0] for each in PLANTED])
def test_a_planted_bug_is_refuted_and_its_story_told(
    system: System, mutants: dict[str, Mutation], workshop: Workshop, call: str, clause: str, label: str, tmp_path: Path
) -> None:
    bug, before = mutants[label], memory.machine
    with Changed(system, workshop.changed_functions(system, bug)):
        (failure,) = prove_call(system, system.calls[call], clause, stop_early=True).failures
    assert failure.verdict == "refuted"
    in_place = Planted(bug.module, bug.function, bug.source)
    with in_place:
        story = find_story({call}, call)
    assert story
    path = write_test(system, call, failure, tmp_path, list(map(str, story)))
    assert path is not None
    test = only_test_in(path)
    test()
    with in_place, pytest.raises(Exception, match="."):
        test()
    memory.machine = before


@pytest.mark.parametrize(
    ("call", "clause", "label"),
    [
        ("tick", "turn_conduct", "slices.turn: without `environments[owner].excess -= 1`"),
        ("die", "machine_ends_with_its_first_environment", "processor.end: without `machine.power_off(ORDERLY)`"),
        ("table_free", "link_removed_is_forgotten", "tables.table_free: without `machine.forget_all()`"),
        ("environment_clone", "fresh_environment_has_no_registers", "environments.conceive: without `machine.forget_registers(environment)`"),
        ("repossess", "safe", "translations.repossess: forgets less than nothing"),
        ("map", "safe", "translations.require_mappable: looks beyond memory"),
        ("map", "safe", "translations.require_mappable: looks into it first"),
        ("slice_free", "keeps", "slices.slice_free: stops the clock"),
        ("console_write", "error", "console.console_write: finds nothing to read"),
        ("machine_halt", "ends", "console.machine_halt: asks nobody"),
    ],
)
def test_what_random_walks_may_miss_is_refuted(
    system: System, mutants: dict[str, Mutation], workshop: Workshop, call: str, clause: str, label: str
) -> None:
    with Changed(system, workshop.changed_functions(system, mutants[label])):
        (failure,) = prove_call(system, system.calls[call], clause, stop_early=True).failures
    assert failure.verdict == "refuted"


def test_every_end_is_asked(system: System) -> None:
    """Of `machine_halt`: that it ends the machine, and both errors."""
    ends = list(each_end(execute(system, system.calls["machine_halt"])))
    assert sorted(int(str(each.error)) for each in ends) == [0, *sorted((NoCapability.number, NotPermitted.number))]


def test_an_end_that_no_state_leads_to_is_told(system: System, mutants: dict[str, Mutation], workshop: Workshop) -> None:
    """Though the call still does all that it should."""
    bug, call = mutants["frames.frame_free: refuses what never is"], system.calls["frame_free"]
    with Changed(system, workshop.changed_functions(system, bug)):
        (failure,) = prove_call(system, call).failures
    assert (failure.clause, failure.verdict) == ("reachable", "out of reach")
    assert failure.what == f"an end with error {QuotaExceeded.number}"


def test_a_view_sees_something_in_every_state(system: System, tmp_path: Path) -> None:
    """One that faults where nobody has the processor is told: theorems would speak of what it does not see."""
    shutil.copytree(ROOT / "exokernel", tmp_path / "exokernel", ignore=shutil.ignore_patterns("__pycache__"))
    path, guard = tmp_path / "exokernel/spec/views.py", " if current != NOBODY else 0"
    path.write_text(path.read_text().replace(guard, ""))
    blind = load_program(system.calls, system.specification, tmp_path).functions["exokernel.spec.views.see_processor"]
    with Changed(system, {blind.name: blind}):
        (failure,) = prove_consequences(system, "see_processor").failures
    assert failure.verdict == "refuted"


STATES = [
    ("capability_drop", "error", "capabilities.capability_drop: without `if held(caller, slot).mappings != 0: raise InUse(slot)`"),
    ("capability_drop", "does_slot", "capabilities.capability_drop: without `held(caller, slot).capability = Capability()`"),
    ("slice_alloc", "safe", "slices.own: `former != NOBODY` becomes `former == NOBODY`"),
    ("slice_free", "keeps", "slices.slice_free: stops the clock"),
    ("slice_give", "slice_quota_of", "slices.slice_give: without `environments[receiver].slice_quota += 1`"),
    ("frame_adopt", "frames_of", "frames.frame_adopt: without `environments[caller].frames += 1`"),
    ("frame_alloc", "fresh_frame_is_clean", "frames.frame_alloc: without `machine.clear(frame)`"),
    ("repossess", "safe", "translations.repossess: forgets less than nothing"),
    ("die", "slot_opened_for_a_grant_is_empty", "processor.end: without `state.donor = NOBODY`"),
    ("console_read", "error", "console.console_read: `Rights.READ` becomes `Rights.WRITE`"),
    ("console_write", "error", "console.console_write: finds nothing to read"),
    ("machine_halt", "ends", "console.machine_halt: asks nobody"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "clause", "label"), STATES, ids=[f"{call}-{clause}" for call, clause, _ in STATES])
def test_without_a_story_the_state_is_the_test(
    system: System, mutants: dict[str, Mutation], workshop: Workshop, call: str, clause: str, label: str, tmp_path: Path
) -> None:
    """It fails on the wrong kernel, and passes on this one."""
    bug, before = mutants[label], memory.machine
    in_place = Planted(bug.module, bug.function, bug.source)

    def fails(path: Path) -> bool:
        with in_place:
            return what_comes_of(path) not in ("", "Skipped")

    with Changed(system, workshop.changed_functions(system, bug)):
        (failure,) = prove_call(system, system.calls[call], clause, keep_models=True, stop_early=True).failures
        path = write_test(system, call, failure, tmp_path, [], fails)
    assert path is not None
    assert what_comes_of(path) == ""
    memory.machine = before


def test_a_state_that_shows_nothing_is_not_saved(
    system: System, mutants: dict[str, Mutation], workshop: Workshop, tmp_path: Path
) -> None:
    """Tried in a process of its own, where the bug is not planted, the test passes."""
    call, clause, label = STATES[0]
    with Changed(system, workshop.changed_functions(system, mutants[label])):
        (failure,) = prove_call(system, system.calls[call], clause, keep_models=True, stop_early=True).failures
        assert write_test(system, call, failure, tmp_path, []) is None
    assert write_test(system, "null", Failure("private", "what it may not know", "refuted", ""), tmp_path, []) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("step", "fails"), [("assert False", True), ("pass", False), ("pytest.skip('all is open')", False)])
def test_what_fails_is_told_from_what_is_skipped(tmp_path: Path, step: str, fails: bool) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(f"import pytest\n\n\ndef test_it():\n    {step}\n")
    assert is_failing(path) == fails


def what_comes_of(path: Path) -> str:
    """The kind of exception that ends a saved test; "" if it passes."""
    try:
        only_test_in(path)()
    except (Exception, pytest.skip.Exception) as wrong:
        return type(wrong).__name__
    return ""


def only_test_in(path: Path) -> Callable[[], None]:
    """The one test of a file."""
    (test,) = (value for name, value in runpy.run_path(str(path)).items() if name.startswith("test_"))
    return test  # type: ignore[no-any-return]

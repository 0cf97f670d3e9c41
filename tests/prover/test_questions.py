"""What is asked together, what is asked apart, and who is named when the answer is no."""

import pytest

from exokernel.prover import solver, terms
from exokernel.prover.llvm.questions import Failed, Question, Questions, shared_conditions
from exokernel.prover.solver import LITTLE, LOGIC, PLAINLY, ROUND, SEEDS, SMALL, Verdict
from exokernel.prover.terms import number, variable

X, Y = variable("x"), variable("y")
SMALL_X, SMALL_Y = terms.within(X, 10), terms.within(Y, 10)


def knowing(*facts: terms.Term) -> Questions:
    return Questions(([], [], list(facts)))


def test_what_is_known_answers_all_questions() -> None:
    asker = knowing(SMALL_X, SMALL_Y)
    asker.ask([Question("x", (), X < number(10)), Question("y", (), Y < number(10)), Question("plain", (SMALL_X,), X >= number(0))])
    assert asker.asked == 3


@pytest.mark.parametrize("wrong", range(3))
def test_a_wrong_claim_among_others_is_named(wrong: int) -> None:
    limits = [9 if place == wrong else 10 for place in range(3)]
    with pytest.raises(Failed) as failed:
        knowing(SMALL_X).ask(Question(f"below {place}", (), X < number(limit)) for place, limit in enumerate(limits))
    assert (str(failed.value), failed.value.verdict) == (f"below {wrong}", Verdict.REFUTED)


def test_a_claim_is_asked_under_its_own_conditions_only() -> None:
    with pytest.raises(Failed, match="without"):
        knowing(SMALL_Y).ask([Question("with", (SMALL_X,), X + Y < number(20)), Question("without", (), X + Y < number(20))])


def test_conditions_are_shared_when_all_have_them() -> None:
    asked = [Question("one", (SMALL_X, SMALL_Y), terms.TRUE), Question("other", (SMALL_Y,), terms.TRUE)]
    assert [each.eq(SMALL_Y) for each in shared_conditions(asked)] == [True]


def test_effort_is_spent_in_rounds_each_with_another_seed() -> None:
    first, told = (None, SEEDS[0], PLAINLY), [(LOGIC, seed, ROUND) for seed in SEEDS]
    assert list(solver.attempts(LITTLE)) == [(None, SEEDS[0], LITTLE)]
    assert list(solver.attempts(SMALL)) == [first, (LOGIC, SEEDS[0], SMALL)]
    assert list(solver.attempts(2 * ROUND)) == [first, *told[:2]]
    assert list(solver.attempts(None)) == [first, *told, *((LOGIC, seed, None) for seed in SEEDS)]


@pytest.mark.parametrize("verdicts", [["proved", "unknown", "proved"], ["proved", "proved", "refuted"], ["refuted", "proved", "proved"]])
def test_the_first_part_that_is_not_proved_is_left_with_those_after_it(verdicts: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [terms.proposition(f"part {place}") for place in range(3)]
    told = iter(["unknown", *verdicts])  # of the whole, and of each
    monkeypatch.setattr(solver, "ask", lambda *_: solver.Answer(Verdict(next(told)), 1.0))
    answer = solver.prove([], terms.both(parts))
    first = next(place for place, verdict in enumerate(verdicts) if verdict != "proved")
    assert answer.verdict.value == verdicts[first] and answer.seconds == 2.0 + first
    assert answer.unproved is not None and answer.unproved.eq(terms.both(parts[first:]))


def test_what_is_left_keeps_its_premises() -> None:
    low, high = terms.proposition("low"), terms.proposition("high")
    claim = terms.implies(low, terms.both((X < number(10), high)))
    left = [solver.as_claim(*part) for part in solver.parts_of(claim)]
    assert [each.eq(terms.implies(low, part)) for each, part in zip(left, (X < number(10), high), strict=True)] == [True, True]


def test_what_was_asked_before_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asker, right = knowing(SMALL_X), Question("right", (), X < number(10))
    asker.ask([right])
    monkeypatch.setattr(solver, "ask", lambda *_, **__: solver.Answer(Verdict.UNKNOWN, 0.0))
    Questions(asker.known, asker.memory).ask([right])
    with pytest.raises(Failed, match="right"):
        Questions(asker.known).ask([right])


def test_what_was_proved_under_a_condition_is_asked_again_without() -> None:
    asker, claim = knowing(), X < number(10)
    asker.ask([Question("under", (SMALL_X, SMALL_Y), claim)])
    with pytest.raises(Failed):
        asker.ask([Question("wrong", (SMALL_X,), SMALL_Y), Question("without", (), claim)])

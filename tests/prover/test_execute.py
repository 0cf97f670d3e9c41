"""Symbolic execution of IR written by hand: paths, merging, demands, loops."""

import pytest

from exokernel.prover import terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.solver import Verdict, prove
from tests.prover.small import prepared

TABLES = """
record Seat size 8 align 4:
  0 taken: u32
  4 owner: u16
end
static @seats: Seat[16]
"""

TAKE = """
function take(%seat: int, %who: int) -> none raises 5:
block entry:
  %0: bool = %seat < 0
  branch %0, refuse, high
block high:
  %1: bool = %seat >= 16
  branch %1, refuse, look
block look:
  %2: int = load @seats[%seat]->taken: u32
  %3: bool = %2 != 0
  branch %3, refuse, have
block have:
  %4: int = load @seats[%seat]->taken: u32
  %5: int = %4 + 1
  store @seats[%seat]->taken: u32, %5
  store @seats[%seat]->owner: u16, %who
  return
block refuse:
  raise 5
end
"""

COUNT = """
function count(%n: int) -> int:
  local %i: int
  local %twice: int
block entry:
  %i = 0
  %twice = 0
  jump head
block head:
  %0: bool = %i < %n
  branch %0, body, done
block body:
  store @seats[%i]->taken: u32, 0
  %i = %i + 1
  %twice = %twice + 1
  jump head
block done:
  return %twice
end
"""


def test_guards_merge_and_only_a_path_that_stores_stands_apart() -> None:
    runner, state = prepared(TABLES + TAKE)
    outcomes = runner.run("take", (terms.variable("seat"), terms.variable("who")), state)
    assert len(outcomes) == 2
    refused, taken = sorted(outcomes, key=lambda each: len(each.state.changed(state)))
    assert terms.literal(refused.error) == 5 and refused.state.changed(state) == []
    assert terms.literal(taken.error) == 0 and set(taken.state.changed(state)) == {"seats[]|taken", "seats[]|owner"}


def test_a_narrowing_store_is_demanded_to_fit_and_an_index_to_be_within() -> None:
    runner, state = prepared(TABLES + TAKE)
    runner.run("take", (terms.variable("seat"), terms.variable("who")), state)
    verdicts = {each.what: prove(each.conditions, each.claim).verdict for each in runner.journal.demands}
    assert verdicts["the value fits seats[]|owner"] is Verdict.REFUTED
    assert verdicts["the index of seats is within it"] is Verdict.PROVED
    assert verdicts["+ does not fault"] is Verdict.PROVED


def test_what_is_read_after_a_store_is_what_was_stored() -> None:
    runner, state = prepared(TABLES + TAKE)
    outcomes = runner.run("take", (terms.number(3), terms.number(7)), state)
    (taken,) = [each for each in outcomes if each.state.changed(state)]
    table = taken.state.table("seats[]|owner")
    assert terms.literal(table.read((terms.number(3),))) == 7
    elsewhere = terms.variable("elsewhere")
    unchanged = terms.equal(table.read((elsewhere,)), state.table("seats[]|owner").read((elsewhere,)))
    assert prove([elsewhere == 4], unchanged).verdict is Verdict.PROVED
    assert prove([], unchanged).verdict is Verdict.REFUTED


def test_a_loop_is_cut_and_what_its_counters_keep_is_found() -> None:
    runner, state = prepared(TABLES + COUNT)
    n = terms.variable("n")
    outcomes = runner.run("count", (n,), state, (n >= 0, n <= 16))
    assert all(prove(each.conditions, each.claim).verdict is Verdict.PROVED for each in runner.journal.demands)
    assert [cut.what for cut in runner.journal.cuts] == ["on entering a loop", "after a step of a loop"]
    (outcome,) = outcomes
    assert prove(outcome.conditions, terms.equal(outcome.value, n)).verdict is Verdict.PROVED


def test_a_function_nobody_has_a_meaning_for_is_refused() -> None:
    runner, state = prepared("function f() -> none:\nblock entry:\n  call elsewhere()\n  return\nend\n")
    with pytest.raises(Unsupported, match="elsewhere has no body and no model"):
        runner.run("f", (), state)

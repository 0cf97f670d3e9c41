"""Words as bits: what is plainly the same is the same for all numbers, and what is spelt otherwise is found."""

from random import Random

import pytest
import z3

from exokernel.prover import solver, terms
from exokernel.prover.llvm import bits
from exokernel.prover.llvm.questions import Failed, Question, Questions
from exokernel.prover.solver import Verdict
from exokernel.prover.terms import Term, number, variable

A, B, C = (variable(name) for name in "abc")


def test_bits_are_those_of_the_words() -> None:
    chance, spelling = Random(1), bits.Spelling()
    for _ in range(100):
        one, other = chance.getrandbits(64), chance.getrandbits(64)
        for term in (number(one) ^ number(other), ~number(one), z3.Concat(number(one, 16), z3.Extract(47, 0, number(other)))):
            value = terms.simplify(term).as_long()
            assert spelling.word(term) == tuple(bits.ONE if value >> place & 1 else bits.ZERO for place in range(64))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A ^ B ^ C ^ B, C ^ A),
        (A + (B + C), (C + A) + B),
        (~(A ^ B), A ^ ~B),
        (z3.RotateLeft(A ^ B, 13), z3.RotateLeft(A, 13) ^ z3.RotateLeft(B, 13)),
        (z3.Extract(20, 0, A + B), z3.Extract(20, 0, B) + z3.Extract(20, 0, A)),
        (z3.RotateLeft(A + B, 7) ^ C ^ number(255), number(255) ^ C ^ z3.RotateLeft(B + A, 7)),
    ],
)
def test_another_spelling_is_the_same(one: Term, other: Term) -> None:
    assert bits.is_plain(one == other)
    assert solver.prove([], one == other).verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (A ^ B, A ^ C),
        (A + B, A ^ B),
        (A + B, A + B + number(1)),
        (z3.RotateLeft(A + B, 7), z3.RotateLeft(A - B, 7)),
        (A ^ B ^ C, A ^ (B & C)),
        (z3.RotateLeft(A, 13), z3.RotateLeft(A, 14)),
        (z3.Extract(31, 0, A + B), z3.Extract(32, 1, A + B)),
    ],
)
def test_what_differs_is_not_the_same_and_found_to_differ(one: Term, other: Term) -> None:
    assert not bits.is_plain(one == other)
    with pytest.raises(Failed, match="hash") as failed:
        Questions(([], [], [])).try_values(Question("hash", (), one == other))
    assert failed.value.verdict is Verdict.REFUTED


def test_values_are_tried_only_if_nothing_but_bits_plays_a_part() -> None:
    element = terms.element(terms.table_term("table", 64, 64), A)
    assert not bits.some_values(element ^ B == B)
    assert not bits.some_values(A < B)
    assert len(bits.some_values(A ^ B == B)) == 2


def test_values_that_cannot_be_refute_nothing() -> None:
    Questions(([], [], [A == B])).try_values(Question("equal", (), A ^ B == number(0)))

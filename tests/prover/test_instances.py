"""Which instances of what is known a proof gets: the further it reaches, the more."""

import pytest

from exokernel.prover import terms
from exokernel.prover.claims import Claim
from exokernel.prover.instantiate import FAR, HERE, MIDDLE, NEAR, Counted, Instances, Reach, Schema
from exokernel.prover.terms import number, variable

X = variable("x")
NEXT = Schema(
    Claim("chained", "m", (), "bool", ""),
    (X,),
    terms.within(X, 100),
    [("cells", (X,)), ("cells", (X + number(1),))],
    triggers=[("cells", (0,))],
    counted=Counted("uses", number(0), X, terms.TRUE),
)
ALWAYS = Schema(Claim("always", "m", (), "bool", ""), (), terms.within(variable("all"), 9), [])
SEEDS = [("cells", (variable("a"),))]


@pytest.mark.parametrize(("reach", "instances", "pairs"), [(HERE, 0, 0), (NEAR, 1, 0), (MIDDLE, 2, 0), (FAR, 2, 1), (Reach(3), 3, 3)])
def test_each_round_looks_where_the_last_one_pointed(reach: Reach, instances: int, pairs: int) -> None:
    assert len(Instances([NEXT, ALWAYS]).found_from(SEEDS, reach)) == 1 + instances + pairs


def test_what_is_of_no_thing_is_always_known() -> None:
    (known,) = Instances([NEXT, ALWAYS]).found_from([], HERE)
    assert known.eq(ALWAYS.formula)


def test_two_things_counted_by_one_counter_make_it_two_at_least() -> None:
    told = Instances([NEXT]).found_from([*SEEDS, ("cells", (variable("b"),))], NEAR)
    assert len(told) == 3 and "2 <=" in str(told[-1])

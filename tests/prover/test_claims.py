"""Everything the specification says is asked: a function that no proof looks at would promise nothing."""

import pytest

from exokernel.prover.cache import reached
from exokernel.prover.own import KINDS
from exokernel.prover.privacy import THINGS
from exokernel.prover.system import load_system

OF_ALL_CALLS = ("invariants", "counts", "totals", "theorems", "consequences", "assumptions", "loops")
OF_A_CALL = ("assumes", "ends", "error", "device_error", "step_error", "value", *KINDS, *(f"may_learn_{thing}" for thing in THINGS))

pytestmark = pytest.mark.slow


def test_every_function_of_the_specification_is_asked_by_a_proof() -> None:
    system = load_system()
    specification = system.specification
    asked = {claim.qualified for part in OF_ALL_CALLS for claim in specification.all(part)}
    for name in ("call_assumes", *(f"{step}_{kind}" for step in (*system.calls, *system.gates) for kind in OF_A_CALL), *(f"{kind}_row" for kind in KINDS)):
        claim = specification.function(name)
        asked |= {claim.qualified} if claim is not None else set()
    views = {each.type for claim in specification.functions() for each in claim.parameters if each.name == "after"}
    asked |= {claim.qualified for claim in specification.functions() if claim.result in views}
    used = set().union(*(reached(system.program, name) for name in asked))
    assert {claim.qualified for claim in specification.functions()} - used == set()

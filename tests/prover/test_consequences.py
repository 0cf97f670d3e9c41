"""What is said to follow from the invariants follows not for want of states of which it says anything."""

import ast
import shutil
from pathlib import Path

import pytest

from exokernel.compiler.ir import operations as op
from exokernel.prover.claims import ROOT, read_specification
from exokernel.prover.mutants import Changed
from exokernel.prover.prove import prove_consequences
from exokernel.prover.system import System, load_program
from tests.contrary import contrary

pytestmark = pytest.mark.slow
CONSEQUENCES = [claim.name for claim in read_specification().all("consequences")]


@pytest.fixture(scope="module")
def denied(system: System, tmp_path_factory: pytest.TempPathFactory) -> dict[str, op.Function]:
    """Each consequence with its guards as they are, and the contrary of its conclusion."""
    root = tmp_path_factory.mktemp("denied")
    shutil.copytree(ROOT / "exokernel", root / "exokernel", ignore=shutil.ignore_patterns("__pycache__"))
    path = root / "exokernel/spec/consequences.py"
    path.write_text(ast.unparse(contrary(path.read_text())))
    functions = load_program(system.calls, system.specification, root).functions
    return {name: functions[f"exokernel.spec.consequences.{name}"] for name in CONSEQUENCES}


@pytest.mark.parametrize("name", CONSEQUENCES)
def test_its_contrary_does_not(system: System, denied: dict[str, op.Function], name: str) -> None:
    """Some state passes all its guards: of none, the contrary too would follow."""
    with Changed(system, {denied[name].name: denied[name]}):
        (failure,) = prove_consequences(system, name).failures
    assert failure.verdict == "refuted"

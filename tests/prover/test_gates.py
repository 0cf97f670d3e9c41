"""What comes before a call's own code: proved as specified, and refuted when it is otherwise."""

from dataclasses import replace

import pytest

from exokernel.prover.mutants import Changed, Workshop
from exokernel.prover.prove import prove_call, prove_consequences
from exokernel.prover.system import System, find_gates, load_system
from tests.prover.planted import planted

pytestmark = pytest.mark.slow

OTHERWISE = [  # gate, clause, what it does otherwise, text before, text after
    ("admit_slice", "value", "makes it another name", "return Slice(raw)", "return Slice(raw ^ 3)"),
    ("admit_slot", "error", "refuses one name more", "    if not unsigned_less(raw, SLOTS):", "    if raw == 5 or not unsigned_less(raw, SLOTS):"),
    ("admit_index", "error", "refuses no negative number", "not unsigned_less(raw, TABLE_ENTRIES)", "raw >= TABLE_ENTRIES"),
    ("admit_rights", "error", "refuses with another error", "unsigned_less(raw, RIGHTS):\n        raise BadName(raw)", "unsigned_less(raw, RIGHTS):\n        raise InUse(raw)"),
    ("admit_page", "does_machine", "stops the clock", "    return Page(raw)", "    machine_state().ticks = 0\n    return Page(raw)"),
    ("admit_frame", "private", "looks at the frame", "machine_state().frame_count):", "machine_state().frame_count) or machine.entries(Frame(raw))[0].present:"),
    ("caller", "value", "takes everybody for the first", "return machine_state().current", "return FIRST"),
]  # fmt: skip
IMPORTS = {
    "import BadName\n": "import BadName, InUse\n",
    "    ENVIRONMENTS,\n": "    ENVIRONMENTS,\n    FIRST,\n",
    "from exokernel.kernel.state import": "from exokernel.kernel.arch import machine\nfrom exokernel.kernel.state import",
}


@pytest.fixture(scope="module")
def system() -> System:
    return load_system()


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop(tmp_path_factory.mktemp("kernel"))


@pytest.mark.parametrize("name", find_gates())
def test_a_gate_is_proved(system: System, name: str) -> None:
    result = prove_call(system, system.gates[name])
    assert result.failures == []
    assert result.clauses.keys() >= {"error", "value", "private", "reachable"}


@pytest.mark.parametrize(("name", "clause", "what", "before", "after"), OTHERWISE, ids=[f"{each[0]} {each[2]}" for each in OTHERWISE])
def test_a_planted_gate_is_refuted(
    system: System, workshop: Workshop, name: str, clause: str, what: str, before: str, after: str
) -> None:
    gate = planted("gate", name, what, before, after)
    for old, new in IMPORTS.items():
        assert gate.source.count(old) == 1
        gate = replace(gate, source=gate.source.replace(old, new))
    with Changed(system, workshop.changed_functions(system, gate)):
        failures = prove_consequences(system, clause).failures
    assert {(each.what.partition(":")[0], each.verdict) for each in failures} == {(name, "refuted")}


def test_what_is_proved_of_calls_is_proved_of_gates_once(system: System) -> None:
    assert prove_consequences(system, "value").questions == len(system.gates)

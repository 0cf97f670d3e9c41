"""What comes before a call's own code: proved as specified, and refuted when it is otherwise."""

from copy import deepcopy
from dataclasses import replace

import pytest

from exokernel.compiler.ir.operations import Call
from exokernel.prover.mutants import Changed, Workshop
from exokernel.prover.prove import prove_call, prove_consequences
from exokernel.prover.system import System, find_calls, find_gates
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


# The gate that the compiler makes for a call


@pytest.mark.parametrize("name", [name for name, call in find_calls().items() if call.has_caller])
def test_the_gate_of_a_call_hands_on_what_its_proof_begins_with(system: System, name: str) -> None:
    result = prove_call(system, system.calls[name], "gate")
    assert result.failures == [] and result.questions >= 4


def test_a_gate_of_another_type_is_refuted(system: System, workshop: Workshop) -> None:
    """Each is still what it is to be, but slots come to that of slices, which lets more through."""
    gate = planted("gate", "admit_slot", "stands before slices", "@admits(Slot)", "@admits(None)")
    for old, new in (("@admits(Slice)", "@admits(Slot)"), ("@admits(None)", "@admits(Slice)")):
        gate = replace(gate, source=gate.source.replace(old, new))
    with Changed(system, workshop.changed_functions(system, gate)):
        failures = prove_call(system, system.calls["capability_seal"], "gate").failures
    assert {each.verdict for each in failures} == {"refuted"}


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 3)], ids=["the caller and a frame", "a key and a guard"])
def test_registers_in_each_others_place_are_refuted(system: System, first: int, second: int) -> None:
    call = system.calls["frame_guard"]
    function = deepcopy(system.program.functions[f"{call.qualified}.gate"])
    (step,) = [each for block in function.blocks for each in block.operations if isinstance(each, Call) and each.function == call.qualified]
    arguments = list(step.arguments)
    arguments[first], arguments[second] = arguments[second], arguments[first]
    step.arguments = type(step.arguments)(arguments)
    with Changed(system, {function.name: function}):
        (failure,) = prove_call(system, call, "gate").failures
    assert failure.what == "its gate brings each register to its place" and failure.verdict == "refuted"

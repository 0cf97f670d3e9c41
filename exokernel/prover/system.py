"""The kernel and its specification as one program, ready to be executed symbolically.

Loads the checked source through the compiler's front end, finds the calls and the claims, and
keeps what every proof shares: one unknown state, and what the invariants say of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.ir.operations import Program
from exokernel.compiler.parse.modules import Module
from exokernel.prover import counting, machine, terms, totals
from exokernel.prover.cells import State
from exokernel.prover.claims import ROOT, Claim, Parameter, Specification, read_specification, spelt
from exokernel.prover.counting import Counter
from exokernel.prover.declared import Declared
from exokernel.prover.execute import Executor
from exokernel.prover.instantiate import Instances, Schema, schema_of, value_of
from exokernel.prover.layout import Layout
from exokernel.prover.recursion import Recursions
from exokernel.prover.terms import Term

KERNEL = ROOT / "exokernel" / "kernel"
STEPS = {"tick": "exokernel.kernel.slices", "die": "exokernel.kernel.processor"}  # what the machine itself calls between calls
KERNEL_MODULES = "exokernel.kernel."
GATE = "exokernel.kernel.gate"
CALLER = f"{GATE}.caller"
ASSUMED = "exokernel.spec.gates.call_assumes"  # of whose call it is
DECLARATIONS = "exokernel.abi.calls"
ADMITTED = {
    "Frame": "frame",
    "Page": "page",
    "Index": "index",
    "Slot": "slot",
    "EnvironmentId": "environment",
    "Generation": "generation",
    "Slice": "slice",
    "Rights": "rights",
    "Resource": "resource",
    "Stream": "stream",
}


@dataclass(frozen=True)
class Call:
    """One system call, or another step of the kernel."""

    name: str
    module: str
    parameters: tuple[Parameter, ...]  # without the caller
    has_caller: bool

    @property
    def qualified(self) -> str:
        return f"{self.module}.{self.name}"


def find_calls(folder: Path = KERNEL) -> dict[str, Call]:
    """The calls the kernel implements, from its source."""
    found: dict[str, Call] = {}
    for path in sorted(folder.glob("*.py")):
        module = f"exokernel.kernel.{path.stem}"
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and is_step(node, module):
                parameters = tuple(Parameter(each.arg, spelt(each.annotation)) for each in node.args.args)
                has_caller = node.name not in STEPS
                found[node.name] = Call(node.name, module, parameters[1:] if has_caller else parameters, has_caller)
    return found


def is_step(node: ast.FunctionDef, module: str) -> bool:
    return any(spelt(each) == "syscall" for each in node.decorator_list) or STEPS.get(node.name) == module


def find_gates() -> dict[str, Call]:
    """What comes before a call's own code: whose call it is, and what becomes of a register, for each type of name."""
    admitting = {f"admit_{each}": (Parameter("raw", "int"),) for each in ADMITTED.values()}
    return {name: Call(name, GATE, parameters, False) for name, parameters in {"caller": (), **admitting}.items()}


def load_program(
    calls: dict[str, Call], specification: Specification, root: Path = ROOT, parsed: dict[str, Module] | None = None
) -> Program:
    """The IR of every call and every claim, from the compiler's front end. Modules once `parsed` are not read again."""
    roots = [DECLARATIONS, *sorted({GATE, *(call.module for call in calls.values())}), *specification.modules()]
    names = {*find_gates(), *calls}
    names |= {name for part in specification.claims.values() for name in part}
    builder = ProgramBuilder(Options((root,), "kernel", entries=tuple(sorted(names)), proved=True))
    modules = builder.world.loader.modules
    modules.update(parsed or {})
    program = builder.build(roots)
    if parsed is not None:
        parsed.update(modules)
    return program


class System:
    """All that the proofs of one kernel share."""

    def __init__(self, program: Program, specification: Specification, calls: dict[str, Call]) -> None:
        self.program, self.specification, self.calls, self.gates = program, specification, calls, find_gates()
        self.layout = Layout(program)
        machine.add_machine(self.layout)
        self.recursions = Recursions(program)
        self.executor = Executor(program, self.layout, lambda name: machine.model_of(name) or self.recursions.model_of(name))
        self.executor.declared = self.declared()
        self.state = machine.initial_state(self.layout)
        self.known: dict[int, Instances] = {}
        self.deeper: dict[tuple[int, bool], Instances] = {}
        self.kept: list[State] = []

    @cached_property
    def counters(self) -> list[Counter]:
        return counting.counters(self.specification, self.specification.bounds)

    def instances(self, state: State) -> Instances:
        """What the invariants say of a state they are known to hold in."""
        if id(state) not in self.known:
            self.kept.append(state)
            self.known[id(state)] = Instances(list(self.schemas(state)))
        return self.known[id(state)]

    def schemas(self, state: State) -> list[Schema]:
        found = [schema_of(self.executor, claim, state) for claim in self.invariants]
        for counter in self.counters:
            found += counting.schemas(self.executor, counter, state)
        for part, whole in self.subsets:
            found.append(counting.among(self.executor, part, whole, state))
        for claim in self.specification.all("assumptions"):
            found.append(schema_of(self.executor, claim, state))
        for claim in self.specification.all("totals"):
            found.append(totals.schema(self.executor, claim, self.specification.bounds[claim.name], state))
        return found

    def declared(self) -> dict[str, list[Declared]]:
        """What is said of loops, by the function they stand in."""
        kernel = {name.rpartition(".")[2]: name for name in self.program.functions if name.startswith(KERNEL_MODULES)}
        found: dict[str, list[Declared]] = {}
        for claim in self.specification.all("loops"):
            function = max((name for name in kernel if f"{claim.name}_".startswith(f"{name}_")), key=len)
            kind = claim.name.removeprefix(function)
            reader = None if claim.result == "bool" else self.specification.function(f"{kind[1:]}_row")
            found.setdefault(kernel[function], []).append(Declared(claim, reader))
        return found

    @cached_property
    def subsets(self) -> list[tuple[Counter, Counter]]:
        """Counters that count some of what another does."""
        named = {counter.reader.name: counter for counter in self.counters}
        return [(named[part], named[whole]) for part, whole in self.specification.among.items()]

    @cached_property
    def counter_names(self) -> set[str]:
        return {counter.reader.name for counter in self.counters}

    def deeper_instances(self, state: State, proved: bool) -> Instances:
        """What exactness tells besides: names for things counted, or, of a state after, that counters are exact."""
        key = (id(state), proved)
        if key not in self.deeper:
            self.kept.append(state)
            self.deeper[key] = Instances(list(self.schemas_of_counters(state, proved)))
        return self.deeper[key]

    def schemas_of_counters(self, state: State, proved: bool) -> Iterator[Schema]:
        mark = "" if state is self.state else self.executor.fresh("~")
        for counter in self.counters:
            exact = counting.schemas(self.executor, counter, state)
            yield from exact if proved else counting.witnesses(self.executor, counter, state, mark)

    def forget_states(self) -> None:
        """Keep nothing of any state but the first, which all proofs begin in."""
        first = id(self.state)
        self.known = {key: found for key, found in self.known.items() if key == first}
        self.deeper = {key: found for key, found in self.deeper.items() if key[0] == first}
        self.kept = [self.state]

    @property
    def invariants(self) -> list[Claim]:
        return [claim for claim in self.specification.all("invariants") if claim.result == "bool"]

    def arguments(self, call: Call) -> tuple[tuple[Term, ...], list[Term]]:
        """Any arguments that the gate lets through, or the machine itself gives, and what is known of them."""
        values, known = [], []
        if call.has_caller:
            caller = value_of(self.executor, CALLER, (), self.state).value
            values.append(caller)
            known.append(value_of(self.executor, ASSUMED, (caller,), self.state).value)
        function = self.program.functions[call.qualified]
        for parameter, local in zip(call.parameters, function.parameters[call.has_caller :], strict=True):
            width = getattr(local.type, "width", terms.BITS)
            value = terms.variable(f"{call.name}.{parameter.name}", width)
            values.append(value)
            known.append(self.admitted(parameter, value))
        assumed = self.specification.function(f"{call.name}_assumes")
        if assumed is not None and not call.has_caller:
            known.append(value_of(self.executor, assumed.qualified, tuple(values), self.state).value)
        return tuple(values), known

    def admitted(self, parameter: Parameter, value: Term) -> Term:
        """What the gate checks of an argument of this type."""
        gate = f"{GATE}.admit_{ADMITTED.get(parameter.type, '')}"
        if gate not in self.program.functions:
            return terms.TRUE
        outcomes = self.executor.run(gate, (value,), self.state)
        admitted = [terms.both(each.conditions) for each in outcomes if terms.literal(each.error) == 0]
        return terms.simplify(terms.either(admitted))


def load_system() -> System:
    """The kernel of this checkout. Raises CompileError."""
    specification, calls = read_specification(), find_calls()
    return System(load_program(calls, specification), specification, calls)

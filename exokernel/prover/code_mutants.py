"""Small wrong changes to optimised code: what a compiler might get wrong.

A mutant differs in one instruction of a function of the optimised kernel: a relation, an
operator, a constant, the way a branch goes, or a store or a call left out. The comparison with
the source has to notice. Checks that nothing leads to are left as they are, and calls that are
not compared. LLVM's names of values and blocks change with every build: what a mutant is called
does without them, so that a survivor can stand with its reason in the file of survivors.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from exokernel.prover import cache
from exokernel.prover.equality import Comparison, Module, Source, compare
from exokernel.prover.llvm.apart import functions_apart
from exokernel.prover.llvm.questions import Patience
from exokernel.prover.llvm.reader import Code, Instruction
from exokernel.prover.mutants import ALIVE, BY_PROOF, REFUSED, UNKNOWN, Fate
from exokernel.prover.solver import ROUND
from exokernel.prover.system import Call, System

PREDICATES = {
    "eq": "ne",
    "ne": "eq",
    "ult": "ule",
    "ule": "ult",
    "ugt": "uge",
    "uge": "ugt",
    "slt": "sle",
    "sle": "slt",
    "sgt": "sge",
    "sge": "sgt",
}
OPERATIONS = {
    "add": "sub",
    "sub": "add",
    "and": "or",
    "or": "and",
    "xor": "and",
    "shl": "lshr",
    "lshr": "shl",
    "ashr": "shl",
}
FLAGS = re.compile(r"^(?:(?:nuw|nsw|disjoint|exact|nneg|samesign) )+")
VALUE = re.compile(r'%("[^"]*"|[\w.$-]+)')
LAST_NUMBER = re.compile(r"(?<= )-?\d+$")
COUNTED = ("icmp", "add", "and", "shl", "lshr")  # whose last operand may be one off
UNCHANGED = ("@llvm.ubsantrap", "@llvm.assume", "asm sideeffect", "@llvm.lifetime")
PATIENCE = Patience(effort=8 * ROUND, milliseconds=60_000, seconds=180)


@dataclass(frozen=True)
class CodeMutation:
    """Others, or none, in the place of one instruction."""

    function: str
    block: str
    place: int
    change: str
    instructions: tuple[Instruction, ...]
    label: str

    @property
    def where(self) -> str:
        return f"{self.function} {self.block} {self.place}"

    def applied(self, module: Module) -> Module:
        """The module with this in it."""
        code = module.functions[self.function]
        block = list(code.blocks[self.block])
        block[self.place : self.place + 1] = self.instructions
        changed = replace(code, blocks={**code.blocks, self.block: block})
        return replace(module, functions={**module.functions, self.function: changed})


def code_mutations(name: str, code: Code, title: str) -> Iterator[CodeMutation]:
    """Every mutation of a function. Those alike have numbers."""
    seen = Counter[str]()
    traps = {block for block, instructions in code.blocks.items() if instructions[-1].operation == "unreachable"}
    for block, instructions in code.blocks.items():
        if block not in traps:
            checks = checked_in(instructions[-1], traps)
            for place, one in enumerate(instructions):
                if one.result not in checks:
                    for change, changed in changes(one):
                        label = numbered(f"{title}: {VALUE.sub('%', change)}", seen)
                        yield CodeMutation(name, block, place, change, changed, label)


def numbered(label: str, seen: Counter[str]) -> str:
    """The label, with its number if it was seen before."""
    seen[label] += 1
    return label if seen[label] == 1 else f"{label} ({seen[label]})"


def checked_in(last: Instruction, traps: set[str]) -> set[str]:
    """The condition of a branch to a trap."""
    targets = {each.strip('"') for each in re.findall(r'label %("[^"]*"|[\w.$-]+)', last.rest)}
    return {last.rest.split(",")[0].removeprefix("i1 ")} if targets & traps else set()


def changes(one: Instruction) -> Iterator[tuple[str, tuple[Instruction, ...]]]:
    text = f"`{one.operation} {one.rest}`"
    for other in rewritten(one):
        yield f"{text} becomes `{other.operation} {other.rest}`", (other,)
    is_call = one.operation == "call" and not one.result and "@" in one.rest
    if (one.operation == "store" or is_call) and not any(each in one.rest for each in UNCHANGED):
        yield f"without {text}", ()


def rewritten(one: Instruction) -> Iterator[Instruction]:
    if one.operation == "icmp":
        flags, predicate, operands = re.fullmatch(r"((?:samesign )?)(\w+) (.*)", one.rest).groups()  # type: ignore[union-attr]
        yield replace(one, rest=f"{PREDICATES[predicate]} {operands}")
    elif one.operation in OPERATIONS:
        yield replace(one, operation=OPERATIONS[one.operation], rest=FLAGS.sub("", one.rest))
    elif one.operation == "br" and one.rest.startswith("i1"):
        condition, then, otherwise = one.rest.split(", ")
        yield replace(one, rest=f"{condition}, {otherwise}, {then}")
    elif one.operation == "select":
        condition, then, otherwise = re.fullmatch(r"(i1 [^,]+), (.+), (i\d+ [^,]+|ptr .+)", one.rest).groups()  # type: ignore[union-attr]
        yield replace(one, rest=f"{condition}, {otherwise}, {then}")
    if one.operation in COUNTED:
        rest = FLAGS.sub("", one.rest)
        last = LAST_NUMBER.search(rest)
        if last is not None:
            yield replace(one, rest=f"{rest[: last.start()]}{int(last[0]) + 1}")
    if one.operation == "phi":
        found = re.search(r"\[ (-?\d+),", one.rest)
        if found is not None:
            yield replace(one, rest=one.rest.replace(found[0], f"[ {int(found[1]) + 1},", 1))


@dataclass
class CodeJudge:
    """Decides the fate of mutants of optimised code, one after another."""

    system: System
    module: Module
    again: bool = False
    keys: dict[str, str] = field(default_factory=dict)  # of calls' comparisons
    sources: dict[str, Source] = field(default_factory=dict)  # of calls

    def fate(self, mutation: CodeMutation) -> Fate:
        calls = [
            call
            for call in [*self.system.calls.values(), *functions_apart(self.system)]
            if mutation.function in self.module.functions_of(call)
        ]
        digest = hashlib.sha256(f"{mutation.where}: {mutation.change}".encode())
        digest.update("".join(map(self.key, calls)).encode())
        key = digest.hexdigest()
        known = None if self.again else cache.recall_text(key)
        verdict, what = json.loads(known) if known is not None else self.decided(mutation, calls)
        if verdict != UNKNOWN:
            cache.remember_text(key, json.dumps([verdict, what]))
        return Fate(mutation.label, verdict, what or mutation.where)

    def decided(self, mutation: CodeMutation, calls: list[Call]) -> tuple[str, str]:
        changed, doubt = mutation.applied(self.module), ""
        for call in calls:
            found = self.comparison(call, changed)
            if found.verdict == "different":
                return BY_PROOF, f"{call.name}: {found.what}"
            if found.verdict == "not compared":
                return REFUSED, f"{call.name}: {found.what}"
            doubt = doubt or found.what
        return (UNKNOWN, doubt) if doubt else (ALIVE, "")

    def comparison(self, call: Call, module: Module) -> Comparison:
        if call.name not in self.sources:
            self.sources[call.name] = Source(self.system, call, self.module)
        try:
            return compare(self.sources[call.name], module, PATIENCE)
        except (KeyError, ValueError, RuntimeError) as reason:  # code that no compiler makes
            return Comparison(call.name, "not compared", repr(reason))

    def key(self, call: Call) -> str:
        if call.name not in self.keys:
            self.keys[call.name] = cache.key_of_comparison(self.system, call, self.module)
        return self.keys[call.name]


def code_mutants_of(system: System, module: Module, names: list[str]) -> list[CodeMutation]:
    """Every mutant of the code of these calls, or of all calls and functions compared apart, where the code is found equal."""
    found: set[str] = set()
    for call in [system.calls[name] for name in names] or [*system.calls.values(), *functions_apart(system)]:
        key = cache.key_of_comparison(system, call, module)
        known = cache.recall_comparison(key, module) or compare(Source(system, call, module), module)
        cache.remember_comparison(key, known)
        if known.verdict == "equal":
            found |= module.functions_of(call)
    titles = {module.symbol_of(each): f"{each.qualified}.gate" for each in system.calls.values() if each.name in module.symbols}
    return [
        each
        for name in sorted(found)
        for each in code_mutations(name, module.functions[name], titles.get(name, name).removeprefix("exokernel.kernel."))
    ]

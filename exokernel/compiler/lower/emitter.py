"""Writes the LLVM IR of one function: names, blocks, locals, checks.

The lowering of each operation uses this and nothing else. It knows no operation. A temporary
that is assigned once and used only later in the same block stays an LLVM value; every other
local is memory in the frame, which LLVM's first pass turns back into values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import TYPE_CHECKING

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Value
from exokernel.compiler.lower.scalars import scalars

if TYPE_CHECKING:
    from exokernel.compiler.lower.module import ModuleLowering

OPERAND_FIELDS: dict[type[op.Operation], tuple[str, ...]] = {}
ASSIGNED = ("target", "error")


def operand_fields(kind: type[op.Operation]) -> tuple[str, ...]:
    """The fields of an operation that may mention locals, what it assigns first."""
    if kind not in OPERAND_FIELDS:
        plain = {"location", "proved", "operator", "relation", "fault", "block", "then", "otherwise"}
        OPERAND_FIELDS[kind] = tuple(part.name for part in fields(kind) if part.name not in plain)
    return OPERAND_FIELDS[kind]


def mentioned(value: object) -> Iterator[str]:
    """The locals in a field of an operation."""
    if isinstance(value, op.Local):
        yield value.name
    elif isinstance(value, op.Place):
        yield from mentioned(value.base)
        for step in value.path:
            if isinstance(step, op.IndexStep):
                yield from mentioned(step.index)
    elif isinstance(value, tuple):
        for item in value:
            yield from mentioned(item)


def assigned(operation: op.Operation) -> Iterator[op.Local]:
    """The locals an operation gives a value."""
    if isinstance(operation, op.CopyElements | op.CopyRecord):
        return
    for name in ASSIGNED:
        local = getattr(operation, name, None)
        if isinstance(local, op.Local):
            yield local


def kept_in_values(function: op.Function) -> set[str]:
    """The temporaries that need no memory."""
    blocks: dict[str, int] = {}
    spoiled: set[str] = {local.name for local in function.parameters}
    for number, block in enumerate(function.blocks):
        for operation in block.operations:
            targets = {local.name for local in assigned(operation)}
            for name in operand_fields(type(operation)):
                for used in mentioned(getattr(operation, name)):
                    if used not in targets and blocks.get(used) != number:
                        spoiled.add(used)
            for name in targets:
                if name in blocks or not name[0].isdigit():
                    spoiled.add(name)
                blocks[name] = number
    return set(blocks) - spoiled


class Emitter:
    """The text of one function as it grows. `lines` is the body; faults are collected below it."""

    def __init__(self, module: ModuleLowering, function: op.Function) -> None:
        self.module = module
        self.function = function
        self.entry: list[str] = []  # allocations
        self.lines: list[str] = []
        self.faults: list[str] = []
        self.number = 0
        self.debug = ""  # ", !dbg !N" of the operation being lowered
        self.kept = kept_in_values(function)
        self.values: dict[str, tuple[str, ...]] = {}
        self.memory: dict[str, tuple[str, ...]] = {}

    def fresh(self) -> str:
        self.number += 1
        return f"%.{self.number}"

    def emit(self, text: str) -> None:
        self.lines.append(f"  {text}{self.debug}")

    def define(self, text: str) -> str:
        """Emit an instruction that has a result, and name the result."""
        self.number += 1
        name = f"%.{self.number}"
        self.lines.append(f"  {name} = {text}{self.debug}")
        return name

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def label(self) -> str:
        self.number += 1
        return f"L{self.number}"

    # Checks

    def check(self, holds: str, fault: op.Fault) -> None:
        """Go on only if the condition holds; each check has a stop of its own, so that the
        address of the `ud1` names the source line."""
        if holds == "true":
            return
        then, stop = self.label(), self.label()
        self.emit(f"br i1 {holds}, label %{then}, label %{stop}")
        self.faults.append(f"{stop}:")
        self.faults += self.stopping(fault)
        self.start(then)

    def stopping(self, fault: op.Fault) -> list[str]:
        """Stop the program. Whoever looks at it then finds in memory all that was stored before:
        without the barrier, LLVM may put off stores that only what follows would overwrite."""
        return [
            f'  call void asm sideeffect "", "~{{memory}}"(){self.debug}',
            f"  call void @llvm.ubsantrap(i8 {fault.value}) #1{self.debug}",
            f"  unreachable{self.debug}",
        ]

    # Locals

    def allocate(self, name: str, kind: Value) -> tuple[str, ...]:
        """Memory for a local, a piece for each of its scalars."""
        types = scalars(kind)
        names = tuple(f'%".local.{name}"' if len(types) == 1 else f'%".local.{name}:{part}"' for part in range(len(types)))
        self.entry += [f"  {one} = alloca {scalar}" for one, scalar in zip(names, types)]
        self.memory[name] = names
        return names

    def value(self, operand: op.Operand) -> tuple[str, ...]:
        """The scalars of an operand."""
        if isinstance(operand, op.Constant):
            return self.module.constant(operand)
        found = self.values.get(operand.name)
        if found is not None:
            return found
        pieces = self.memory.get(operand.name) or self.allocate(operand.name, operand.type)
        return tuple(self.define(f"load {kind}, ptr {piece}") for kind, piece in zip(scalars(operand.type), pieces))

    def scalar(self, operand: op.Operand) -> str:
        """The one scalar of an operand that has one."""
        (found,) = self.value(operand)
        return found

    def view(self, operand: op.Operand) -> tuple[str, str]:
        """The address and the length of a view, text or bytes."""
        address, length = self.value(operand)
        return address, length

    def assign(self, target: op.Local | None, *pieces: str) -> None:
        """Give a local its value."""
        if target is None:
            return
        if target.name in self.kept:
            self.values[target.name] = pieces
            return
        memory = self.memory.get(target.name) or self.allocate(target.name, target.type)
        for kind, piece, address in zip(scalars(target.type), pieces, memory):
            self.emit(f"store {kind} {piece}, ptr {address}")

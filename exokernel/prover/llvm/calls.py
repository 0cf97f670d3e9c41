"""Calls in optimised code: other functions, LLVM's intrinsics, and the machine's instructions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import z3

from exokernel.prover import terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import as_sum, is_in_memory
from exokernel.prover.llvm.effects import as_term, filled, perform
from exokernel.prover.llvm.instructions import (
    Values,
    bit,
    put,
    split_operands,
    term_of,
)
from exokernel.prover.llvm.reader import Code, Instruction, plain
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number

if TYPE_CHECKING:
    from exokernel.prover.llvm.execute import Machine

CALLED = re.compile(r'(@(?:"[^"]*"|[\w.$-]+))\((.*)\)')
ASSEMBLY = re.compile(r'asm (?:sideeffect )?"([^"]*)", "([^"]*)"\((.*)\)')
IGNORED = ("llvm.assume", "llvm.lifetime", "llvm.experimental")


def call(machine: Machine, values: Values, one: Instruction) -> Any:
    written = ASSEMBLY.search(one.rest)
    if written:
        return assembly(machine, values, written.group(1), split_operands(written.group(3)))
    found = CALLED.search(one.rest)
    if found is None:
        raise Unsupported(f"call {one.rest}")
    name, operands = plain(found.group(1)), split_operands(found.group(2)) if found.group(2) else []
    if name.startswith("llvm.ubsantrap"):
        machine.trap(values.path)
        values.path.assume(terms.FALSE)
        return list[Path]()
    if name.startswith(IGNORED):
        return None
    arguments = [values.typed(each) for each in operands]
    if name.startswith("llvm.memset"):
        return memory_set(machine, values, arguments)
    if name.startswith("llvm."):
        return intrinsic(name, arguments)
    if name not in machine.module:
        raise Unsupported(f"a call of {name}")
    if name in machine.apart:
        return told_apart(machine, values.path, name, list(map(as_term, arguments)))
    return machine.call(values.path, name, arguments, one.result)


def told_apart(machine: Machine, path: Path, name: str, arguments: list[Term]) -> Term | None:
    """A call of a function that is compared by itself, for arguments in these ranges."""
    code = machine.module[name]
    for parameter, value in zip(code.parameters, arguments, strict=True):
        machine.note_bounds(path, in_range(code, parameter, value))
    return machine.apart[name].happen(path, arguments)


def in_range(code: Code, parameter: str, value: Term) -> Term:
    """What optimised code takes for granted of an argument."""
    if parameter not in code.ranges:
        return terms.TRUE
    least, above = code.ranges[parameter]
    return terms.both((number(least) <= value, value < number(above)))


def intrinsic(name: str, arguments: list[Any]) -> Any:
    kind = name.removeprefix("llvm.").rpartition(".")[0]
    if kind not in INTRINSICS:
        raise Unsupported(f"the intrinsic {name}")
    return INTRINSICS[kind](*map(term_of, arguments))


def with_overflow(operate: Callable[[Term, Term], Term], safe: Callable[[Term, Term], Term]) -> Callable[..., Any]:
    return lambda a, b: (operate(a, b), bit(terms.negate(safe(a, b))))


INTRINSICS: dict[str, Callable[..., Any]] = {
    "sadd.with.overflow": with_overflow(
        lambda a, b: a + b, lambda a, b: z3.And(z3.BVAddNoOverflow(a, b, True), z3.BVAddNoUnderflow(a, b))
    ),
    "ssub.with.overflow": with_overflow(
        lambda a, b: a - b, lambda a, b: z3.And(z3.BVSubNoOverflow(a, b), z3.BVSubNoUnderflow(a, b, True))
    ),
    "smul.with.overflow": with_overflow(
        lambda a, b: a * b, lambda a, b: z3.And(z3.BVMulNoOverflow(a, b, True), z3.BVMulNoUnderflow(a, b))
    ),
    "usub.sat": lambda a, b: z3.If(z3.ULT(a, b), number(0, a.size()), a - b),
    "umin": lambda a, b: z3.If(z3.ULT(a, b), a, b),
    "umax": lambda a, b: z3.If(z3.ULT(a, b), b, a),
    "smin": lambda a, b: z3.If(a < b, a, b),
    "smax": lambda a, b: z3.If(a < b, b, a),
    "fshl": lambda a, b, c: z3.Extract(2 * a.size() - 1, a.size(), z3.Concat(a, b) << z3.ZeroExt(a.size(), c & a.size() - 1)),
}


def memory_set(machine: Machine, values: Values, arguments: list[Any]) -> None:
    target, octet, length = arguments[0], terms.literal(arguments[1]), terms.literal(arguments[2])
    if octet != 0 or length is None or length > 64:
        raise Unsupported("a memset that is not a record cleared")
    put(machine, values.path, as_sum(target), number(0, 8 * length))


def assembly(machine: Machine, values: Values, text: str, operands: list[str]) -> Any:
    arguments = [values.typed(each) for each in operands if each]
    if text == "":  # a barrier, or a value whose origin is hidden
        return arguments[0] if arguments else None
    for each in filled(text, arguments):
        machine.note_bounds(values.path, is_in_memory(each))
    return perform(values.path, text, arguments)

"""Calls in optimised code: other functions, LLVM's intrinsics, and the machine's instructions."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import z3

from exokernel.compiler.ir.operations import Program
from exokernel.compiler.lower.control import constraints_text, template_text
from exokernel.prover import terms
from exokernel.prover.execute import Unsupported
from exokernel.prover.llvm.addresses import as_sum, is_in_memory
from exokernel.prover.llvm.effects import Issued, as_term, filled, perform
from exokernel.prover.llvm.instructions import (
    Values,
    bit,
    put,
    split_operands,
    term_of,
)
from exokernel.prover.llvm.reader import Instruction, Limits, form_of, limits_of, plain
from exokernel.prover.llvm.undefined import within_range
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number

if TYPE_CHECKING:
    from exokernel.prover.llvm.execute import Machine

CALLED = re.compile(r'(@(?:"[^"]*"|[\w.$-]+))\((.*)\)')
ASSEMBLY = re.compile(r'^(void|i64|ptr) asm sideeffect "([^"]*)", "([^"]*)"\((.*)\)')
BARRIERS = ("~{memory}", "=r,0")  # nothing is issued; what is given may be anything for all that LLVM knows
IGNORED = ("llvm.lifetime.", "llvm.experimental.noalias.scope.decl")


def call(machine: Machine, values: Values, one: Instruction) -> Any:
    if " asm " in f" {one.rest}":
        return assembly(machine, values, one.rest)
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
    for each, value in zip(operands, arguments):
        note_limits(machine, values.path, limits_of(each), value)
    if name == "llvm.assume":
        machine.note_bounds(values.path, terms.equal(arguments[0], number(1, 1)))
        return None
    if name.startswith("llvm.memset"):
        return memory_set(machine, values, arguments)
    if name.startswith("llvm."):
        return intrinsic(name, arguments)
    if name not in machine.module:
        raise Unsupported(f"a call of {name}")
    code, before = machine.module[name], one.rest[: found.start()]
    if form_of(before) != code.form:
        raise Unsupported(f"a call of {name} as if it were {form_of(before)}")
    for parameter, value in zip(code.parameters, arguments, strict=True):
        note_limits(machine, values.path, code.ranges.get(parameter), value)
    if name in machine.apart:
        return machine.apart[name].happen(values.path, list(map(as_term, arguments)))
    returned = machine.call(values.path, name, arguments, one.result)
    for path in returned if one.result else ():
        for limits in (code.returns, limits_of(before)):
            note_limits(machine, path, limits, path.locals[one.result])
    return returned


def note_limits(machine: Machine, path: Path, limits: Limits | None, value: Any) -> None:
    """Record that a value lies where LLVM takes it for granted that it does."""
    if limits is not None:
        machine.note_bounds(path, within_range(limits, as_term(value)))


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


def assembly(machine: Machine, values: Values, text: str) -> Any:
    """An instruction that some function of the source declares. Raises Unsupported."""
    written = ASSEMBLY.match(text)
    if written is None:
        raise Unsupported(f"the instruction {text}")
    issued = Issued(written.group(2), written.group(3))
    operands = [each for each in split_operands(written.group(4)) if each]
    arguments = [values.typed(each) for each in operands]
    if not issued.template and issued.constraints in BARRIERS:
        return arguments[0] if arguments else None
    if issued not in issued_by(machine.map.program):
        raise Unsupported(f"an instruction of no function: {' '.join(issued)}")
    for operand, value in zip(operands, arguments):
        note_limits(machine, values.path, limits_of(operand), value)
    for each in filled(issued, arguments):
        machine.note_bounds(values.path, is_in_memory(each))
    return perform(values.path, issued, arguments)


def issued_by(program: Program) -> set[Issued]:
    """The instructions that functions of the source are declared to be."""
    return {Issued(template_text(each), constraints_text(each)) for each in program.instructions.values()}

"""The gate between system calls as declared and as implemented.

For every declared call that the kernel implements, a function takes the raw registers, makes
names of them by the functions under `@admits`, and calls the implementation. In a program,
the declaration itself becomes the trap.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exokernel.compiler.build import calls, words
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.values import Escape, Frame, Value
from exokernel.compiler.check import annotation, functions, types
from exokernel.compiler.check.declarations import FunctionDeclaration, Intrinsic, Parameter
from exokernel.compiler.check.types import Type, lowered
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance, ProgramBuilder

ARGUMENT_REGISTERS = ("D", "S", "d", "r10", "r8", "r9")
OUTPUTS = {"D": "D", "S": "S", "r10": "r10", "r8": "r8", "r9": "r9"}  # come back changed
CALLER = "caller"  # the function, beside those under `@admits`, that says whose call it is


@dataclass
class Interface:
    """The calls there are, by name, and what makes names of raw registers."""

    declared: dict[str, FunctionDeclaration] = field(default_factory=dict)
    implemented: dict[str, FunctionDeclaration] = field(default_factory=dict)
    admits: dict[Type, FunctionDeclaration] = field(default_factory=dict)
    caller: FunctionDeclaration | None = None


def interface(declarations: list[FunctionDeclaration]) -> Interface:
    """Collect declarations, implementations and admissions."""
    found = Interface()
    for each in declarations:
        if not each.syntax.decorator_list:
            continue
        traits = functions.traits(each)
        if "system_call" in traits:
            found.declared[each.short] = each
        elif "syscall" in traits:
            found.implemented[each.short] = each
        elif "admits" in traits:
            found.admits[_admitted(each)] = each
            other = each.scope.lookup(CALLER) if CALLER in each.scope.statements else None
            if isinstance(other, FunctionDeclaration):
                found.caller = other
    return found


def _admitted(function: FunctionDeclaration) -> Type:
    """The type of names that a function under `@admits(T)` makes."""
    for decorator in function.syntax.decorator_list:
        if isinstance(decorator, ast.Call) and function.scope.meaning(decorator.func) == Intrinsic("dialect.admits"):
            return annotation.resolve(annotation.Context(function.scope), decorator.args[0])
    raise AssertionError(function.name)


def kernel_gates(program: ProgramBuilder, found: Interface) -> list[Instance]:
    """A gate for every declared call."""
    made = []
    for name, declaration in found.declared.items():
        implementation = found.implemented.get(name)
        if implementation is not None:
            made.append(_gate(program, found, declaration, implementation))
    return made


def check_complete(program: ProgramBuilder, found: Interface) -> None:
    """Refuse a kernel that implements some calls and not all."""
    missing = [name for name in found.declared if name not in found.implemented]
    if missing and found.implemented:
        first = found.declared[missing[0]]
        others = f" and {len(missing) - 1} others" if len(missing) > 1 else ""
        hint = f"write it in the kernel: `@syscall` above `def {missing[0]}(...)`"
        program.refuse(first.scope.error(f"the kernel does not implement `{missing[0]}`{others}", first.syntax, hint))


def _gate(
    program: ProgramBuilder, found: Interface, declaration: FunctionDeclaration, implementation: FunctionDeclaration
) -> Instance:
    signature = functions.signature(declaration, {})
    actual = functions.signature(implementation, {})
    _check_same(declaration, implementation, signature.parameters, actual.parameters[1:])
    if not types.accepts(signature.result, actual.result):
        sentence, hint = f"the call is declared to return `{signature.result}`", "let the implementation return the same"
        raise implementation.scope.error(sentence, implementation.syntax, hint)
    instance = program.synthetic(f"{implementation.name}.gate", implementation, signature)
    function = instance.function
    function.parameters = [op.Local(each.name, _raw(each.type)) for each in signature.parameters]
    function.attributes = {"syscall": str(functions.traits(declaration)["system_call"][0].integer())}
    frame = Frame(implementation, implementation.scope, {}, None, signature.result, inlined="")
    builder = FunctionBuilder(program, instance, function, frame)
    builder.at(implementation.syntax)
    if found.caller is None:
        hint = "write `def caller() -> ...` beside the functions under `@admits`"
        raise implementation.scope.error("no `caller` says whose call this is", implementation.syntax, hint)
    operands = [calls.invoke(builder, program.instance(found.caller), []).operand]
    for parameter, local in zip(signature.parameters, function.parameters):
        builder.parameter(local)
        operands.append(_admit(builder, found, parameter, local, implementation))
    result = calls.invoke(builder, program.instance(implementation), operands)
    if builder.live:
        builder.end(op.Return(None if function.result == ir.NONE else result.operand))
    instance.adopt(builder)
    return instance


def _raw(type: Type) -> ir.Value:
    return lowered(type) if isinstance(type, (types.Word, types.Bool)) else ir.INT


def _check_same(
    declaration: FunctionDeclaration,
    implementation: FunctionDeclaration,
    declared: list[Parameter],
    actual: list[Parameter],
) -> None:
    """The implementation takes the caller, then what the declaration says."""
    if [(each.name, each.type) for each in declared] != [(each.name, each.type) for each in actual]:
        wanted = ", ".join(f"{each.name}: {each.type}" for each in declared)
        raise implementation.scope.error(
            f"`{declaration.short}` is declared with other parameters", implementation.syntax, f"caller, {wanted}"
        )
    if len(declared) > len(ARGUMENT_REGISTERS):
        hint = "put the others into memory, and pass where they lie"
        raise declaration.scope.error("a call has at most six arguments", declaration.syntax, hint)


def _admit(
    builder: FunctionBuilder, found: Interface, parameter: Parameter, local: op.Local, node: FunctionDeclaration
) -> op.Operand:
    """A raw register as a name of the parameter's type."""
    admit = found.admits.get(parameter.type)
    if admit is not None:
        return calls.invoke(builder, builder.program.instance(admit), [local]).operand
    if isinstance(parameter.type, types.Enum) or (isinstance(parameter.type, types.Int) and parameter.type.name):
        hint = f"write a function that makes one of a raw register, under `@admits({parameter.type})`"
        raise builder.error(f"nothing `@admits` a raw register as `{parameter.type}`", node.syntax, hint)
    return local


# In a program


def trap(builder: FunctionBuilder, instance: Instance) -> None:
    """The body of a declared call: into the registers, trap, and raise what comes back."""
    number = functions.traits(instance.declaration)["system_call"][0].integer()
    builder.at(instance.declaration.syntax)
    form = _form(builder.program, len(instance.function.parameters))
    operands: list[op.Operand] = [op.Constant(number, ir.INT)]
    for parameter, local in zip(instance.signature.parameters, instance.function.parameters):
        value = Value(parameter.type, local)
        plain = local.type == ir.INT
        operands.append(local if plain else words.integer(builder, value))
    answer = builder.temporary_of(form.result)
    builder.emit(op.Instruct(answer, form.name, tuple(operands)))
    error = builder.temporary_of(ir.INT)
    builder.emit(op.Item(error, answer, 1))
    failed, went_well = builder.new_block("raised"), builder.new_block("called")
    calls.test_error(builder, error, failed, went_well)
    builder.start(failed)
    builder.propagate(error, [Escape(each) for each in _kernel_errors(builder.program)])
    builder.start(went_well)
    _answer(builder, answer, instance.signature.result)


def _kernel_errors(program: ProgramBuilder) -> list[int]:
    """The numbers that a call may raise: all that the interface declares."""
    return [each.number for each in program.world.error_classes.values() if each.number and _of_interface(each.name)]


def _of_interface(name: str) -> bool:
    return name.startswith("exokernel.abi.")


def _answer(builder: FunctionBuilder, answer: op.Local, result: Type) -> None:
    if result == types.NONE:
        builder.end(op.Return())
        return
    if result == types.NEVER:
        builder.end(op.Stop(op.Fault.UNREACHABLE))
        return
    number = builder.temporary_of(ir.INT)
    builder.emit(op.Item(number, answer, 0))
    value: op.Operand = number
    if isinstance(result, types.Word):
        value = builder.temporary(result)
        builder.emit(op.WordOf(value, number))
    elif result == types.BOOL:
        value = builder.temporary(result)
        builder.emit(op.Compare(value, op.Relation.NOT_EQUAL, number, op.Constant(0, ir.INT)))
    builder.end(op.Return(value))


def _form(program: ProgramBuilder, count: int) -> op.InstructionForm:
    """The trap with `count` arguments."""
    name = f"system_call.{count}"
    if name not in program.program.instructions:
        used, unused = ARGUMENT_REGISTERS[:count], ARGUMENT_REGISTERS[count:]
        changed = [OUTPUTS[each] for each in used if each in OUTPUTS]
        clobbers = {"D": "rdi", "S": "rsi", "r10": "r10", "r8": "r8", "r9": "r9"}
        program.program.instructions[name] = op.InstructionForm(
            name,
            "syscall",
            [op.Local(each, ir.INT) for each in ("number", *(f"argument{i}" for i in range(count)))],
            ir.Tuple((ir.INT,) * (2 + len(changed))),
            {"number": "a"} | {f"argument{i}": each for i, each in enumerate(used)},
            ",".join(["a", "d", *changed]),
            (*(clobbers[each] for each in unused if each in clobbers), "rcx", "r11", "memory"),
        )
    return program.program.instructions[name]

"""Runs the rules about paths over all functions, in the order in which they depend on each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exokernel.compiler.check.flow import graph, raises
from exokernel.compiler.diagnostics import CompileError, Span
from exokernel.compiler.ir import operations as op

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance, ProgramBuilder


def check_functions(program: ProgramBuilder, entries: list[Instance]) -> list[str]:
    """Check every function built, and name those that the entries reach, in order of building."""
    instances = program.instances
    raises.infer(instances)
    raises.prune(instances)
    for instance in instances.values():
        if instance.function.blocks:
            graph.tidy(instance.function)
    for instance in instances.values():
        check_ending(program, instance)
    return reached(instances, entries)


def reached(instances: dict[str, Instance], entries: list[Instance]) -> list[str]:
    """The functions that the entries call, and those they call."""
    pending, seen = [each.name for each in entries], {each.name for each in entries}
    while pending:
        for block in instances[pending.pop()].function.blocks:
            for operation in block.operations:
                name = _called(operation)
                if name is not None and name not in seen:
                    seen.add(name)
                    pending.append(name)
    return [name for name in instances if name in seen]


def _called(operation: op.Operation) -> str | None:
    match operation:
        case op.Call(function=name):
            return name
        case op.SymbolAddress(symbol=name, is_function=True):
            return name
        case _:
            return None


def check_ending(program: ProgramBuilder, instance: Instance) -> None:
    """Refuse a function that may end without the value it promises."""
    if instance.falls_off is None:
        return
    for block in instance.function.blocks:
        if block.operations[-1] is instance.falls_off:
            declaration = instance.declaration
            program.refuse(
                declaration.scope.error(
                    f"`{declaration.short}` may end without returning `{instance.signature.result}`",
                    declaration.syntax,
                    "return or raise on every path",
                )
            )
            return


def span_of(instance: Instance, program: ProgramBuilder, location: op.Location | None) -> Span | None:
    """The source at an operation's location."""
    if location is None:
        return None
    for module in program.world.loader.modules.values():
        if module.display == location.file:
            return Span.at(location.file, module.lines, location.line, location.column)
    return None


def refuse(
    instance: Instance, program: ProgramBuilder, location: op.Location | None, sentence: str, hint: str = ""
) -> None:
    program.refuse(CompileError(sentence, span_of(instance, program, location), hint))

"""Runs the rules about paths over all functions, in the order in which they depend on each other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from exokernel.compiler.check.flow import definite, graph, lifetimes, optionals, raises, recursion
from exokernel.compiler.check.flow.atomicity import Analysis
from exokernel.compiler.check.functions import traits
from exokernel.compiler.diagnostics import CompileError, Span
from exokernel.compiler.ir import operations as op

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance, ProgramBuilder

UNRAISING = ("exported", "interrupt")
HOLES = {
    "escapes": (
        "`{0}` ends with this function, so no reference to it may be returned",
        "let the caller make it and pass it down",
    ),
    "stale": (
        "`{0}` is made anew here while the one made before is still in use",
        "use one name for one turn of the loop, or copy",
    ),
    "frozen": (
        "`{0}` may change here while bytes of it are still in use",
        "take `bytes(...)` after the change: compiled, it is a view and no copy",
    ),
}


def check_functions(program: ProgramBuilder, entries: list[Instance]) -> list[str]:
    """Check every function built, and name those that the entries reach, in order of building."""
    instances = program.instances
    raises.infer(instances)
    raises.prune(instances)
    built = [instance for instance in instances.values() if instance.function.blocks]
    for instance in built:
        graph.tidy(instance.function)
    for instance in built:
        _check_paths(program, instance)
    functions = [instance.function for instance in built]
    _, regions = lifetimes.summarise(functions)
    for instance in built:
        if instance.name in regions:
            for location, name, rule in lifetimes.check(regions[instance.name]):
                sentence, hint = HOLES[rule]
                refuse(program, location, sentence.format(shown(name)), hint, shown(name))
    if program.options.kind == "kernel":
        _check_kernel(program, built, regions)
    return reached(instances, entries)


def shown(name: str) -> str:
    """A name as the source has it, without what tells inlined copies apart."""
    return name.partition(".")[0]


def _check_paths(program: ProgramBuilder, instance: Instance) -> None:
    check_ending(program, instance)
    function = instance.function
    for location, name in definite.check(function):
        sentence = f"`{shown(name)}` may be used here before it has a value"
        refuse(program, location, sentence, "assign it on every path", shown(name))
    for location, name in optionals.check(function):
        what = f"`{shown(name)}`" if name else "this reference"
        refuse(program, location, f"{what} may be None here", "test it first: `is not None`", shown(name))
    unraising = [each for each in UNRAISING if each in function.attributes]
    if unraising and function.raises:
        names = sorted(each.short for each in program.world.error_classes.values() if each.number in function.raises)
        program.refuse(
            instance.declaration.scope.error(
                f"`{instance.declaration.short}` may raise {names[0]}, and nothing is there to catch it",
                instance.declaration.syntax,
                "the machine calls this function: handle every exception in it",
            )
        )


def _check_kernel(program: ProgramBuilder, built: list[Instance], regions: dict[str, lifetimes.Regions]) -> None:
    """No recursion, and no call that fails after it has changed something."""
    functions = {instance.name: instance.function for instance in built}
    for _, call, path in () if program.options.proved else recursion.cycles(functions):
        way = " -> ".join(each.rpartition(".")[2] for each in [*path, path[0]])
        refuse(program, call.location, f"the kernel does not recurse: {way}", "its stack must be bounded; write a loop")
    analysis = Analysis(list(functions.values()), regions, program.program.instructions)
    analysis.solve()
    for instance in built:
        effects = analysis.effects[instance.name]
        is_gate = "syscall" in instance.function.attributes
        if effects.is_dirty and "syscall" in traits(instance.declaration) and not is_gate:
            refuse(
                program,
                effects.dirty,
                f"`{instance.declaration.short}` may fail here after it has changed something",
                "check everything first, then change: a call that fails has changed nothing",
            )


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
    declaration = instance.declaration
    for block in instance.function.blocks:
        if block.operations[-1] is instance.falls_off:
            result = instance.signature.result
            sentence = f"`{declaration.short}` may end without returning `{result}`"
            if str(result) == "NoReturn":
                sentence = f"`{declaration.short}` may return, and says that it never does"
            program.refuse(declaration.scope.error(sentence, declaration.syntax, "return or raise on every path"))
            return


def refuse(
    program: ProgramBuilder, location: op.Location | None, sentence: str, hint: str, name: str = ""
) -> None:
    """Remember a refusal at an operation's location, or at the name in that line that it is about."""
    program.refuse(CompileError(sentence, location_span(program, location, name), hint))


def location_span(program: ProgramBuilder, location: op.Location | None, name: str = "") -> Span | None:
    """The source at an operation's location, or the name in that line."""
    for module in program.world.loader.modules.values():
        if location is not None and module.display == location.file:
            text = module.lines[location.line - 1]
            word = re.compile(rf"\b{re.escape(name)}\b")
            found = (word.search(text, max(location.column - 1, 0)) or word.search(text)) if name else None
            column = found.start() + 1 if found else location.column
            return Span.at(location.file, module.lines, location.line, column)
    return None

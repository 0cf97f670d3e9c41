"""Entries with the C calling convention: what assembly calls.

A gate takes up to six 64-bit integers, returns the value in rax and the error number in edx
(0 when nothing was raised, also for a function that never raises). System calls are gates in a
table by number, `system_calls`, of `system_call_count` entries. Arguments are not judged here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from exokernel.compiler.ir import operations as op
from exokernel.compiler.lower.control import typed, unpacked
from exokernel.compiler.lower.emitter import Emitter
from exokernel.compiler.lower.scalars import result_scalars, returned, scalars

if TYPE_CHECKING:
    from exokernel.compiler.lower.module import ModuleLowering


def gates(module: ModuleLowering) -> Iterator[str]:
    """The gates of a program, and the table of its system calls."""
    calls: dict[int, str] = {}
    for function in module.program.functions.values():
        if "syscall" in function.attributes:
            number = int(function.attributes["syscall"])
            calls[number] = f"syscall_{number}"
            yield gate(module, function, calls[number])
        if "gate" in function.attributes:
            yield gate(module, function, function.attributes["gate"])
    if calls:
        missing = set(range(len(calls))) - set(calls)
        if missing:
            raise ValueError(f"system call {min(missing)} is not defined, but a later one is")
        entries = ", ".join(f"ptr @{calls[number]}" for number in range(len(calls)))
        yield f"@system_calls = dso_local constant [{len(calls)} x ptr] [{entries}]\n"
        yield f"@system_call_count = dso_local constant i64 {len(calls)}\n"


def gate(module: ModuleLowering, function: op.Function, name: str) -> str:
    """The C entry of one function."""
    stub = op.Function(name, [], function.result, frozenset({1}), [], location=function.location)
    emitter, described = Emitter(module, stub), ""
    if function.location is not None:
        scope = module.debug.subprogram(stub)
        emitter.debug = f", !dbg !{module.debug.location(function.location, scope, 0)}"
        described = f" !dbg !{scope}"
    kinds = tuple(kind for one in function.parameters for kind in scalars(one.type))
    given = [f"%a{number}" for number in range(len(kinds))]
    arguments = tuple(narrowed(emitter, value, kind) for value, kind in zip(given, kinds))
    types = result_scalars(function)
    passed = ", ".join(typed(arguments, kinds))
    call = f"call {returned(types)} {module.function_symbol(function.name)}({passed})"
    pieces = unpacked(emitter, emitter.define(call), types) if types else tuple[str, ...]()
    if not types:
        emitter.emit(call)
    error = pieces[-1] if function.raises else "0"
    value = widened(emitter, pieces[0], types[0]) if scalars(function.result) else "0"
    if error != "0" and value != "0":  # an error comes with no value, not with what a register held
        succeeded = emitter.define(f"icmp eq i32 {error}, 0")
        value = emitter.define(f"select i1 {succeeded}, i64 {value}, i64 0")
    first = emitter.define(f"insertvalue {{i64, i32}} poison, i64 {value}, 0")
    whole = emitter.define(f"insertvalue {{i64, i32}} {first}, i32 {error}, 1")
    emitter.emit(f"ret {{i64, i32}} {whole}")
    parameters = ", ".join(f"i64 {one}" for one in given)
    head = f'define dso_local {{i64, i32}} @"{name}"({parameters}) #0{described}'
    return "\n".join([f"{head} {{", *emitter.lines, "}\n"])


def narrowed(emitter: Emitter, value: str, kind: str) -> str:
    """A scalar out of a 64-bit register."""
    if kind == "i1":
        return emitter.define(f"icmp ne i64 {value}, 0")
    if kind == "ptr":
        return emitter.define(f"inttoptr i64 {value} to ptr")
    return value if kind == "i64" else emitter.define(f"trunc i64 {value} to {kind}")


def widened(emitter: Emitter, value: str, kind: str) -> str:
    return value if kind == "i64" else emitter.define(f"zext {kind} {value} to i64")

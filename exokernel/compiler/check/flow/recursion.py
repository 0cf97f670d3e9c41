"""Recursion: in the kernel no function calls itself, by whatever way, so its stack is bounded."""

from __future__ import annotations

from exokernel.compiler.ir import operations as op


def cycles(functions: dict[str, op.Function]) -> list[tuple[str, op.Call, list[str]]]:
    """For each cycle found: the function, the call that closes it, and the functions on the way."""
    found: list[tuple[str, op.Call, list[str]]] = []
    done = set[str]()
    for root in functions:
        if root not in done:
            _walk(functions, root, [], done, found)
    return found


def _calls(function: op.Function) -> list[op.Call]:
    return [each for block in function.blocks for each in block.operations if isinstance(each, op.Call)]


def _walk(
    functions: dict[str, op.Function],
    name: str,
    path: list[str],
    done: set[str],
    found: list[tuple[str, op.Call, list[str]]],
) -> None:
    path.append(name)
    for call in _calls(functions[name]):
        if call.function in path:
            found.append((name, call, path[path.index(call.function) :]))
        elif call.function not in done and call.function in functions:
            _walk(functions, call.function, path, done, found)
    path.pop()
    done.add(name)

"""Comprehensions: the loops of `for ... in ... if ...` around whatever takes the elements."""

from __future__ import annotations

import ast
from collections.abc import Callable

from exokernel.compiler.build import conditions, iteration
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.sequences import Element
from exokernel.compiler.build.values import Variable
from exokernel.compiler.ir import operations as op


def generated(
    builder: FunctionBuilder, generators: list[ast.comprehension], body: Callable[[], None], after: op.Block
) -> int | None:
    """Build the loops of a comprehension around `body`; how often it runs at most, if that is known.

    The names of a comprehension are its own.
    """
    if not generators:
        body()
        return 1
    first, *rest = generators
    within: list[int | None] = []

    def consume(element: Element) -> None:
        hidden = _hide(builder, first.target)
        iteration.bind(builder, first.target, element)
        skip = builder.new_block("skip")
        for test in first.ifs:
            taken = builder.new_block("taken")
            conditions.branch(builder, test, taken, skip)
            builder.start(taken)
        within.append(generated(builder, rest, body, after))
        builder.start(skip)
        _show(builder, first.target, hidden)

    times = iteration.produce(builder, first.iter, consume, after)
    inner = within[-1] if within else 0
    return None if times is None or inner is None else times * inner


def _names(target: ast.expr) -> list[str]:
    return [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]


def _hide(builder: FunctionBuilder, target: ast.expr) -> dict[str, Variable]:
    """Put aside the function's own variables of the comprehension's names."""
    variables = builder.frame.variables
    return {name: variables.pop(name) for name in _names(target) if name in variables}


def _show(builder: FunctionBuilder, target: ast.expr, hidden: dict[str, Variable]) -> None:
    variables = builder.frame.variables
    for name in _names(target):
        variables.pop(name, None)
    variables.update(hidden)

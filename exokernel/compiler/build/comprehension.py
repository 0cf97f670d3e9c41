"""Comprehensions: the loops of `for ... in ... if ...` around whatever takes the elements."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from exokernel.compiler.build import conditions, iteration
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.sequences import Element
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
        with _own_names(builder, first.target):
            iteration.bind(builder, first.target, element)
            skip = builder.new_block("skip")
            for test in first.ifs:
                taken = builder.new_block("taken")
                conditions.branch(builder, test, taken, skip)
                builder.start(taken)
            within.append(generated(builder, rest, body, after))
            builder.start(skip)

    times = iteration.produce(builder, first.iter, consume, after)
    inner = within[-1] if within else 0
    return None if times is None or inner is None else times * inner


@contextmanager
def _own_names(builder: FunctionBuilder, target: ast.expr) -> Iterator[None]:
    """Put aside the function's own variables of the comprehension's names."""
    variables = builder.frame.variables
    names = [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]
    hidden = {name: variables.pop(name) for name in names if name in variables}
    try:
        yield
    finally:
        for name in names:
            variables.pop(name, None)
        variables.update(hidden)

"""Imports every module that registers what it builds."""

from exokernel.compiler.build import (
    assignment,
    builtins,
    calls,
    conditions,
    exceptions,
    expressions,
    inlining,
    iteration,
    operators,
    patterns,
    places,
    printing,
    statements,
    texts,
    unsafe,
)

__all__ = [
    "assignment",
    "builtins",
    "calls",
    "conditions",
    "exceptions",
    "expressions",
    "inlining",
    "iteration",
    "operators",
    "patterns",
    "places",
    "printing",
    "statements",
    "texts",
    "unsafe",
]

"""Syntax the dialect has not, and what to write instead."""

from __future__ import annotations

import ast

REFUSALS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("functions are not values, so there is no lambda", "write a function at module level"),
    ast.FunctionDef: ("functions are not nested", "write it at module level and pass what it needs"),
    ast.ClassDef: ("classes are declared at module level", ""),
    ast.AsyncFunctionDef: ("there is no async", "write a generator or a loop"),
    ast.Await: ("there is no async", ""),
    ast.AsyncFor: ("there is no async", ""),
    ast.AsyncWith: ("there is no async", ""),
    ast.Dict: ("there are no dictionaries", "use an array of records, searched or indexed"),
    ast.DictComp: ("there are no dictionaries", "use an array of records, searched or indexed"),
    ast.Set: ("there are no sets", "use Flags, or an array of bools"),
    ast.SetComp: ("there are no sets", "use Flags, or an array of bools"),
    ast.Global: ("globals are never rebound", "keep what changes in a record or an array of the module"),
    ast.Nonlocal: ("functions are not nested, so nothing is nonlocal", ""),
    ast.Delete: ("nothing is deleted", "storage belongs to its function or module"),
    ast.Import: ("imports stand at the top of a module", ""),
    ast.ImportFrom: ("imports stand at the top of a module", ""),
    ast.Starred: ("there are no starred arguments or targets", "write them out one by one"),
    ast.JoinedStr: ("an f-string is only written out, by `print`", "there is no heap to build it in"),
    ast.GeneratorExp: (
        "a generator expression needs something that consumes it here",
        "use `any`, `all`, `sum` or a loop",
    ),
    ast.Yield: ("a value is yielded by a statement of its own", ""),
    ast.YieldFrom: ("there is no `yield from`", "loop and yield"),
    ast.TryStar: ("there are no exception groups", "use `except`"),
    ast.List: ("a list needs a place here", "give it a name, or write a tuple"),
    ast.ListComp: ("a comprehension needs a place here", "give it a name"),
    ast.NamedExpr: ("`:=` stands only where its value is tested", "assign first"),
}


HEAP = "there is no heap to build it in"
CALLS = {  # built-in functions and types that are no part of the dialect
    "str": f"{HEAP}; print the value",
    "repr": f"{HEAP}; print the value",
    "format": f"{HEAP}; print an f-string",
    "chr": f"{HEAP}; write bytes",
    "dict": "use an array of records, searched or indexed",
    "set": "use Flags, or an array of bools",
    "frozenset": "use Flags, or an array of bools",
    "bytearray": "use `Array[u8]`",
    "memoryview": "a slice of an array is a view",
    "float": "scale integers instead",
    "sorted": "sort the elements of an Array in place",
    "map": "write a comprehension",
    "filter": "write a comprehension",
    "iter": "loop over it",
    "next": "loop over it",
    "open": "files are a library's business: `exokernel.libos.exos`",
    "input": "standard input is a library's business: `exokernel.libos.exos`",
    "isinstance": "types are known when the program is built",
    "type": "types are known when the program is built",
    "getattr": "write the attribute",
    "setattr": "assign to the attribute",
    "hasattr": "types are known when the program is built",
    "super": "behaviour is not inherited",
    "divmod": "write `//` and `%`",
    "pow": "multiply, or shift",
    "id": "places have no identity; compare what names them",
    "hash": "compute one, with the wrapping functions of the dialect",
}


def refusal(node: ast.AST) -> tuple[str, str]:
    """The sentence and the hint for a piece of syntax that nothing builds."""
    return REFUSALS.get(type(node), (f"the dialect has no {type(node).__name__.lower()} here", ""))

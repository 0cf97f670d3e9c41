"""Syntax the dialect has not, and what to write instead."""

from __future__ import annotations

import ast

from exokernel.compiler.check import classes, types
from exokernel.compiler.check.declarations import RecordClass
from exokernel.compiler.check.types import Type

ASYNC = ("there is no async", "write a generator or a loop")
IMPORT = ("imports stand at the top of a module", "move it up to the other imports")
REFUSALS: dict[type[ast.AST], tuple[str, str]] = {
    ast.Lambda: ("functions are not values, so there is no lambda", "write a function at module level"),
    ast.FunctionDef: ("functions are not nested", "write it at module level and pass what it needs"),
    ast.ClassDef: ("classes are declared at module level", "move it out of the function"),
    ast.AsyncFunctionDef: ASYNC,
    ast.Await: ASYNC,
    ast.AsyncFor: ASYNC,
    ast.AsyncWith: ASYNC,
    ast.Dict: ("there are no dictionaries", "use an array of records, searched or indexed"),
    ast.DictComp: ("there are no dictionaries", "use an array of records, searched or indexed"),
    ast.Set: ("there are no sets", "use Flags, or an array of bools"),
    ast.SetComp: ("there are no sets", "use Flags, or an array of bools"),
    ast.Global: ("globals are never rebound", "keep what changes in a record or an array of the module"),
    ast.Nonlocal: ("functions are not nested, so nothing is nonlocal", "pass it as an argument, or return it"),
    ast.Delete: ("nothing is deleted", "storage belongs to its function or module"),
    ast.Import: IMPORT,
    ast.ImportFrom: IMPORT,
    ast.Starred: ("there are no starred arguments or targets", "write them out one by one"),
    ast.JoinedStr: ("an f-string is only written out, by `print`", "pass its parts, and print them where they go"),
    ast.GeneratorExp: (
        "a generator expression needs something that consumes it here",
        "use `any`, `all`, `sum` or a loop",
    ),
    ast.Yield: ("a value is yielded by a statement of its own", "put `yield` on a line of its own"),
    ast.YieldFrom: ("there is no `yield from`", "write `for item in ...:` and `yield item`"),
    ast.TryStar: ("there are no exception groups", "use `except`"),
}


ERASED = "compiled code cannot use it: call what the library offers instead"
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
    hint = "docs/reference/dialect.md tells what to write instead"
    return REFUSALS.get(type(node), (f"the dialect has no {type(node).__name__.lower()} here", hint))


def instead(found: Type, wanted: Type) -> str:
    """A hint for a value of one type where another is due: how to make the one of the other, or what to write."""
    match wanted, found:
        case types.Nothing() | types.Never(), _:
            return f"annotate it as `{found}`"
        case types.Int(), types.Int() | types.Enum() if wanted.name:
            return f"if it is one, say so: `{wanted}(...)`"
        case types.Bool(), types.Int() | types.Enum():
            return "compare it: `!= 0`"
        case types.Int(), types.Bool() | types.Word():
            return f"write `{wanted}(...)`" if not wanted.name else f"write `{wanted}(int(...))`"
        case types.Text(), types.Octets():
            return "see the bytes as text: `text_of(...)`"
        case types.Octets(), types.Text():
            return "take the bytes of the text: `.encode()`"
        case types.Octets(), types.Array(element) if element == types.U8:
            return "see the array as bytes: `bytes(...)`"
        case types.Word(), types.Int():
            return f"make one of its bits: `{wanted}.of(...)`"
        case types.Enum(), types.Int():
            return f"find the member of that number: `{wanted}(...)`"
        case _, types.Array(element) | types.List(element) if types.accepts(wanted, element):
            return "take an element: `[i]`"
        case types.Int(), types.Octets() if not wanted.name:
            return "take an element: `[i]`"
        case _, types.Record(declaration) if fitting := _fields(declaration, wanted):
            return f"name a field: `.{fitting[0]}`"
        case _:
            return f"write {_example(wanted)}"


def _fields(record: RecordClass, wanted: Type) -> list[str]:
    return [name for name, field in classes.record_fields(record).items() if types.accepts(wanted, field.type)]


def _example(wanted: Type) -> str:
    match wanted:
        case types.Int():
            return f"a number such as `{wanted}(0)`" if wanted.name else "a number such as `0`"
        case types.Bool():
            return "`True`, `False` or a comparison"
        case types.Text():
            return 'text such as `"..."`'
        case types.Octets():
            return 'bytes such as `b"..."`'
        case types.Enum(declaration):
            return f"a member such as `{wanted}.{next(iter(classes.enum_members(declaration)), '...')}`"
        case types.Array():
            return f"an array: `name: {wanted} = array(n)`"
        case types.List():
            return "items in brackets: `[...]`"
        case types.Tuple(items, None):
            return f"{len(items)} values in parentheses, each of its type"
        case types.Optional(record):
            return f"`{record}(...)` or None"
        case _:
            return f"`{wanted}(...)`"

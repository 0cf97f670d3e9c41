"""Small wrong changes to source: what a hand might slip into a call.

A mutation changes one token, or leaves one statement out, in one function of a module of the
kernel: a relation, an operator, a constant, a member of an enumeration, a name of the same
type, a field of the same type, the error raised. Constants of modules stay, since the
specification shares them. Whether anybody notices is the business of `mutants`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from exokernel.prover.claims import ROOT, spelt

RELATIONS: dict[type[ast.cmpop], tuple[str, ...]] = {
    ast.Eq: ("!=",),
    ast.NotEq: ("==",),
    ast.Lt: ("<=", ">="),
    ast.LtE: ("<", ">"),
    ast.Gt: (">=", "<="),
    ast.GtE: (">", "<"),
    ast.In: ("not in",),
    ast.NotIn: ("in",),
}
OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "+",
    ast.Mod: "//",
    ast.FloorDiv: "%",
    ast.BitAnd: "|",
    ast.BitOr: "&",
    ast.BitXor: "|",
}


@dataclass(frozen=True)
class Mutation:
    """A module's source with one change in it."""

    module: str
    function: str
    line: int
    change: str
    source: str

    @property
    def label(self) -> str:
        return f"{self.module.removeprefix('exokernel.kernel.')}.{self.function}: {self.change}"


def mutations_of(path: Path, module: str, functions: set[str]) -> Iterator[Mutation]:
    """Every mutation of some functions of a module. Those alike in one function have numbers."""
    source = path.read_text()
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            seen: dict[str, int] = {}
            for place, text in changes(node):
                was = ast.get_source_segment(source, place) or ""
                change = f"`{brief(was)}` becomes `{brief(text)}`" if text != "pass" else f"without `{brief(was)}`"
                seen[change] = number = seen.get(change, 0) + 1
                change += f" ({number})" if number > 1 else ""
                yield Mutation(module, node.name, place.lineno, change, replaced(source, place, text))


def brief(text: str) -> str:
    return " ".join(text.split())


def replaced(source: str, place: ast.expr | ast.stmt, text: str) -> str:
    """The source with other text in the place of a node."""
    lines = source.splitlines(keepends=True)
    first, last = place.lineno - 1, (place.end_lineno or place.lineno) - 1
    head = lines[first].encode()[: place.col_offset].decode()
    tail = lines[last].encode()[place.end_col_offset :].decode()
    return "".join([*lines[:first], head + text + tail, *lines[last + 1 :]])


def changes(function: ast.FunctionDef) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Every place of a function that can be changed, and the new text."""
    of_type = {each.arg: spelt(each.annotation) for each in function.args.args}
    ignored = {id(inner) for node in ast.walk(function) for inner in unspoken(node)}
    for node in (each for statement in body_of(function) for each in ast.walk(statement)):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.stmt):
            yield from ((node, text) for text in in_statement(node))
        elif isinstance(node, ast.expr):
            yield from ((node, text) for text in in_expression(node, of_type))


def body_of(function: ast.FunctionDef) -> list[ast.stmt]:
    return function.body[1:] if ast.get_docstring(function) else function.body


def unspoken(node: ast.AST) -> Iterator[ast.AST]:
    """What under a node means nothing to the kernel: what an error is about, and annotations."""
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
        for each in node.exc.args:
            yield from ast.walk(each)
    elif isinstance(node, ast.AnnAssign):
        yield from ast.walk(node.annotation)


def in_statement(node: ast.stmt) -> Iterator[str]:
    match node:
        case ast.Expr() | ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield "pass"
        case ast.If(body=body, orelse=[]) if isinstance(body[-1], (ast.Raise, ast.Return)):
            yield "pass"
        case ast.AugAssign(target=target, op=operator, value=value):
            yield "pass"
            yield f"{spelt(target)} {OPERATORS[type(operator)]}= {spelt(value)}"
        case ast.Raise(exc=ast.Call(func=ast.Name(id=error), args=given)):
            others = (each for each in ("InUse", "WrongKind", "NotPermitted") if each != error)
            yield f"raise {next(others)}({', '.join(map(spelt, given))})"


def in_expression(node: ast.expr, of_type: dict[str, str]) -> Iterator[str]:
    match node:
        case ast.Compare(left=left, ops=[relation], comparators=[right]):
            for other in RELATIONS.get(type(relation), ()):
                yield f"{operand(left)} {other} {operand(right)}"
        case ast.BoolOp(op=operator, values=values):
            yield f" {'or' if isinstance(operator, ast.And) else 'and'} ".join(map(operand, values))
            for missing in values:
                yield "(" + f" {'and' if isinstance(operator, ast.And) else 'or'} ".join(
                    operand(each) for each in values if each is not missing
                ) + ")"
        case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=inner):
            yield operand(inner)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in OPERATORS:
            yield f"({operand(left)} {OPERATORS[type(operator)]} {operand(right)})"
        case ast.IfExp(body=body, orelse=orelse):
            yield from (operand(body), operand(orelse))
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() as value):
            yield from (str(each) for each in (value + 1, value - 1) if each >= 0)
        case ast.Name(id="NOBODY"):
            yield "EnvironmentId(1)"
        case ast.Name(id=name, ctx=ast.Load()) if name in of_type:
            yield from (each for each, kind in of_type.items() if kind == of_type[name] and each != name)
        case ast.Attribute(value=ast.Name(id=enumeration), attr=member) if member.isupper():
            yield from (f"{enumeration}.{each}" for each in neighbours(enumeration, member))
        case ast.Attribute(value=value, attr=field):
            yield from (f"{spelt(value)}.{each}" for each in alike(field))
        case ast.Call(func=ast.Name(id=function)):
            yield from swapped(node, types_of(function))


def operand(node: ast.expr) -> str:
    simple = isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.Constant))
    return spelt(node) if simple else f"({spelt(node)})"


def swapped(call: ast.Call, types: list[str]) -> Iterator[str]:
    """Two arguments of one type side by side change places."""
    given = [spelt(each) for each in call.args]
    named = [f"{each.arg}={spelt(each.value)}" for each in call.keywords]
    for place in range(min(len(given), len(types)) - 1):
        other = [*given[:place], given[place + 1], given[place], *given[place + 2 :]]
        if types[place] == types[place + 1] and other != given:
            yield f"{spelt(call.func)}({', '.join([*other, *named])})"


@cache
def types_of(function: str) -> list[str]:
    """The types of a kernel function's parameters."""
    for path in sorted((ROOT / "exokernel" / "kernel").glob("*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name == function:
                return [spelt(each.annotation) for each in node.args.args]
    return []


@cache
def classes() -> dict[str, ast.ClassDef]:
    """The records and enumerations of the interface, by name."""
    trees = [ast.parse(path.read_text()) for path in sorted((ROOT / "exokernel" / "abi").glob("*.py"))]
    return {node.name: node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)}


def neighbours(enumeration: str, member: str) -> Iterator[str]:
    """The members before and after one, if it is one."""
    found = classes().get(enumeration)
    members = [spelt(each.targets[0]) for each in found.body if isinstance(each, ast.Assign)] if found else []
    if member in members:
        place = members.index(member)
        yield from (each for each in (*members[max(place - 1, 0) : place], *members[place + 1 : place + 2]))


def alike(field: str) -> list[str]:
    """The other fields of the same type in the records of the kernel's tables that have this one."""
    found = set()
    for name, node in classes().items():
        types = {spelt(each.target): spelt(each.annotation) for each in node.body if isinstance(each, ast.AnnAssign)}
        if name.endswith("State") and field in types:
            found |= {each for each, kind in types.items() if kind == types[field] and each != field}
    return sorted(found)

"""Functions: what their decorators say, their signatures, and the names their bodies bind."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from exokernel.compiler.check import annotation, constants, intrinsics, types
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    FunctionDeclaration,
    InstructionDeclaration,
    Intrinsic,
    Known,
    NameType,
    Parameter,
    RecordClass,
    Signature,
)
from exokernel.compiler.check.types import Type

TRAITS = {
    "builtins.property": "property",
    "builtins.staticmethod": "static",
    "contextlib.contextmanager": "manager",
    "dialect.syscall": "syscall",
    "dialect.system_call": "system_call",
    "dialect.exported": "exported",
    "dialect.naked": "naked",
    "dialect.interrupt": "interrupt",
    "dialect.inline": "inline",
    "dialect.never_inline": "never_inline",
    "dialect.cold": "cold",
    "dialect.section": "section",
    "dialect.means": "means",  # for CPython alone: never compiled
    "dialect.admits": "admits",
}


def traits(function: FunctionDeclaration) -> dict[str, tuple[Known, ...]]:
    """What the decorators say, by trait, with the decorators' arguments."""
    if function.traited:
        return function.traits
    function.traited = True
    scope = function.scope
    for decorator in function.syntax.decorator_list:
        called = isinstance(decorator, ast.Call)
        found = scope.meaning(decorator.func if isinstance(decorator, ast.Call) else decorator)
        trait = TRAITS.get(found.name) if isinstance(found, Intrinsic) else None
        if trait is None or not isinstance(found, Intrinsic):
            raise scope.error(
                f"`@{ast.unparse(decorator)}` is no decorator the compiler knows",
                decorator,
                "decorators run at import time; only those of the dialect mean something compiled",
            )
        if found.name.rpartition(".")[2] in intrinsics.UNSAFE:
            intrinsics.require_unsafe(scope, decorator, found.name.rpartition(".")[2])
        given: tuple[Known, ...] = ()
        if called and trait != "admits":
            assert isinstance(decorator, ast.Call)
            given = tuple(constants.evaluate(scope, each) for each in decorator.args)
        function.traits[trait] = given
    function.yielding = any(isinstance(each, (ast.Yield, ast.YieldFrom)) for each in own_nodes(function.syntax))
    return function.traits


def own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a function body, in no particular order."""
    pending: list[ast.AST] = list(ast.iter_child_nodes(node))
    while pending:
        each = pending.pop()
        yield each
        pending.extend(ast.iter_child_nodes(each))


def signature(
    function: FunctionDeclaration | InstructionDeclaration,
    bindings: Mapping[str, Type],
    owner: ClassDeclaration | None = None,
) -> Signature:
    """Parameters and result, for given types of the type variables.

    Raises:
        CompileError: something is not annotated, or of a form the dialect has not.
    """
    scope, syntax = function.scope, function.syntax
    context = annotation.Context(scope, bindings, owner)
    arguments = syntax.args
    for refused in (arguments.vararg, arguments.kwarg):
        if refused is not None:
            raise scope.error("a function has a fixed number of parameters", refused, "pass an Array, or name them")
    first_default = len(arguments.args) - len(arguments.defaults)
    parameters = []
    for position, each in enumerate([*arguments.posonlyargs, *arguments.args]):
        default = arguments.defaults[position - first_default] if position >= first_default else None
        if position == 0 and owner is not None and _takes_self(function):
            parameters.append(Parameter(each.arg, annotation.of_class(owner), None))
        else:
            parameters.append(_parameter(context, each, default, False))
    for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        parameters.append(_parameter(context, each, default, True))
    return _with_result(context, function, parameters)


def _takes_self(function: FunctionDeclaration | InstructionDeclaration) -> bool:
    return isinstance(function, FunctionDeclaration) and "static" not in traits(function)


def _parameter(
    context: annotation.Context, each: ast.arg, default: ast.expr | None, keyword_only: bool
) -> Parameter:
    if each.annotation is None:
        raise context.scope.error(f"parameter `{each.arg}` has no type", each, f"annotate it: `{each.arg}: int`")
    kind = _passable(context, each.annotation)
    return Parameter(each.arg, kind, default, keyword_only)


def _passable(context: annotation.Context, node: ast.expr) -> Type:
    """The type of something passed in or out of a function."""
    kind = types.value_of(annotation.resolve(context, node))
    if types.holds_list(kind):
        raise context.scope.error("a list stays in the function that makes it", node, "pass an Array, or its items")
    return kind


def _with_result(
    context: annotation.Context,
    function: FunctionDeclaration | InstructionDeclaration,
    parameters: list[Parameter],
) -> Signature:
    syntax = function.syntax
    if syntax.returns is None:
        raise context.scope.error(f"`{syntax.name}` does not say what it returns", syntax, _result_hint(function))
    if isinstance(function, FunctionDeclaration) and (traits(function), function.yielding)[1]:
        returns = syntax.returns
        if isinstance(returns, ast.Subscript) and context.scope.meaning(returns.value) == Intrinsic("typing.Iterator"):
            return Signature(parameters, types.NONE, _passable(context, returns.slice))
        raise context.scope.error("a generator returns `Iterator[T]`", returns, "from collections.abc import Iterator")
    return Signature(parameters, _passable(context, syntax.returns))


def _result_hint(function: FunctionDeclaration | InstructionDeclaration) -> str:
    """What to write after the arrow of a function that has none."""
    if function.syntax.name == "main":
        return "write `def main() -> int:` and return the program's status, 0 if all went well"
    gives = any(isinstance(each, ast.Return) and each.value is not None for each in own_nodes(function.syntax))
    return "write the type of what it returns, such as `-> int`" if gives else "write `-> None`"


def assigned_names(function: FunctionDeclaration) -> frozenset[str]:
    """The names that the body of a function binds, parameters included."""
    if function.assigned is None:
        syntax = function.syntax
        found = {each.arg for each in [*syntax.args.posonlyargs, *syntax.args.args, *syntax.args.kwonlyargs]}
        for node in own_nodes(syntax):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                found.add(node.id)
            elif isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
                found.add(node.name)
            elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                found.add(node.name)
        function.assigned = frozenset(found)
    return function.assigned


def type_variables(function: FunctionDeclaration) -> frozenset[str]:
    """The type variables that occur in a function's annotations."""
    found = set()
    syntax = function.syntax
    notes = [each.annotation for each in [*syntax.args.args, *syntax.args.kwonlyargs]] + [syntax.returns]
    for note in notes:
        for node in ast.walk(note) if note is not None else ():
            if isinstance(node, ast.Name):
                declared = function.scope.lookup(node.id)
                if isinstance(declared, NameType) and declared.kind == "variable":
                    found.add(node.id)
    return frozenset(found)


def is_generic(function: FunctionDeclaration) -> bool:
    owner = function.owner
    if isinstance(owner, RecordClass) and owner.parameters and owner.generic is None:
        return True
    return bool(type_variables(function) - (set(owner.bindings) if isinstance(owner, RecordClass) else set()))

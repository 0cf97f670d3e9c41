"""Plain functions at build time: statements over known values, for tables and generated text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exokernel.compiler.check.declarations import FunctionDeclaration, Known

if TYPE_CHECKING:
    from exokernel.compiler.check.constants import Evaluator


class _Returned(Exception):
    def __init__(self, value: Known) -> None:
        self.value = value


class _Broken(Exception):
    pass


class _Continued(Exception):
    pass


def call(
    caller: Evaluator, node: ast.expr, function: FunctionDeclaration, arguments: list[Known], named: dict[str, Known]
) -> Known:
    """The result of a function called at build time."""
    from exokernel.compiler.check.constants import Evaluator, known

    syntax = function.syntax
    names = [each.arg for each in [*syntax.args.args, *syntax.args.kwonlyargs]]
    defaults = dict(zip(reversed([each.arg for each in syntax.args.args]), reversed(syntax.args.defaults)))
    defaults |= {each.arg: value for each, value in zip(syntax.args.kwonlyargs, syntax.args.kw_defaults) if value}
    local = dict(zip(names, arguments)) | named
    inner = Evaluator(function.scope, local, caller.steps)
    for name in names:
        if name not in local:
            if name not in defaults:
                raise caller.error(node, f"`{name}` is missing", f"add `{name}=...`")
            local[name] = inner.value(defaults[name])
    try:
        run(inner, syntax.body)
    except _Returned as returned:
        return returned.value
    except RecursionError:
        raise caller.error(node, f"`{function.short}` calls itself too often to compute at build time") from None
    finally:
        caller.steps = inner.steps
    return known(None)


def run(evaluator: Evaluator, body: list[ast.stmt]) -> None:
    """Execute statements."""
    for statement in body:
        _run_one(evaluator, statement)


def _run_one(evaluator: Evaluator, statement: ast.stmt) -> None:
    match statement:
        case ast.Return(value=value):
            from exokernel.compiler.check.constants import known

            raise _Returned(known(None) if value is None else evaluator.value(value))
        case ast.Assign(targets=[target], value=value):
            evaluator.bind(target, evaluator.value(value))
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            evaluator.bind(target, evaluator.value(value))
        case ast.AugAssign(target=ast.Name() as target, op=operator, value=value):
            read = ast.copy_location(ast.Name(target.id, ast.Load()), target)
            evaluator.bind(target, evaluator.value(ast.copy_location(ast.BinOp(read, operator, value), statement)))
        case ast.If(test=test, body=body, orelse=orelse):
            run(evaluator, body if evaluator.value(test).value else orelse)
        case ast.While() | ast.For():
            _loop(evaluator, statement)
        case ast.Assert(test=test):
            if not evaluator.value(test).value:
                raise evaluator.error(statement, "this assertion fails", "pass the function what it asks for")
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            pass
        case ast.Break():
            raise _Broken
        case ast.Continue():
            raise _Continued
        case _:
            raise evaluator.error(statement)


def _loop(evaluator: Evaluator, statement: ast.While | ast.For) -> None:
    items = iter(evaluator.iterate(statement.iter)) if isinstance(statement, ast.For) else None
    try:
        while True:
            if isinstance(statement, ast.For):
                assert items is not None
                item = next(items, None)
                if item is None:
                    break
                evaluator.bind(statement.target, item)
            elif not evaluator.value(statement.test).value:
                break
            try:
                run(evaluator, statement.body)
            except _Continued:
                continue
    except _Broken:
        return
    run(evaluator, statement.orelse)

"""`raise` and `try`. An error is a number; handlers are told apart by a switch on it."""

from __future__ import annotations

import ast
from collections.abc import Callable

from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning
from exokernel.compiler.build.registry import statement
from exokernel.compiler.build.values import Catch, Cleanup, Dispatch, Escape
from exokernel.compiler.check import intrinsics
from exokernel.compiler.check.declarations import ErrorClass, Intrinsic
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir


@statement(ast.Raise)
def raise_(builder: FunctionBuilder, node: ast.Raise) -> None:
    if node.exc is None:
        if not builder.handling:
            raise builder.error("there is nothing to raise again here", node, "a bare `raise` stands in an `except`")
        error, escapes = builder.handling[-1]
        builder.propagate(error, escapes)
        return
    if node.cause is not None and not (isinstance(node.cause, ast.Constant) and node.cause.value is None):
        raise builder.error("an exception has no cause once compiled", node.cause, "leave `from` out")
    made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    number = _raised(builder, made)
    if isinstance(node.exc, ast.Call):
        for each in [*node.exc.args, *(keyword.value for keyword in node.exc.keywords)]:
            if not isinstance(each, (ast.JoinedStr, ast.Constant)):
                builder.expression(each)
    builder.at(node)
    builder.propagate(op.Constant(number, ir.INT), [Escape(number)])


def _raised(builder: FunctionBuilder, node: ast.expr) -> int:
    found = _class(builder, node)
    if found.number == 0:
        raise builder.error(f"`{found.short}` stands for a family of exceptions", node, "raise one of its members")
    return found.number


def _class(builder: FunctionBuilder, node: ast.expr) -> ErrorClass:
    found = meaning(builder, node)
    if isinstance(found, ErrorClass):
        return found
    if isinstance(found, Intrinsic):
        short = found.name.rpartition(".")[2]
        if short in ("Exception", "BaseException"):
            raise builder.error(
                f"`{short}` means also faults, which are not caught", node, "name the exceptions that are meant"
            )
        if short in intrinsics.FAULTS:
            raise builder.error(
                f"`{short}` is a fault: it ends the program and is neither raised nor caught",
                node,
                "test for it beforehand, or declare an exception of your own",
            )
    raise builder.error(f"`{ast.unparse(node)}` is not an exception", node, "declare one: `class Broken(Exception): ...`")


@statement(ast.Try)
def try_(builder: FunctionBuilder, node: ast.Try) -> None:
    build(builder, node, lambda: builder.statements(node.body))


def build(builder: FunctionBuilder, node: ast.Try, body: Callable[[], None]) -> None:
    """Build a `try` around `body`."""
    if not node.finalbody:
        _handled(builder, node, body)
        return
    cleanup = Cleanup(
        builder.frame,
        lambda: builder.statements(node.finalbody),
        builder.new_block("finally"),
        builder.temporary_of(ir.INT),
    )
    with builder.inside(cleanup):
        _handled(builder, node, body)
    builder.statements(node.finalbody)
    builder.land(cleanup)


def _handled(builder: FunctionBuilder, node: ast.Try, body: Callable[[], None]) -> None:
    if not node.handlers:
        body()
        builder.statements(node.orelse)
        return
    catch = Catch(builder.frame, builder.new_block("except"), builder.temporary_of(ir.INT))
    with builder.inside(catch):
        body()
    after = builder.new_block("tried")
    builder.statements(node.orelse)
    builder.jump(after)
    _dispatch(builder, node, catch, after)
    builder.start(after)


def _dispatch(builder: FunctionBuilder, node: ast.Try, catch: Catch, after: op.Block) -> None:
    """Switch on the error number; what no handler names goes on."""
    builder.start(catch.block)
    cases: list[tuple[int, str]] = []
    arms: list[tuple[ast.ExceptHandler, op.Block, frozenset[int]]] = []
    taken = set[int]()
    for handler in node.handlers:
        block = builder.new_block("handler")
        numbers = frozenset(_numbers(builder, handler) - taken)
        taken |= numbers
        cases.extend((each, block.name) for each in sorted(numbers))
        arms.append((handler, block, numbers))
    others = builder.new_block("uncaught")
    builder.dispatches.append(Dispatch(builder.block, catch.incoming))
    builder.end(op.Switch(catch.error, tuple(cases), others.name))
    for handler, block, numbers in arms:
        builder.start(block)
        caught = [_only(each, numbers) for each in catch.incoming]
        builder.handling.append((catch.error, caught))
        builder.statements(handler.body)
        builder.handling.pop()
        builder.jump(after)
    builder.start(others)
    builder.at(node)
    builder.propagate(catch.error, [_without(each, frozenset(taken)) for each in catch.incoming])


def _numbers(builder: FunctionBuilder, handler: ast.ExceptHandler) -> set[int]:
    """The numbers of the exceptions that a handler names."""
    if handler.type is None:
        raise builder.error("a bare `except` would catch what nobody named", handler, "name the exceptions")
    if handler.name is not None:
        raise builder.error(
            "an exception carries nothing once compiled, so it gets no name", handler, f"leave out `as {handler.name}`"
        )
    named = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {number for each in named for number in builder.program.errors_of(_class(builder, each))}


def _only(escape: Escape, numbers: frozenset[int]) -> Escape:
    kept = numbers if escape.only is None else numbers & escape.only
    return Escape(escape.source, escape.excluded, kept)


def _without(escape: Escape, numbers: frozenset[int]) -> Escape:
    return Escape(escape.source, escape.excluded | numbers, escape.only)

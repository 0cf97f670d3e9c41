"""Generators and context managers: bodies built where they are used, with the user's code at `yield`."""

from __future__ import annotations

import ast
from collections.abc import Callable

from exokernel.compiler.build import assignment, calls, exceptions, generics
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning
from exokernel.compiler.build.places import present
from exokernel.compiler.build.registry import statement
from exokernel.compiler.build.trial import type_of
from exokernel.compiler.build.values import Cleanup, Control, Frame, Rest, Value
from exokernel.compiler.check import functions, types
from exokernel.compiler.check.declarations import ClassDeclaration, FunctionDeclaration, RecordClass
from exokernel.compiler.check.functions import own_nodes
from exokernel.compiler.ir import operations as op

OnYield = Callable[[ast.AST, Value | None], None]
Callee = tuple[FunctionDeclaration, Value | None]


def callee(builder: FunctionBuilder, node: ast.Call) -> Callee | None:
    """The function a call means, and the receiver of a method; None when it is no such call."""
    found = meaning(builder, node.func)
    if isinstance(found, FunctionDeclaration):
        return found, None
    if found is not None or not isinstance(node.func, ast.Attribute):
        return None
    owner = meaning(builder, node.func.value)
    if isinstance(owner, ClassDeclaration):
        static = owner.functions.get(node.func.attr)
        return None if static is None else (static, None)
    holder = calls.class_of(type_of(builder, node.func.value))
    declared = holder.functions.get(node.func.attr) if holder is not None else None
    if declared is None or not (functions.traits(declared) is not None and declared.yielding):
        return None
    return declared, present(builder, builder.value(node.func.value))


def generator(builder: FunctionBuilder, node: ast.Call) -> Callee | None:
    """The generator that a call makes, if it makes one."""
    found = callee(builder, node)
    if found is None:
        return None
    traits = functions.traits(found[0])
    return found if found[0].yielding and "manager" not in traits else None


def inline(builder: FunctionBuilder, node: ast.Call, found: Callee, on_yield: OnYield, manager: bool) -> None:
    """Build the body of a generator here, calling back at each `yield`."""
    declaration, receiver = found
    _check_recursion(builder, node, declaration)
    bindings = {}
    if functions.is_generic(declaration):
        bindings = dict(generics.infer(builder, node, declaration, node.args, node.keywords, receiver))
    owner = declaration.owner
    if isinstance(owner, RecordClass):
        bindings = dict(owner.bindings) | bindings
    signature = functions.signature(declaration, bindings, owner)
    operands = calls.arguments_of(builder, node, declaration, signature, node.args, node.keywords, receiver)
    end = builder.new_block("exhausted")
    frame = Frame(
        declaration,
        declaration.scope,
        bindings,
        owner,
        types.NONE,
        suffix=builder.inline_suffix(),
        inlined=declaration.short,
        depth=len(builder.controls),
        assigned=functions.assigned_names(declaration),
        end=end,
        parent=builder.frame,
        on_yield=on_yield,
        yields=signature.yields,
    )
    with builder.frame_of(frame):
        builder.at(declaration.syntax)
        for parameter, operand in zip(signature.parameters, operands):
            builder.program.note_type(parameter.type)
            variable = builder.declare(parameter.name, parameter.type)
            builder.emit(op.Assign(variable.local, operand))
        body = declaration.syntax.body
        if manager:
            managed(builder, body)
        else:
            builder.statements(body)
    builder.start(end)


def _check_recursion(builder: FunctionBuilder, node: ast.AST, declaration: FunctionDeclaration) -> None:
    frame: Frame | None = builder.frame
    while frame is not None:
        if frame.declaration is declaration:
            raise builder.error("a generator that consumes itself cannot be inlined", node, "use a loop")
        frame = frame.parent


def yield_(builder: FunctionBuilder, node: ast.Yield) -> None:
    """`yield value`: the consumer's code stands here."""
    frame = builder.frame
    assert frame.on_yield is not None and frame.yields is not None
    value = None
    if node.value is not None and frame.yields != types.NONE:
        kind = frame.yields
        found = builder.value(node.value, kind)
        value = builder.copy(Value(kind, builder.coerce(found, kind, node.value, "what is yielded")))
    elif frame.yields != types.NONE:
        raise builder.error(f"this generator yields `{frame.yields}`", node, "write `yield` with a value")
    frame.on_yield(node, value)


def copies_of_cleanups(builder: FunctionBuilder, controls: list[Control]) -> list[Cleanup]:
    """The `finally`s of a suspended generator, for ways out of its consumer's code."""
    return [
        Cleanup(each.frame, each.run, builder.new_block("close"), builder.temporary_of(each.error.type))
        for each in controls
        if isinstance(each, Cleanup)
    ]


# Context managers


@statement(ast.With)
def with_(builder: FunctionBuilder, node: ast.With) -> None:
    _with_items(builder, node.items, lambda: builder.statements(node.body))


def _with_items(builder: FunctionBuilder, items: list[ast.withitem], body: Callable[[], None]) -> None:
    """Enter context managers one within the other, with `body` innermost."""
    if not items:
        body()
        return
    first, *rest = items
    call = first.context_expr
    found = _manager(builder, call)
    assert isinstance(call, ast.Call)
    consumer = builder.frame

    def on_yield(at: ast.AST, value: Value | None) -> None:
        with builder.frame_of(consumer):
            if first.optional_vars is not None:
                if value is None:
                    hint = "leave `as` out, or let it yield a value"
                    raise builder.error("this context manager gives nothing to name", first.optional_vars, hint)
                builder.at(first.optional_vars)
                assignment.assign_target(builder, first.optional_vars, value)
            _with_items(builder, rest, body)

    inline(builder, call, found, on_yield, manager=True)


def _manager(builder: FunctionBuilder, node: ast.expr) -> Callee:
    if isinstance(node, ast.Call):
        found = callee(builder, node)
        if found is not None and "manager" in functions.traits(found[0]):
            return found
    hint = "write a generator that yields once, with `@contextmanager` above it"
    raise builder.error("`with` takes a call of a `@contextmanager` function", node, hint)


def managed(builder: FunctionBuilder, body: list[ast.stmt]) -> None:
    """Build the body of a context manager, which yields once on its straight path."""
    for position, each in enumerate(body):
        if not _yields(each):
            builder.statement(each)
            continue
        rest = body[position + 1 :]
        if any(_yields(other) for other in rest):
            raise builder.error("a context manager yields once", each, "leave the second `yield` out")
        with builder.inside(Rest(builder.frame, lambda: builder.statements(rest))):
            _yielding(builder, each)
        builder.statements(rest)
        return
    hint = "write `yield` where the body of the `with` is to run"
    raise builder.error("a context manager yields once", builder.frame.declaration.syntax, hint)


def _yields(node: ast.stmt) -> bool:
    return any(isinstance(each, ast.Yield) for each in [node, *own_nodes(node)])


def _yielding(builder: FunctionBuilder, node: ast.stmt) -> None:
    """The statement of a context manager that holds its `yield`."""
    builder.at(node)
    match node:
        case ast.Expr(value=ast.Yield() as given):
            yield_(builder, given)
        case ast.Try() if not any(_yields(each) for each in [*node.orelse, *node.finalbody]):
            exceptions.build(builder, node, lambda: _tried(builder, node))
        case ast.With():
            _with_items(builder, node.items, lambda: managed(builder, node.body))
        case _:
            raise builder.error(
                "a context manager yields on its straight path", node, "not within a loop, a condition or a match"
            )


def _tried(builder: FunctionBuilder, node: ast.Try) -> None:
    with builder.inside(Rest(builder.frame, lambda: builder.statements(node.orelse))):
        managed(builder, node.body)

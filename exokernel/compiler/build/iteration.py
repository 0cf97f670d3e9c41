"""Loops: `while`, and `for` over ranges, arrays, bytes, tuples, lists and generators.

`produce` is the one way to go through anything: it builds what yields the elements and calls
back for each place where one is at hand. `for`, comprehensions and `any` all consume it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from exokernel.compiler.build import assignment, conditions, inlining, sequences
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.names import meaning
from exokernel.compiler.build.registry import statement
from exokernel.compiler.build.sequences import Element, Sequence
from exokernel.compiler.build.values import Loop, Value
from exokernel.compiler.check import types
from exokernel.compiler.check.declarations import FunctionDeclaration, Intrinsic
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir

Consume = Callable[[Element], None]
ONE = op.Constant(1, ir.INT)


@statement(ast.While)
def while_(builder: FunctionBuilder, node: ast.While) -> None:
    head, body, after = (builder.new_block(each) for each in ("while", "do", "endwhile"))
    otherwise = builder.new_block("else") if node.orelse else after
    builder.start(head)
    if isinstance(node.test, ast.Constant) and node.test.value is True:
        builder.jump(body)
    else:
        conditions.branch(builder, node.test, body, otherwise)
    builder.start(body)
    with builder.inside(Loop(builder.frame, after, head, len(builder.controls))):
        builder.statements(node.body)
    builder.jump(head)
    if node.orelse:
        builder.start(otherwise)
        builder.statements(node.orelse)
    builder.start(after)


@statement(ast.For)
def for_(builder: FunctionBuilder, node: ast.For) -> None:
    after = builder.new_block("endfor")

    def consume(element: Element) -> None:
        builder.at(node.target)
        bind(builder, node.target, element)
        builder.statements(node.body)

    produce(builder, node.iter, consume, after)
    builder.statements(node.orelse)
    builder.start(after)


def bind(builder: FunctionBuilder, target: ast.expr, element: Element) -> None:
    """Give the target of a loop an element."""
    if not isinstance(element, tuple):
        assignment.assign_target(builder, target, element)
        return
    if not isinstance(target, (ast.Tuple, ast.List)):
        made = sequences.as_value(builder, target, element)
        assignment.assign_target(builder, target, made)
        return
    if len(target.elts) != len(element):
        hint = "name each of them, or take one name for the tuple"
        raise builder.error(f"{len(element)} values for {len(target.elts)} names", target, hint)
    for each, part in zip(target.elts, element):
        bind(builder, each, part)


def produce(builder: FunctionBuilder, node: ast.expr, consume: Consume, after: op.Block) -> int | None:
    """Build a loop over what `node` gives; `break` goes to `after`, exhaustion falls through.

    Answers how many elements there may be at most, if that is known.
    """
    if isinstance(node, ast.Call):
        found = meaning(builder, node.func)
        if found == Intrinsic("builtins.enumerate"):
            return _enumerated(builder, node, consume, after)
        generator = inlining.generator(builder, node)
        if generator is not None:
            _generated(builder, node, generator, consume, after)
            return None
    if isinstance(node, (ast.Tuple, ast.List)):
        values = [builder.copy(builder.value(each)) for each in node.elts]
        return _unrolled(builder, values, consume, after)
    sequence = sequences.of(builder, node)
    if isinstance(sequence, list):
        return _unrolled(builder, sequence, consume, after)
    if sequence is None:
        raise builder.error(
            f"`{ast.unparse(node)}` is not iterated over",
            node,
            "loop over a range, an array, bytes (`.encode()` gives those of text), a tuple, a list or a generator",
        )
    counted(builder, node, sequence, consume, after)
    return sequence.capacity


def counted(builder: FunctionBuilder, node: ast.expr, sequence: Sequence, consume: Consume, after: op.Block) -> None:
    """Count through a sequence, by its own first, limit and step."""
    head, body, following, done = (builder.new_block(each) for each in ("for", "do", "next", "done"))
    counter = builder.temporary(types.INT)
    builder.emit(op.Assign(counter, sequence.first))
    builder.start(head)
    builder.at(node)
    limit = sequence.limit(builder)
    more = builder.temporary(types.BOOL)
    relation = op.Relation.LESS if sequence.step > 0 else op.Relation.GREATER
    builder.emit(op.Compare(more, relation, counter, limit))
    builder.end(op.Branch(more, body.name, done.name))
    builder.start(body)
    with builder.inside(Loop(builder.frame, after, following, len(builder.controls))):
        consume(sequence.element(builder, counter))
    builder.start(following)
    builder.at(node)
    step = op.Constant(sequence.step, ir.INT)
    builder.emit(op.Binary(counter, op.BinaryOperator.ADD, counter, step, proved=abs(sequence.step) == 1))
    builder.jump(head)
    builder.start(done)


def _enumerated(builder: FunctionBuilder, node: ast.Call, consume: Consume, after: op.Block) -> int | None:
    """`enumerate(x, start)`: a count beside whatever x gives."""
    start: op.Operand = op.Constant(0, ir.INT)
    for given in [*node.args[1:], *(each.value for each in node.keywords)]:
        start = builder.copy(builder.value(given)).operand
    count = builder.temporary(types.INT)
    builder.emit(op.Assign(count, start))

    def numbered(element: Element) -> None:
        now = builder.temporary(types.INT)
        builder.emit(op.Assign(now, count))
        builder.emit(op.Binary(count, op.BinaryOperator.ADD, count, ONE))
        consume((Value(types.INT, now), element))

    return produce(builder, node.args[0], numbered, after)


def _unrolled(builder: FunctionBuilder, values: list[Value], consume: Consume, after: op.Block) -> int:
    """The items of a tuple: the body is built once for each."""
    for value in values:
        following = builder.new_block("next")
        with builder.inside(Loop(builder.frame, after, following, len(builder.controls))):
            consume(value)
        builder.start(following)
    return len(values)


def _generated(
    builder: FunctionBuilder,
    node: ast.Call,
    generator: tuple[FunctionDeclaration, Value | None],
    consume: Consume,
    after: op.Block,
) -> None:
    """A generator, inlined: the body of the loop stands at each of its `yield`s."""
    consumer, outside = builder.frame, list(builder.controls)

    def on_yield(at: ast.AST, value: Value | None) -> None:
        assert value is not None
        inner, following = builder.controls, builder.new_block("resume")
        cleanups = inlining.copies_of_cleanups(builder, inner[len(outside) :])
        loop = Loop(consumer, after, following, len(outside))
        builder.controls = [*outside, *cleanups, loop]
        with builder.frame_of(consumer):
            consume(value)
        builder.jump(following)
        for position in range(len(cleanups) - 1, -1, -1):
            builder.controls = [*outside, *cleanups[:position]]
            builder.land(cleanups[position])
        builder.controls = inner
        builder.start(following)

    inlining.inline(builder, node, generator, on_yield, manager=False)

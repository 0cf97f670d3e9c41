"""`match`: literals, members, alternatives, tuples, captures, guards; total or refused."""

from __future__ import annotations

import ast

from exokernel.compiler.build import assignment, comparisons, conditions, tuples
from exokernel.compiler.build.function import FunctionBuilder
from exokernel.compiler.build.registry import statement
from exokernel.compiler.build.values import Value
from exokernel.compiler.check import classes, types
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op


@statement(ast.Match)
def match_(builder: FunctionBuilder, node: ast.Match) -> None:
    subject = builder.copy(builder.value(node.subject))
    after = builder.new_block("matched")
    if _is_switch(node, subject.type):
        _switch(builder, node, subject, after)
    else:
        _tests(builder, node, subject, after)
    builder.start(after)


def _alternatives(pattern: ast.pattern) -> list[ast.pattern]:
    return pattern.patterns if isinstance(pattern, ast.MatchOr) else [pattern]


def _is_switch(node: ast.Match, kind: Type) -> bool:
    """Whether the arms are told apart by numbers alone, the last perhaps taking all the rest."""
    if not types.is_number(kind):
        return False
    for position, case in enumerate(node.cases):
        values = all(isinstance(each, ast.MatchValue) for each in _alternatives(case.pattern))
        rest = _irrefutable(case.pattern) and position == len(node.cases) - 1
        if case.guard is not None or not (values or rest):
            return False
    return True


def _irrefutable(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _irrefutable(inner)
        case ast.MatchOr(patterns=patterns):
            return any(_irrefutable(each) for each in patterns)
        case _:
            return False


def _switch(builder: FunctionBuilder, node: ast.Match, subject: Value, after: op.Block) -> None:
    cases: dict[int, str] = {}
    arms: list[tuple[ast.match_case, op.Block]] = []
    default = builder.new_block("unmatched")
    total = False
    for case in node.cases:
        block = builder.new_block("case")
        arms.append((case, block))
        if _irrefutable(case.pattern):
            default, total = block, True
            continue
        for each in _alternatives(case.pattern):
            assert isinstance(each, ast.MatchValue)
            number = _number(builder, each, subject.type)
            if number in cases:
                raise builder.error("an arm above has this value already", each, "it would never be reached: leave it out")
            cases[number] = block.name
    builder.at(node.subject)
    builder.end(op.Switch(subject.operand, tuple(cases.items()), default.name))
    for case, block in arms:
        builder.start(block)
        _capture(builder, case.pattern, subject)
        builder.statements(case.body)
        builder.jump(after)
    if not total:
        builder.start(default)
        _require_total(builder, node, subject.type, set(cases))


def _number(builder: FunctionBuilder, pattern: ast.MatchValue, kind: Type) -> int:
    value = builder.value(pattern.value)
    if not (types.accepts(kind, value.type) or types.accepts(value.type, kind)):
        raise builder.mismatch(value.type, kind, pattern)
    assert isinstance(value.operand, op.Constant)
    return int(value.operand.value or 0)


def _require_total(builder: FunctionBuilder, node: ast.Match, kind: Type, covered: set[int]) -> None:
    """Nothing matched: impossible when all members are named, refused when they are not."""
    if isinstance(kind, types.Enum) and not kind.declaration.flags:
        missing = [name for name, number in classes.enum_members(kind.declaration).items() if number not in covered]
        if missing:
            hint = "add it, or `case _:`"
            raise builder.error(f"this match has no arm for `{kind}.{missing[0]}`", node.subject, hint)
    else:
        raise builder.error("this match does not say what happens otherwise", node.subject, "end it with `case _:`")
    builder.at(node.subject)
    builder.end(op.Stop(op.Fault.UNREACHABLE))


def _capture(builder: FunctionBuilder, pattern: ast.pattern, subject: Value) -> None:
    if isinstance(pattern, ast.MatchAs) and pattern.name is not None:
        builder.at(pattern)
        assignment.assign_name(builder, _target(pattern, pattern.name), subject)


def _target(node: ast.AST, name: str) -> ast.Name:
    made = ast.Name(name, ast.Store())
    ast.copy_location(made, node)
    return made


def _tests(builder: FunctionBuilder, node: ast.Match, subject: Value, after: op.Block) -> None:
    """One arm after another."""
    covered: set[int] = set()
    for case in node.cases:
        following = builder.new_block("case")
        test(builder, case.pattern, subject, following)
        if case.guard is not None:
            guarded = builder.new_block("guarded")
            conditions.branch(builder, case.guard, guarded, following)
            builder.start(guarded)
        builder.statements(case.body)
        builder.jump(after)
        if _irrefutable_for(case.pattern, subject.type) and case.guard is None:
            return
        if case.guard is None and types.is_number(subject.type):
            covered |= _covered(builder, case.pattern, subject.type)
        builder.start(following)
    _require_total(builder, node, subject.type, covered)


def _covered(builder: FunctionBuilder, pattern: ast.pattern, kind: Type) -> set[int]:
    inner = pattern.pattern if isinstance(pattern, ast.MatchAs) and pattern.pattern is not None else pattern
    return {
        _number(builder, each, kind) for each in _alternatives(inner) if isinstance(each, ast.MatchValue)
    }


def _irrefutable_for(pattern: ast.pattern, kind: Type) -> bool:
    """Whether a pattern takes every value of a type."""
    if isinstance(pattern, ast.MatchSequence) and isinstance(kind, types.Tuple):
        return len(pattern.patterns) == len(kind.items) and all(
            _irrefutable_for(each, item) for each, item in zip(pattern.patterns, kind.items)
        )
    return _irrefutable(pattern)


def test(builder: FunctionBuilder, pattern: ast.pattern, subject: Value, otherwise: op.Block) -> None:
    """Go on if the pattern takes the subject, with its names bound; else to `otherwise`."""
    builder.at(pattern)
    match pattern:
        case ast.MatchValue(value=value):
            holds = comparisons.compare(builder, value, ast.Eq(), subject, builder.value(value))
            _go_on_if(builder, holds, otherwise)
        case ast.MatchSingleton(value=bool() as wanted):
            if subject.type != types.BOOL:
                raise builder.mismatch(types.BOOL, subject.type, pattern)
            _go_on_if(builder, subject.operand if wanted else comparisons.negated(builder, subject.operand), otherwise)
        case ast.MatchSingleton():
            _test_absent(builder, pattern, subject, otherwise)
        case ast.MatchOr(patterns=patterns):
            _test_any(builder, patterns, subject, otherwise)
        case ast.MatchAs(pattern=inner, name=name):
            if inner is not None:
                test(builder, inner, subject, otherwise)
            if name is not None:
                assignment.assign_name(builder, _target(pattern, name), subject)
        case ast.MatchSequence(patterns=patterns):
            _test_items(builder, pattern, patterns, subject, otherwise)
        case _:
            raise builder.error(
                "patterns are literals, members, tuples, names, `|` and `_`", pattern, "test the rest in a guard"
            )


def _go_on_if(builder: FunctionBuilder, holds: op.Operand, otherwise: op.Block) -> None:
    following = builder.new_block("matches")
    builder.branch(holds, following, otherwise)
    builder.start(following)


def _test_absent(builder: FunctionBuilder, pattern: ast.pattern, subject: Value, otherwise: op.Block) -> None:
    if not isinstance(subject.type, types.Optional):
        raise builder.error(f"`{subject.type}` is never None", pattern, "leave the arm out")
    absent = builder.temporary(types.BOOL)
    builder.emit(op.IsNone(absent, subject.operand))
    _go_on_if(builder, absent, otherwise)


def _test_any(builder: FunctionBuilder, patterns: list[ast.pattern], subject: Value, otherwise: op.Block) -> None:
    after = builder.new_block("matches")
    for position, each in enumerate(patterns):
        following = otherwise if position == len(patterns) - 1 else builder.new_block("or")
        test(builder, each, subject, following)
        builder.jump(after)
        if following is not otherwise:
            builder.start(following)
    builder.start(after)


def _test_items(
    builder: FunctionBuilder, pattern: ast.pattern, patterns: list[ast.pattern], subject: Value, otherwise: op.Block
) -> None:
    hint = "name every item, `_` for those that do not matter"
    for each in patterns:
        if isinstance(each, ast.MatchStar):
            raise builder.error("a tuple has a known length, so patterns have no star", each, hint)
    if not isinstance(subject.type, types.Tuple) or len(subject.type.items) != len(patterns):
        raise builder.error(f"`{subject.type}` is not matched by {len(patterns)} patterns", pattern, hint)
    for position, each in enumerate(patterns):
        if not (isinstance(each, ast.MatchAs) and each.pattern is None and each.name is None):
            test(builder, each, tuples.item(builder, subject, position), otherwise)

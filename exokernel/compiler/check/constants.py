"""Values known at build time: a small evaluator of expressions, and of calls of plain functions.

It computes what CPython would when importing the module: module constants, defaults, lengths,
the text of assembly. What touches memory or the machine is refused. Numbers are unbounded
here; where a value is used, it must fit.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from exokernel.compiler.check import annotation, classes, types
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    ConstantDeclaration,
    Declaration,
    EnumClass,
    Intrinsic,
    Known,
)
from exokernel.compiler.diagnostics import nearest
from exokernel.compiler.parse.modules import Module

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope
    from exokernel.compiler.diagnostics import CompileError

BUDGET = 2_000_000  # steps of one evaluation
LONGEST = 1 << 20  # repetitions of a text
LARGEST_SHIFT = 4096  # bits, also of an exponent
COMPUTED = "constants are computed from constants, by operators and plain functions"

BINARY: dict[type[ast.operator], Callable[..., object]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
    ast.BitXor: operator.xor,
    ast.Pow: operator.pow,
}
COMPARE: dict[type[ast.cmpop], Callable[..., object]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def evaluate(scope: Scope, node: ast.expr, local: dict[str, Known] | None = None) -> Known:
    """The value of an expression at build time.

    Raises:
        CompileError: it is not computable then.
    """
    return Evaluator(scope, dict(local or {})).value(node)


def integer(scope: Scope, node: ast.expr, local: dict[str, Known] | None = None) -> int:
    """The value of an expression that must be a number known at build time."""
    found = evaluate(scope, node, local)
    if not types.is_number(found.type):
        raise scope.error(f"a number is due here, not `{found.type}`", node, "a constant computed from numbers")
    return found.integer()


def known(value: object) -> Known:
    """A plain Python value with its type."""
    match value:
        case bool():
            return Known(types.BOOL, value)
        case int():
            return Known(types.INT, value)
        case str():
            return Known(types.TEXT, value)
        case bytes():
            return Known(types.OCTETS, value)
        case None:
            return Known(types.NONE, None)
        case tuple() | list():
            items = tuple(each if isinstance(each, Known) else known(each) for each in value)
            return Known(types.Tuple(tuple(each.type for each in items)), items)
        case _:
            raise TypeError(f"{type(value).__name__} is no value of the dialect")


def plain(found: Known) -> object:
    """A known value as Python has it: tuples hold values again."""
    return tuple(plain(each) for each in found.items()) if isinstance(found.type, types.Tuple) else found.value


def known_enum(enum: EnumClass, number: int) -> Known:
    return Known(types.Enum(enum), number)


def constant_value(declared: ConstantDeclaration) -> Known:
    """The value of a module or class constant."""
    if declared.known is None:
        assert declared.value is not None
        if declared.busy:
            raise declared.scope.error(f"`{declared.short}` is computed from itself", declared.node, "a constant is computed from others")
        declared.busy = True
        try:
            found = evaluate(declared.scope, declared.value)
        finally:
            declared.busy = False
        declared.known = _as_annotated(declared, found)
    return declared.known


def _as_annotated(declared: ConstantDeclaration, found: Known) -> Known:
    note = declared.annotation
    if note is None or declared.scope.meaning(note) == Intrinsic("typing.Final"):
        return found
    if isinstance(note, ast.Subscript) and isinstance(found.type, types.Tuple) and ast.unparse(note).endswith("...]"):
        return found
    wanted = annotation.resolve(annotation.Context(declared.scope), note)
    if not types.accepts(wanted, found.type):
        sentence = f"`{declared.short}` is declared {wanted}, but its value is {found.type}"
        hint = f"annotate it as `{found.type}`, or leave the annotation out"
        raise declared.scope.error(sentence, declared.node, hint)
    return Known(types.value_of(wanted), found.value)


@dataclass
class Evaluator:
    """Evaluates in one scope, with the given local names."""

    scope: Scope
    local: dict[str, Known] = field(default_factory=dict)
    steps: int = 0

    def error(self, node: ast.AST, why: str = "this is not known at build time", hint: str = COMPUTED) -> CompileError:
        return self.scope.error(why, node, hint)

    def value(self, node: ast.expr) -> Known:
        self.steps += 1
        if self.steps > BUDGET:
            hint = f"an evaluation takes at most {BUDGET:,} steps: compute it in a function, at run time"
            raise self.error(node, "this takes too long to compute at build time", hint)
        method = _HANDLERS.get(type(node))
        if method is None:
            raise self.error(node)
        try:
            return method(self, node)
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as problem:
            raise self.error(node, f"computing this at build time fails: {problem}") from None

    def _constant(self, node: ast.Constant) -> Known:
        return known(node.value)

    def _name(self, node: ast.Name) -> Known:
        if node.id in self.local:
            return self.local[node.id]
        return self._declared(node, self.scope.lookup(node.id))

    def _declared(self, node: ast.expr, found: Declaration | None) -> Known:
        if isinstance(found, ConstantDeclaration):
            return constant_value(found)
        if found is None:
            raise self.scope.undeclared(node, self.local)
        raise self.error(node, f"`{ast.unparse(node)}` has no value at build time")

    def _attribute(self, node: ast.Attribute) -> Known:
        is_local = isinstance(node.value, ast.Name) and node.value.id in self.local
        holder = None if is_local else self.scope.meaning(node.value)
        if isinstance(holder, Module):
            return self._declared(node, self.scope.member(holder, node.attr))
        if isinstance(holder, EnumClass):
            members = classes.enum_members(holder)
            if node.attr not in members:
                hint = nearest(node.attr, members, "it has " + ", ".join(members))
                raise self.error(node, f"`{holder.short}` has no member `{node.attr}`", hint)
            return known_enum(holder, members[node.attr])
        if isinstance(holder, ClassDeclaration):
            constant = classes.class_constant(holder, node.attr)
            if constant is not None:
                return constant_value(constant)
            raise self.error(node)
        return self._field(node, self.value(node.value))

    def _field(self, node: ast.Attribute, found: Known) -> Known:
        match found.type:
            case types.Word(declared):
                field = classes.word_fields(declared).get(node.attr)
                if field is not None:
                    raw = found.integer() >> field.low & (1 << field.size) - 1
                    return Known(types.value_of(field.type), bool(raw) if field.type == types.BOOL else raw)
            case types.Tuple(items, declaration) if declaration is not None and declaration.fields is not None:
                if node.attr in declaration.fields:
                    return found.items()[list(declaration.fields).index(node.attr)]
            case types.Enum() if node.attr == "value":
                return known(found.integer())
        raise self.error(node)

    def _binary(self, node: ast.BinOp) -> Known:
        left, right = self.value(node.left), self.value(node.right)
        if isinstance(left.type, types.Tuple) and isinstance(right.type, types.Tuple):
            return known((*left.items(), *right.items()))
        if isinstance(left.type, types.Tuple) and isinstance(node.op, ast.Mult):
            return known(left.items() * right.integer())
        if types.BOOL in (left.type, right.type) and left.type != right.type:
            raise TypeError("a bool is not a number")
        function = BINARY.get(type(node.op))
        if function is None or isinstance(left.type, types.Word):
            raise self.error(node)
        if _is_huge(node.op, left, right):
            raise self.error(node, "this is too large to compute at build time")
        result = function(left.value, right.value)
        for each in (left.type, right.type):
            if isinstance(each, types.Enum) and each.declaration.flags:
                return Known(each, result)
        return known(result)

    def _unary(self, node: ast.UnaryOp) -> Known:
        operand = self.value(node.operand)
        match node.op, operand.type:
            case ast.Not(), types.Bool():
                return known(not operand.value)
            case ast.USub(), types.Int() | types.Enum():
                return known(-operand.integer())
            case ast.Invert(), types.Enum(declared) if declared.flags:
                return Known(operand.type, operand.integer() ^ classes.every_flag(declared))
            case ast.Invert(), types.Int() | types.Enum():
                return known(~operand.integer())
        raise self.error(node)

    def _boolean(self, node: ast.BoolOp) -> Known:
        wanted = isinstance(node.op, ast.Or)
        found = known(not wanted)
        for each in node.values:
            found = self.value(each)
            if found.type != types.BOOL:
                raise self.error(each, "`and` and `or` are for bools", "compare it: `!= 0`")
            if found.value == wanted:
                break
        return found

    def _compare(self, node: ast.Compare) -> Known:
        left = self.value(node.left)
        for symbol, other in zip(node.ops, node.comparators):
            right = self.value(other)
            if not COMPARE[type(symbol)](plain(left), plain(right)):
                return known(False)
            left = right
        return known(True)

    def _choice(self, node: ast.IfExp) -> Known:
        return self.value(node.body if self.value(node.test).value else node.orelse)

    def _tuple(self, node: ast.Tuple | ast.List) -> Known:
        return known(tuple(self.value(each) for each in node.elts))

    def _subscript(self, node: ast.Subscript) -> Known:
        found = self.value(node.value)
        if isinstance(node.slice, ast.Slice):
            bounds = (node.slice.lower, node.slice.upper, node.slice.step)
            index: object = slice(*(None if each is None else self.value(each).integer() for each in bounds))
        else:
            index = self.value(node.slice).integer()
        result = found.value[index]  # type: ignore[index]
        return result if isinstance(result, Known) else known(result)

    def _format(self, node: ast.JoinedStr) -> Known:
        parts = []
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                spec = self._format(each.format_spec).value if isinstance(each.format_spec, ast.JoinedStr) else ""
                parts.append(format(self.value(each.value).value, str(spec)))
            else:
                parts.append(str(self.value(each).value))
        return known("".join(parts))

    def _comprehension(self, node: ast.GeneratorExp | ast.ListComp) -> Known:
        saved = dict(self.local)
        items = tuple(self._generated(node.elt, node.generators))
        self.local = saved
        return known(items)

    def _generated(self, element: ast.expr, generators: list[ast.comprehension]) -> Iterator[Known]:
        if not generators:
            yield self.value(element)
            return
        first, *rest = generators
        for item in self.iterate(first.iter):
            self.bind(first.target, item)
            if all(self.value(test).value for test in first.ifs):
                yield from self._generated(element, rest)

    def iterate(self, node: ast.expr) -> list[Known]:
        """The items of something iterable."""
        found = self.value(node).value
        if isinstance(found, (bytes, str)):
            return [known(each) for each in found]
        if isinstance(found, tuple):
            return list(found)
        raise self.error(node, "this cannot be iterated over at build time", "loop over a range, a tuple, bytes or text")

    def bind(self, target: ast.expr, item: Known) -> None:
        """Give a name, or the names of a tuple, a value."""
        if isinstance(target, ast.Name):
            self.local[target.id] = item
        elif isinstance(target, ast.Tuple) and isinstance(item.type, types.Tuple):
            for each, part in zip(target.elts, item.items(), strict=True):
                self.bind(each, part)
        else:
            raise self.error(target, hint="assign to names, or to a tuple of names")

    def _call(self, node: ast.Call) -> Known:
        from exokernel.compiler.check import constant_calls

        return constant_calls.call(self, node)


def _is_huge(operator: ast.operator, left: Known, right: Known) -> bool:
    """Whether a shift, power or repetition goes beyond all reason."""
    counts = [each.value for each in (left, right) if isinstance(each.value, int)]
    if isinstance(operator, ast.Mult):
        return len(counts) == 1 and counts[0] > LONGEST
    return isinstance(operator, (ast.LShift, ast.Pow)) and bool(counts) and counts[-1] > LARGEST_SHIFT


_HANDLERS: dict[type[ast.expr], Callable[..., Known]] = {
    ast.Constant: Evaluator._constant,
    ast.Name: Evaluator._name,
    ast.Attribute: Evaluator._attribute,
    ast.BinOp: Evaluator._binary,
    ast.UnaryOp: Evaluator._unary,
    ast.BoolOp: Evaluator._boolean,
    ast.Compare: Evaluator._compare,
    ast.IfExp: Evaluator._choice,
    ast.Tuple: Evaluator._tuple,
    ast.List: Evaluator._tuple,
    ast.Subscript: Evaluator._subscript,
    ast.JoinedStr: Evaluator._format,
    ast.GeneratorExp: Evaluator._comprehension,
    ast.ListComp: Evaluator._comprehension,
    ast.Call: Evaluator._call,
}

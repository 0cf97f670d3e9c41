"""Calls: which function is meant, its arguments, and the test of its error."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import TYPE_CHECKING

from exokernel.compiler.build import generics, records, tuples, words
from exokernel.compiler.build.function import CallSite, FunctionBuilder
from exokernel.compiler.build.names import meaning, near, of_known
from exokernel.compiler.build.places import present
from exokernel.compiler.build.refusals import CALLS, ERASED
from exokernel.compiler.build.registry import INTRINSICS, expression
from exokernel.compiler.build.values import Escape, Result, Value
from exokernel.compiler.check import annotation, constants, functions, types
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    Declaration,
    EnumClass,
    Erased,
    ErrorClass,
    FunctionDeclaration,
    InstructionDeclaration,
    Intrinsic,
    NameType,
    RecordClass,
    Signature,
    TupleClass,
    WordClass,
)
from exokernel.compiler.check.types import Type
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir import types as ir
from exokernel.compiler.parse.modules import Module

if TYPE_CHECKING:
    from exokernel.compiler.build.program import Instance


def class_of(type: Type) -> ClassDeclaration | None:
    """The class whose methods a value has."""
    match type:
        case types.Record(declaration) | types.Optional(types.Record(declaration)):
            return declaration
        case types.Word(word):
            return word
        case types.Enum(enum):
            return enum
        case types.Tuple(_, declared):
            return declared
        case _:
            return None


@expression(ast.Call)
def call(builder: FunctionBuilder, node: ast.Call, expected: Type | None) -> Result:
    for each in node.args:
        if isinstance(each, ast.Starred):
            raise builder.error("there are no starred arguments", each, "write them out one by one")
    found = meaning(builder, node.func)
    if found is not None:
        return _declared(builder, node, found, expected)
    if isinstance(node.func, ast.Attribute):
        owner = meaning(builder, node.func.value)
        if isinstance(owner, ClassDeclaration):
            return _class_method(builder, node, node.func, owner)
        if isinstance(owner, Module):
            raise builder.frame.scope.not_in_module(owner.name, node.func.attr, node.func)
        return _method(builder, node, node.func)
    if isinstance(node.func, ast.Name):
        builder.expression(node.func)
    raise builder.error("functions are not values, so this cannot be called", node.func, "call a function by its name")


def _declared(builder: FunctionBuilder, node: ast.Call, found: Declaration, expected: Type | None) -> Result:
    match found:
        case FunctionDeclaration():
            return call_function(builder, node, found, node.args, node.keywords)
        case Intrinsic(name):
            handler = INTRINSICS.get(name)
            if handler is None:
                raise builder.error(*_unknown_intrinsic(name, node))
            return handler(builder, node, expected)
        case NameType():
            return words.conversion(builder, node, found)
        case RecordClass():
            return records.make(builder, node)
        case WordClass():
            return words.make(builder, node, found)
        case EnumClass():
            return words.enumeration(builder, node, found)
        case TupleClass():
            return tuples.make_named(builder, node, found)
        case InstructionDeclaration():
            return _instruct(builder, node, found)
        case ErrorClass():
            raise builder.error("an exception is made only to be raised", node, "write `raise` before it")
        case Erased(name):
            raise builder.error(f"`{name}` exists only under CPython", node.func, ERASED)
        case _:
            raise builder.error(f"`{ast.unparse(node.func)}` cannot be called", node.func, "call a function or a class")


def _unknown_intrinsic(name: str, node: ast.Call) -> tuple[str, ast.AST, str]:
    short = name.rpartition(".")[2]
    return f"`{short}` is no function of the dialect", node.func, CALLS.get(short, "see docs/reference/dialect.md")


def _class_method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute, owner: ClassDeclaration) -> Result:
    """`Class.method(...)`: a static method, or `Word.of`."""
    if isinstance(owner, WordClass) and function.attr == "of":
        return words.of(builder, node, owner)
    if isinstance(owner, RecordClass) and owner.parameters:
        kind = annotation.resolve(annotation.Context(builder.frame.scope, builder.frame.bindings), function.value)
        owner = class_of(kind) or owner
    declared = owner.functions.get(function.attr)
    if declared is None:
        raise builder.error(f"`{owner.short}` has no method `{function.attr}`", function, near(owner, function.attr))
    if "static" not in functions.traits(declared):
        hint = "make one first, or declare it `@staticmethod`"
        raise builder.error(f"`{function.attr}` is called on a {owner.short}, not on the class", function, hint)
    return call_function(builder, node, declared, node.args, node.keywords)


def _method(builder: FunctionBuilder, node: ast.Call, function: ast.Attribute) -> Result:
    """`value.method(...)`."""
    from exokernel.compiler.build import lists, texts

    base = builder.expression(function.value)
    if isinstance(base.type, types.List):
        return lists.method(builder, node, function)
    if isinstance(base.type, (types.Text, types.Octets)):
        return texts.method(builder, node, function, builder.materialise(base))
    receiver = builder.materialise(base)
    if isinstance(receiver.type, types.Word) and function.attr == "replace":
        return words.replace(builder, node, receiver)
    if isinstance(receiver.type, types.Word) and function.attr in ("joined", "without"):
        return words.joined(builder, node, receiver, function.attr == "without")
    owner = class_of(receiver.type)
    declared = owner.functions.get(function.attr) if owner is not None else None
    if declared is None:
        raise builder.error(f"`{receiver.type}` has no method `{function.attr}`", function, near(owner, function.attr))
    if "property" in functions.traits(declared):
        raise builder.error(f"`{function.attr}` is a property", function, "leave the parentheses out")
    return call_method(builder, node, receiver, declared, node.args, node.keywords)


def call_method(
    builder: FunctionBuilder,
    node: ast.expr,
    receiver: Value,
    function: FunctionDeclaration,
    arguments: list[ast.expr],
    keywords: list[ast.keyword],
) -> Value:
    """Call a method on a receiver already computed."""
    if "static" in functions.traits(function):
        return call_function(builder, node, function, arguments, keywords)
    return call_function(builder, node, function, arguments, keywords, present(builder, receiver))


def call_function(
    builder: FunctionBuilder,
    node: ast.expr,
    function: FunctionDeclaration,
    arguments: list[ast.expr],
    keywords: list[ast.keyword],
    receiver: Value | None = None,
) -> Value:
    """Call a function with arguments not yet computed."""
    traits = functions.traits(function)
    if function.yielding:
        raise builder.error("a generator is consumed by `for` or `with`, not called", node, f"`for item in {ast.unparse(node)}:`")
    if "means" in traits:
        raise builder.error(f"`{function.short}` exists only under CPython", node, ERASED)
    if "naked" in traits or "interrupt" in traits:
        raise builder.error("only the processor enters this function", node, "take its address")
    bindings: Mapping[str, Type] = {}
    if functions.is_generic(function):
        bindings = generics.infer(builder, node, function, arguments, keywords, receiver)
    instance = builder.program.instance(function, bindings)
    operands = arguments_of(builder, node, function, instance.signature, arguments, keywords, receiver)
    builder.at(node)
    return invoke(builder, instance, operands)


def arguments_of(
    builder: FunctionBuilder,
    node: ast.AST,
    function: FunctionDeclaration | InstructionDeclaration,
    signature: Signature,
    arguments: list[ast.expr],
    keywords: list[ast.keyword],
    receiver: Value | None = None,
) -> list[op.Operand]:
    """The arguments of a call in the order of the parameters, defaults filled in."""
    parameters = signature.parameters
    given: dict[str, op.Operand] = {}
    if receiver is not None:
        given[parameters[0].name] = builder.coerce(receiver, parameters[0].type, node)
    positional = [each for each in parameters if not each.keyword_only][len(given) :]
    if len(arguments) > len(positional):
        sentence = f"`{function.short}` takes {len(positional)} arguments by position, not {len(arguments)}"
        shape = [f"{each.name}: {each.type}" for each in parameters]
        if any(each.keyword_only for each in parameters):
            shape.insert(len(given) + len(positional), "*")
        raise builder.error(sentence, node, f"it is declared `{function.short}({', '.join(shape)})`")
    hazards = any(isinstance(each, ast.NamedExpr) for part in [*arguments, *keywords] for each in ast.walk(part))
    for parameter, each in zip(positional, arguments):
        given[parameter.name] = _argument(builder, each, parameter.type, f"`{parameter.name}` of `{function.short}`", hazards)
    by_name = {each.name: each for each in parameters}
    for keyword in keywords:
        if keyword.arg is None or keyword.arg not in by_name:
            raise builder.error(f"`{function.short}` has no parameter `{keyword.arg}`", keyword, "it takes " + ", ".join(by_name))
        if keyword.arg in given:
            raise builder.error(f"`{keyword.arg}` is given twice", keyword, "leave one of them out")
        what = f"`{keyword.arg}` of `{function.short}`"
        given[keyword.arg] = _argument(builder, keyword.value, by_name[keyword.arg].type, what, hazards)
    for parameter in parameters:
        if parameter.name not in given:
            given[parameter.name] = _default(builder, node, function, parameter.name, parameter.default, parameter.type)
    return [given[each.name] for each in parameters]


def _argument(builder: FunctionBuilder, node: ast.expr, kind: Type, what: str, hazards: bool) -> op.Operand:
    value = builder.value(node, kind)
    if hazards:
        value = builder.copy(value)
    return builder.coerce(value, kind, node, what)


def _default(
    builder: FunctionBuilder,
    node: ast.AST,
    function: FunctionDeclaration | InstructionDeclaration,
    name: str,
    default: ast.expr | None,
    kind: Type,
) -> op.Operand:
    if default is None:
        raise builder.error(f"`{function.short}` needs `{name}`", node, f"add `{name}=...`, a `{kind}`")
    known = constants.evaluate(function.scope, default)
    return builder.coerce(of_known(builder, known), kind, node, f"`{name}`")


def invoke(builder: FunctionBuilder, instance: Instance, operands: list[op.Operand]) -> Value:
    """Call an instance, and pass on the error it may raise."""
    result = instance.signature.result
    target = None if result in (types.NONE, types.NEVER) else builder.temporary(result)
    error = builder.temporary_of(ir.INT)
    site = op.Call(target, instance.name, tuple(operands), error)
    builder.emit(site)
    failed, went_well = builder.new_block("raised"), builder.new_block("called")
    builder.calls.append(CallSite(builder.block, site))
    test_error(builder, error, failed, went_well)
    builder.start(failed)
    builder.propagate(error, [Escape(instance.name)])
    builder.start(went_well)
    if result == types.NEVER:
        builder.end(op.Stop(op.Fault.UNREACHABLE))
    if target is None:
        return Value(result if result == types.NEVER else types.NONE, op.Constant(None, ir.NONE))
    return Value(result, target)


def test_error(builder: FunctionBuilder, error: op.Local, failed: op.Block, went_well: op.Block) -> None:
    """Branch by whether an error number is one."""
    raised = builder.temporary_of(ir.BOOL)
    builder.emit(op.Compare(raised, op.Relation.NOT_EQUAL, error, op.Constant(0, ir.INT)))
    builder.end(op.Branch(raised, failed.name, went_well.name))


def _instruct(builder: FunctionBuilder, node: ast.Call, found: InstructionDeclaration) -> Value:
    """Issue a declared instruction."""
    form = builder.program.instruction(found)
    signature = functions.signature(found, {})
    operands = arguments_of(builder, node, found, signature, node.args, node.keywords)
    target = None if signature.result in (types.NONE, types.NEVER) else builder.temporary(signature.result)
    builder.at(node)
    builder.emit(op.Instruct(target, form.name, tuple(operands)))
    if signature.result == types.NEVER:
        builder.end(op.Stop(op.Fault.UNREACHABLE))
    return Value(signature.result, target if target is not None else op.Constant(None, ir.NONE))

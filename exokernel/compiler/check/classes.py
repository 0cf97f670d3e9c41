"""Class statements: which kind each is, and its fields, members and numbers.

A class is a record, a word, an enumeration, flags, a named tuple or an exception, told by
its bases; anything else is refused here. Layout is made in `layout`.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exokernel.compiler.check import annotation, constants
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    ConstantDeclaration,
    EnumClass,
    ErrorClass,
    Field,
    FunctionDeclaration,
    Intrinsic,
    Known,
    RecordClass,
    TupleClass,
    WordClass,
)
from exokernel.compiler.check.types import Tuple, Type, holds_list, stored_name
from exokernel.compiler.ir import types as ir

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope

KINDS = "a class derives from Record, Word, Enumeration, Flags, NamedTuple or an exception"
AnyClass = RecordClass | WordClass | EnumClass | TupleClass | ErrorClass
FIRST_OWN_NUMBER = 4096  # of exceptions that declare none


def is_record(found: object) -> bool:
    return isinstance(found, RecordClass)


def declare(scope: Scope, name: str, node: ast.ClassDef) -> AnyClass:
    """Tell the kind of a class by its bases, and enter its functions."""
    made = _of_kind(scope, name, node)
    from exokernel.compiler.check.scopes import declare_function

    for statement in node.body:
        if isinstance(statement, ast.FunctionDef):
            function = declare_function(scope, f"{name}.{statement.name}", statement, made)
            if not isinstance(function, FunctionDeclaration):
                raise scope.error("an instruction is declared at module level", statement, "move it out of the class")
            made.functions[statement.name] = function
        elif isinstance(statement, ast.ClassDef):
            raise scope.error("a class within a class has no use here", statement, "declare it at module level")
    if node.decorator_list:
        raise scope.error("classes take no decorators", node.decorator_list[0], KINDS)
    return made


def _of_kind(scope: Scope, name: str, node: ast.ClassDef) -> AnyClass:
    bases = [scope.meaning(base) for base in node.bases]
    named = {base.name for base in bases if isinstance(base, Intrinsic)}
    parent = next((base for base in bases if isinstance(base, ErrorClass)), None)
    if {"dialect.Record", "dialect.Device", "dialect.Shared"} & named:
        device = "dialect.Device" in named or ("dialect.Shared" in named and not scope.world.kernel)
        return RecordClass(name, scope, node, device=device, parameters=_type_parameters(scope, node))
    if "dialect.Word" in named:
        return WordClass(name, scope, node, width=_keyword(scope, node, "width"))
    if "dialect.Enumeration" in named or "dialect.Flags" in named:
        flags = "dialect.Flags" in named
        return EnumClass(name, scope, node, width=_keyword(scope, node, "bits"), flags=flags)
    if "typing.NamedTuple" in named:
        return TupleClass(name, scope, node)
    if parent is not None or "builtins.Exception" in named:
        return _error_class(scope, name, node, parent)
    if any(isinstance(base, ClassDeclaration) for base in bases):
        raise scope.error("behaviour is not inherited in the dialect", node.bases[0], KINDS)
    raise scope.error(f"`{node.name}` is of no kind the dialect has", node, KINDS)


def _keyword(scope: Scope, node: ast.ClassDef, name: str) -> int:
    for keyword in node.keywords:
        if keyword.arg == name:
            return constants.integer(scope, keyword.value)
    return 64


def _type_parameters(scope: Scope, node: ast.ClassDef) -> tuple[str, ...]:
    for base in node.bases:
        if isinstance(base, ast.Subscript) and scope.meaning(base.value) == Intrinsic("typing.Generic"):
            items = base.slice.elts if isinstance(base.slice, ast.Tuple) else [base.slice]
            return tuple(item.id for item in items if isinstance(item, ast.Name))
    return ()


def _error_class(scope: Scope, name: str, node: ast.ClassDef, parent: ErrorClass | None) -> ErrorClass:
    made = ErrorClass(name, scope, node, base=parent)
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id="number")], value=value):
                made.number = constants.integer(scope, value)
            case ast.AnnAssign(target=ast.Name(id="number"), value=ast.expr() as value):
                made.number = constants.integer(scope, value)
    known = scope.world.error_classes
    if made.number == 0 and not (parent is None and node.body and _declares_number(node)):
        made.number = FIRST_OWN_NUMBER + len(known)
    for other in known.values():
        if other.number == made.number != 0:
            raise scope.error(
                f"`{node.name}` and `{other.short}` have the same number, {made.number}",
                node,
                "numbers tell exceptions apart once compiled; choose another",
            )
    known[name] = made
    if parent is not None:
        parent.children.append(made)
    return made


def _declares_number(node: ast.ClassDef) -> bool:
    return any(isinstance(each, ast.AnnAssign) for each in node.body)


def family(error: ErrorClass) -> list[ErrorClass]:
    """An exception class and all that derive from it."""
    found = [error]
    for child in error.children:
        found.extend(family(child))
    return found


def _annotated(declaration: ClassDeclaration) -> list[tuple[str, ast.AnnAssign]]:
    """The annotated names of a class body, class variables left out."""
    found = []
    for statement in declaration.syntax.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            note = statement.annotation
            head = note.value if isinstance(note, ast.Subscript) else note
            if declaration.scope.meaning(head) != Intrinsic("typing.ClassVar"):
                found.append((statement.target.id, statement))
    return found


def record_fields(record: RecordClass) -> dict[str, Field]:
    """The fields of a record, in order."""
    if record.fields is None:
        context, fields = annotation.Context(record.scope, record.bindings, record), dict[str, Field]()
        for name, node in _annotated(record):
            made = Field(name, annotation.resolve(context, node.annotation), node)
            if isinstance(node.value, ast.Call) and (
                record.scope.meaning(node.value.func) == Intrinsic("dialect.array")
            ):
                if len(node.value.args) != 1:
                    raise record.scope.error("an array needs its length", node.value, "write `array(n)`")
                made.length = constants.integer(record.scope, node.value.args[0], own_constants(record))
            else:
                made.default = node.value
            fields[name] = made
        record.fields = fields
    return record.fields


def require_fields(scope: Scope, record: RecordClass, call: ast.Call) -> None:
    """Refuse a record made without a field that has no default; arrays begin as zeros."""
    given = {each.arg for each in call.keywords}
    for name, field in record_fields(record).items():
        if field.default is None and field.length is None and name not in given:
            hint = f"give it, or a default to the class: `{ast.unparse(field.node)} = ...`"
            raise scope.error(f"`{record.short}` needs `{name}`", call, hint)


def own_constants(declared: ClassDeclaration) -> dict[str, Known]:
    """The class variables that the body of a class may use."""
    names = set()
    for statement in declared.syntax.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
                names.add(name)
    names -= {name for name, _ in _annotated(declared)}
    found = {name: class_constant(declared, name) for name in sorted(names)}
    return {name: constants.constant_value(each) for name, each in found.items() if each is not None}


def default_value(declared: ClassDeclaration, node: ast.expr) -> Known:
    """The value of a field's default."""
    return constants.evaluate(declared.scope, node, own_constants(declared))


def word_fields(word: WordClass) -> dict[str, Field]:
    """The bit fields of a word, checked not to overlap."""
    if word.fields is not None:
        return word.fields
    fields, taken = dict[str, Field](), 0
    context = annotation.Context(word.scope, {}, word)
    for name, node in _annotated(word):
        call = node.value
        maker = word.scope.meaning(call.func) if isinstance(call, ast.Call) else None
        count = {"dialect.bit": 1, "dialect.bits": 2}.get(maker.name) if isinstance(maker, Intrinsic) else None
        if not isinstance(call, ast.Call) or len(call.args) != count or call.keywords:
            hint = "say where its bits are: `present: bool = bit(0)`"
            raise word.scope.error("a field of a word is `bit(i)` or `bits(low, size)`", node, hint)
        numbers = [constants.integer(word.scope, each, own_constants(word)) for each in call.args]
        low, size = numbers[0], numbers[1] if len(numbers) > 1 else 1
        mask = ((1 << size) - 1) << low
        if mask & taken or mask >> word.width or low < 0:
            hint = "each bit belongs to one field"
            raise word.scope.error(f"field `{name}` overlaps another or leaves the {word.width} bits", node, hint)
        taken |= mask
        kind = annotation.resolve(context, node.annotation)
        fields[name] = Field(name, kind, node, low=low, size=size)
    word.fields = fields
    return fields


def enum_members(enum: EnumClass) -> dict[str, int]:
    """The members of an enumeration and their numbers."""
    if enum.members is not None:
        return enum.members
    enum.members = {}
    for statement in enum.syntax.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
            if isinstance(statement.value, ast.Call) and (
                enum.scope.meaning(statement.value.func) == Intrinsic("enum.auto")
            ):
                last = max(enum.members.values(), default=0)
                enum.members[name] = (1 << last.bit_length()) if enum.flags else last + 1
                continue
            local = {key: constants.known_enum(enum, value) for key, value in enum.members.items()}
            value = constants.integer(enum.scope, statement.value, local)
            if not 0 <= value < 1 << enum.width:
                hint = "give the class more `bits=`, or the member a smaller number"
                raise enum.scope.error(f"{value} does not fit the {enum.width} bits of `{enum.short}`", statement, hint)
            enum.members[name] = value
    return enum.members


def every_flag(enum: EnumClass) -> int:
    """All bits up to the highest that has a name."""
    return (1 << max(enum_members(enum).values(), default=0).bit_length()) - 1


def tuple_type(declared: TupleClass) -> Tuple:
    """The type of a NamedTuple, with its fields in order."""
    if declared.type is None:
        context = annotation.Context(declared.scope, {}, declared)
        declared.fields = {
            name: Field(name, annotation.resolve(context, node.annotation), node, default=node.value)
            for name, node in _annotated(declared)
        }
        for field in declared.fields.values():
            if holds_list(field.type):
                raise declared.scope.error("a tuple does not hold a list", field.node, "hold its items, or use an Array")
        declared.type = Tuple(tuple(each.type for each in declared.fields.values()), declared)
    return declared.type


def instance(generic: RecordClass, arguments: tuple[Type, ...]) -> RecordClass:
    """The record that a generic one is for these types."""
    if not generic.parameters:
        return generic
    made = generic.instances.get(arguments)
    if made is None:
        name = f"{generic.name}[{', '.join(map(stored_name, arguments))}]"
        made = RecordClass(
            name, generic.scope, generic.node, device=generic.device, generic=generic,
            bindings=dict(zip(generic.parameters, arguments)),
        )
        made.functions = {
            key: FunctionDeclaration(f"{name}.{key}", each.scope, each.node, made)
            for key, each in generic.functions.items()
        }
        generic.instances[arguments] = made
    return made


def class_constant(declared: ClassDeclaration, name: str) -> ConstantDeclaration | None:
    """A ClassVar of a class, as a constant."""
    if name not in declared.constants:
        for statement in declared.syntax.body:
            match statement:
                case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == name:
                    note = statement.annotation
                    inner = note.slice if isinstance(note, ast.Subscript) else None
                    declared.constants[name] = ConstantDeclaration(
                        f"{declared.name}.{name}", declared.scope, statement, value, inner
                    )
                case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                    declared.constants[name] = ConstantDeclaration(
                        f"{declared.name}.{name}", declared.scope, statement, value, None
                    )
    return declared.constants.get(name)


def layout(record: RecordClass) -> ir.Record:
    """The machine layout of a record: fields in order at natural alignment."""
    from exokernel.compiler.check.layout import lay_out

    if record.layout is None:
        if record.busy:
            hint = "a record lies in one piece: give each a number, and keep the number"
            raise record.scope.error(f"`{record.short}` would hold itself", record.node, hint)
        record.busy = True
        record.layout = lay_out(record)
    return record.layout

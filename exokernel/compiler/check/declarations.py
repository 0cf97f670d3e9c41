"""What a top-level name can stand for: classes, functions, constants, statics, instructions.

A declaration knows its syntax and its scope; whatever takes work to find out (fields,
signatures, values) is worked out by the sibling modules and remembered here.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Union

from exokernel.compiler.check.types import Tuple, Type
from exokernel.compiler.ir import types as ir
from exokernel.compiler.parse.modules import Module

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope


@dataclass(frozen=True)
class Known:
    """A value known at build time: an int, bool, str, bytes, None, raw bits, or a tuple of Knowns."""

    type: Type
    value: object

    def integer(self) -> int:
        assert isinstance(self.value, int)
        return int(self.value)

    def items(self) -> tuple[Known, ...]:
        assert isinstance(self.value, tuple)
        return self.value


@dataclass(eq=False)
class Declared:
    """Anything declared by a statement of a module."""

    name: str  # qualified
    scope: Scope
    node: ast.stmt

    @property
    def short(self) -> str:
        return self.name.rpartition(".")[2]


@dataclass(eq=False)
class Field:
    """A field of a record, word or named tuple, as written."""

    name: str
    type: Type
    node: ast.AnnAssign
    length: int | None = None  # of an array field
    default: ast.expr | None = None
    low: int = 0  # of a word's field
    size: int = 0


@dataclass(eq=False)
class ClassDeclaration(Declared):
    """A class of any kind, with the functions declared in it."""

    functions: dict[str, FunctionDeclaration] = field(default_factory=dict)
    constants: dict[str, ConstantDeclaration] = field(default_factory=dict)

    @property
    def syntax(self) -> ast.ClassDef:
        assert isinstance(self.node, ast.ClassDef)
        return self.node


@dataclass(eq=False)
class RecordClass(ClassDeclaration):
    """A record class, or one instance of a generic one. Its layout is made when first asked for."""

    device: bool = False
    parameters: tuple[str, ...] = ()  # type variables, of the generic class itself
    bindings: dict[str, Type] = field(default_factory=dict)  # of an instance
    generic: RecordClass | None = None
    instances: dict[tuple[Type, ...], RecordClass] = field(default_factory=dict)
    fields: dict[str, Field] | None = None
    layout: ir.Record | None = None
    busy: bool = False  # being laid out

    @property
    def short(self) -> str:
        head, bracket, rest = self.name.partition("[")
        return head.rpartition(".")[2] + bracket + rest


@dataclass(eq=False)
class WordClass(ClassDeclaration):
    width: int = 64
    fields: dict[str, Field] | None = None


@dataclass(eq=False)
class EnumClass(ClassDeclaration):
    width: int = 64
    flags: bool = False
    members: dict[str, int] | None = None


@dataclass(eq=False)
class TupleClass(ClassDeclaration):
    fields: dict[str, Field] | None = None
    type: Tuple | None = None


@dataclass(eq=False)
class ErrorClass(ClassDeclaration):
    base: ErrorClass | None = None
    number: int = 0
    children: list[ErrorClass] = field(default_factory=list)


@dataclass(eq=False)
class Parameter:
    name: str
    type: Type
    default: ast.expr | None
    keyword_only: bool = False


@dataclass(eq=False)
class Signature:
    parameters: list[Parameter]
    result: Type
    yields: Type | None = None  # of a generator or context manager


@dataclass(eq=False)
class FunctionDeclaration(Declared):
    """A function as written; `traits` are what its decorators make of it, with their arguments."""

    owner: ClassDeclaration | None = None
    traits: dict[str, tuple[Known, ...]] = field(default_factory=dict)
    traited: bool = False
    assigned: frozenset[str] | None = None  # names the body binds
    yielding: bool = False

    @property
    def syntax(self) -> ast.FunctionDef:
        assert isinstance(self.node, ast.FunctionDef)
        return self.node


@dataclass(eq=False)
class InstructionDeclaration(Declared):
    """A function under `@instruction`: its body is for CPython alone."""

    @property
    def syntax(self) -> ast.FunctionDef:
        assert isinstance(self.node, ast.FunctionDef)
        return self.node


@dataclass(eq=False)
class ConstantDeclaration(Declared):
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    known: Known | None = None
    busy: bool = False


@dataclass(eq=False)
class StaticDeclaration(Declared):
    value: ast.expr | None = None
    annotation: ast.expr | None = None
    type: Type | None = None
    storage: ir.Storage | None = None


@dataclass(eq=False)
class NameType(Declared):
    """A NewType, an alias of a type, or a type variable: something only annotations use."""

    value: ast.expr | None = None
    kind: str = "alias"  # alias, new, variable


@dataclass(frozen=True)
class Intrinsic:
    """A name the compiler knows without source: of the dialect, `typing`, or a built-in."""

    name: str  # qualified


@dataclass(frozen=True)
class Erased:
    """A name that exists only under CPython."""

    name: str


Declaration = Union[
    RecordClass,
    WordClass,
    EnumClass,
    TupleClass,
    ErrorClass,
    FunctionDeclaration,
    InstructionDeclaration,
    ConstantDeclaration,
    StaticDeclaration,
    NameType,
    Intrinsic,
    Erased,
    Module,
]

"""Which declaration a name stands for: module scopes, resolved when first asked.

Top-level statements are sorted by the names they declare; imports are followed from module
to module. Kinds of classes are told apart in `classes`; nothing is evaluated here.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from exokernel.compiler.check import classes, imports
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    ConstantDeclaration,
    Declaration,
    ErrorClass,
    FunctionDeclaration,
    InstructionDeclaration,
    Intrinsic,
    NameType,
    StaticDeclaration,
)
from exokernel.compiler.check.intrinsics import BUILTINS, COMPILED, home
from exokernel.compiler.diagnostics import CompileError, nearest
from exokernel.compiler.parse.modules import Loader, Module

ImportedName = tuple[ast.stmt, ast.alias]


@dataclass(eq=False)
class World:
    """All modules of one compilation."""

    loader: Loader
    kernel: bool = False  # not a program
    scopes: dict[str, Scope] = field(default_factory=dict)
    errors: list[CompileError] = field(default_factory=list)
    error_classes: dict[str, ErrorClass] = field(default_factory=dict)

    def scope(self, name: str) -> Scope | None:
        """The scope of a module, loaded if need be; None when no such module exists."""
        name = self.loader.canonical(name)
        if name not in self.scopes:
            module = self.loader.load(name)
            if module is None:
                return None
            scope = self.scopes[name] = Scope(self, module)
            scope.collect()
        return self.scopes[name]

    def import_everything(self, roots: list[str]) -> None:
        """Load the roots and all that they import, and check who imports whom."""
        pending, seen = list(roots), set[str]()
        while pending:
            name = self.loader.canonical(pending.pop())
            scope = self.scope(name) if name not in seen else None
            seen.add(name)
            if scope is not None:
                pending.extend(imports.follow(scope))


@dataclass(eq=False)
class Scope:
    """The names of one module."""

    world: World
    module: Module
    statements: dict[str, ast.stmt | ImportedName] = field(default_factory=dict)
    names: dict[str, Declaration] = field(default_factory=dict)
    expressions: list[ast.Expr] = field(default_factory=list)  # calls at module level
    assertions: list[ast.Assert] = field(default_factory=list)
    imported: list[ast.Import | ast.ImportFrom] = field(default_factory=list)
    _busy: set[str] = field(default_factory=set)

    def error(self, sentence: str, node: ast.AST, hint: str) -> CompileError:
        return CompileError(sentence, self.module.span(node), hint)

    def report(self, sentence: str, node: ast.AST, hint: str) -> None:
        self.world.errors.append(self.error(sentence, node, hint))

    def undeclared(self, node: ast.expr, local: Iterable[str] = ()) -> CompileError:
        """The refusal of a name that nothing declares, neither here nor among the `local` ones."""
        name = ast.unparse(node)
        hint = "declare it in this module, or import it"
        if home(name) is not None:
            hint = f"write `from {home(name)} import {name}` at the top"
        return self.error(f"`{name}` is not declared", node, nearest(name, [*local, *self.statements, *COMPILED], hint))

    def not_in_module(self, module: str, name: str, node: ast.AST) -> CompileError:
        """The refusal of a name that another module does not declare."""
        scope = self.world.scope(module)
        known = scope.statements if scope is not None else ()
        hint = nearest(name, known, f"it declares {', '.join(known) or 'nothing'}")
        return self.error(f"module `{module}` declares no `{name}`", node, hint)

    def collect(self) -> None:
        for statement in _statements(self.module.tree.body):
            try:
                self._collect(statement)
            except CompileError as error:
                self.world.errors.append(error)

    def _collect(self, statement: ast.stmt) -> None:
        match statement:
            case ast.Import(names=names):
                self.imported.append(statement)
                for alias in names:
                    self._enter(alias.asname or alias.name.partition(".")[0], (statement, alias), alias)
            case ast.ImportFrom(names=names):
                self.imported.append(statement)
                for alias in names:
                    self._enter(alias.asname or alias.name, (statement, alias), alias)
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                self._enter(name, statement, statement)
            case ast.Assign(targets=[ast.Name(id=name)]) | ast.AnnAssign(target=ast.Name(id=name)):
                if name not in ("__all__",):
                    self._enter(name, statement, statement)
            case ast.Assign(targets=[ast.Tuple(elts=targets)]) if all(isinstance(each, ast.Name) for each in targets):
                for target in targets:
                    assert isinstance(target, ast.Name)
                    self._enter(target.id, statement, target)
            case ast.Assert():
                self.assertions.append(statement)
            case ast.Expr(value=ast.Call()):
                self.expressions.append(statement)
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                pass
            case ast.AsyncFunctionDef():
                raise self.error("there is no async", statement, "write a generator or a loop")
            case _:
                raise self.error(
                    "a module only declares: this statement would have to run when it is imported",
                    statement,
                    "put it into a function",
                )

    def _enter(self, name: str, statement: ast.stmt | ImportedName, node: ast.AST) -> None:
        if name in self.statements:
            raise self.error(f"`{name}` is declared twice in this module", node, "globals are never rebound")
        self.statements[name] = statement

    def lookup(self, name: str) -> Declaration | None:
        """What a name of this module stands for; None when it is not declared."""
        found = self.names.get(name)
        if found is not None:
            return found
        statement = self.statements.get(name)
        if statement is None:
            return Intrinsic(f"builtins.{name}") if name in BUILTINS else None
        if name in self._busy:
            node = statement[1] if isinstance(statement, tuple) else statement
            raise self.error(f"`{name}` is declared by way of itself", node, "one of the two must come first")
        self._busy.add(name)
        try:
            found = self.names[name] = self._declare(name, statement)
        finally:
            self._busy.discard(name)
        return found

    def _declare(self, name: str, statement: ast.stmt | ImportedName) -> Declaration:
        if isinstance(statement, tuple):
            return imports.resolve(self, *statement)
        qualified = f"{self.module.name}.{name}"
        match statement:
            case ast.FunctionDef():
                return declare_function(self, qualified, statement, None)
            case ast.ClassDef():
                return classes.declare(self, qualified, statement)
            case ast.Assign(value=value, targets=[target]):
                if isinstance(target, ast.Tuple):
                    return self._unpacked(name, qualified, statement, target)
                return self._assigned(qualified, statement, value, None)
            case ast.AnnAssign(value=annotated, annotation=annotation) if annotated is not None:
                return self._assigned(qualified, statement, annotated, annotation)
        raise self.error(f"`{name}` is declared without a value", statement, "write one: `name: int = 0`")

    def _unpacked(self, name: str, qualified: str, statement: ast.Assign, target: ast.Tuple) -> Declaration:
        position = [each.id for each in target.elts if isinstance(each, ast.Name)].index(name)
        item = ast.Subscript(statement.value, ast.Constant(position), ast.Load())
        ast.fix_missing_locations(ast.copy_location(item, statement.value))
        return ConstantDeclaration(qualified, self, statement, item)

    def _assigned(
        self, qualified: str, statement: ast.stmt, value: ast.expr, annotation: ast.expr | None
    ) -> Declaration:
        """A constant, a static or a type, by what is on the right."""
        subscripted = isinstance(value, ast.Subscript) and annotation is None and self._is_type(value)
        if subscripted or _says_alias(self, annotation):
            return NameType(qualified, self, statement, value)
        if isinstance(value, ast.Name) and annotation is None:
            found = self.lookup(value.id)
            if found is not None and not isinstance(found, ConstantDeclaration):
                return found
        if isinstance(value, ast.Call):
            made = self.meaning(value.func)
            if isinstance(made, Intrinsic):
                if made.name == "typing.NewType":
                    return NameType(qualified, self, statement, value, "new")
                if made.name == "typing.TypeVar":
                    return NameType(qualified, self, statement, value, "variable")
                if made.name in ("dialect.array", "dialect.placed"):
                    return StaticDeclaration(qualified, self, statement, value, annotation)
            if classes.is_record(made):
                return StaticDeclaration(qualified, self, statement, value, annotation)
        return ConstantDeclaration(qualified, self, statement, value, annotation)

    def _is_type(self, value: ast.Subscript) -> bool:
        found = self.meaning(value.value)
        return isinstance(found, (ClassDeclaration, NameType)) or (
            isinstance(found, Intrinsic) and not found.name.startswith("builtins.__")
        )

    def meaning(self, node: ast.expr) -> Declaration | None:
        """What a dotted name stands for, without evaluating anything; None for anything else."""
        match node:
            case ast.Name(id=name):
                return self.lookup(name)
            case ast.Attribute(value=value, attr=name):
                found = self.meaning(value)
                return self.member(found, name) if isinstance(found, Module) else None
            case ast.Subscript(value=value):
                return self.meaning(value)
            case _:
                return None

    def member(self, module: Module, name: str) -> Declaration | None:
        """What `module.name` stands for."""
        scope = self.world.scope(module.name)
        if scope is not None and name in scope.statements:
            return scope.lookup(name)
        if self.world.loader.exists(f"{module.name}.{name}"):
            return self.world.loader.load(f"{module.name}.{name}")
        return None


def declare_function(
    scope: Scope, qualified: str, node: ast.FunctionDef, owner: ClassDeclaration | None
) -> FunctionDeclaration | InstructionDeclaration:
    """A function, or an instruction when it says so."""
    for decorator in node.decorator_list:
        if isinstance(decorator, ast.Call):
            if scope.meaning(decorator.func) == Intrinsic("dialect.instruction"):
                return InstructionDeclaration(qualified, scope, node)
    return FunctionDeclaration(qualified, scope, node, owner)


def _says_alias(scope: Scope, annotation: ast.expr | None) -> bool:
    return annotation is not None and scope.meaning(annotation) == Intrinsic("typing.TypeAlias")


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Top-level statements, with those under `if TYPE_CHECKING:` and without `if __name__`."""
    for statement in body:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield from _statements(statement.body)
            case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
                pass
            case _:
                yield statement

"""A whole program: which functions, statics, records and instructions it consists of.

Starts at the entry points and builds whatever they reach; then the rules about paths are
checked on the result.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from exokernel.compiler.build import bodies, gates, machine, statics, syntax
from exokernel.compiler.build.function import CallSite, FunctionBuilder
from exokernel.compiler.build.options import Options
from exokernel.compiler.build.values import Dispatch, Escape
from exokernel.compiler.check import classes, functions
from exokernel.compiler.check.declarations import (
    ClassDeclaration,
    ConstantDeclaration,
    ErrorClass,
    FunctionDeclaration,
    InstructionDeclaration,
    Intrinsic,
    Known,
    RecordClass,
    Signature,
    StaticDeclaration,
)
from exokernel.compiler.check.flow import check_functions
from exokernel.compiler.check.flow.driver import location_span
from exokernel.compiler.check.scopes import Scope, World
from exokernel.compiler.check.types import Array, Optional, Record, Tuple, Type, stored_name
from exokernel.compiler.diagnostics import CompileError, combined
from exokernel.compiler.ir import operations as op
from exokernel.compiler.parse.modules import Loader

DEEPEST = 10_000  # calls within calls: expressions of thousands of terms; CPython's own parser stays within its stack


@dataclass(eq=False)
class Instance:
    """A function for given types of its type variables, and what is known once it is built."""

    name: str
    declaration: FunctionDeclaration
    bindings: Mapping[str, Type]
    owner: ClassDeclaration | None
    signature: Signature
    function: op.Function
    escapes: list[Escape] = field(default_factory=list)
    calls: list[CallSite] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    falls_off: op.Stop | None = None
    built: bool = False
    failed: bool = False

    def adopt(self, builder: FunctionBuilder) -> None:
        """Keep what the rules about paths need to know of the builder."""
        self.escapes, self.calls, self.dispatches = builder.escapes, builder.calls, builder.dispatches
        self.falls_off = builder.falls_off


class ProgramBuilder:
    """Builds everything reachable."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.world = World(Loader(options.roots, options.substitutions, options.files), options.kind == "kernel")
        self.program = op.Program()
        self.instances: dict[str, Instance] = {}
        self.pending: list[Instance] = []
        self.current: FunctionBuilder | None = None

    def refuse(self, error: CompileError) -> None:
        self.world.errors.append(error)

    # What functions ask for

    def instance(self, function: FunctionDeclaration, bindings: Mapping[str, Type] | None = None) -> Instance:
        """The instance of a function for these types, to be built in its turn."""
        owner = function.owner
        given = dict(owner.bindings) if isinstance(owner, RecordClass) else {}
        given |= bindings or {}
        name = function.name
        own = [stored_name(each) for key, each in given.items() if bindings and key in bindings]
        if own:
            name += f"[{', '.join(own)}]"
        found = self.instances.get(name)
        if found is None:
            found = self.instances[name] = self._new_instance(name, function, given, owner)
            self.pending.append(found)
        return found

    def _new_instance(
        self, name: str, function: FunctionDeclaration, bindings: Mapping[str, Type], owner: ClassDeclaration | None
    ) -> Instance:
        functions.traits(function)
        signature = functions.signature(function, bindings, owner)
        for each in [signature.result, *(parameter.type for parameter in signature.parameters)]:
            self.note_type(each)
        made = bodies.shell(name, function, signature)
        return Instance(name, function, bindings, owner, signature, made)

    def synthetic(self, name: str, declaration: FunctionDeclaration, signature: Signature) -> Instance:
        """A function that stands nowhere in the source."""
        made = Instance(name, declaration, {}, None, signature, bodies.shell(name, declaration, signature))
        self.instances[name] = made
        made.built = True
        return made

    def table(self, declared: ConstantDeclaration, element: Type, known: Known) -> op.Place:
        """A constant tuple as constant memory."""
        made = statics.table(declared, element, known)
        self.program.statics.setdefault(made.name, made)
        return op.Place(op.Static(made.name), (), made.storage)

    def note_type(self, type: Type) -> None:
        """Enter the records that a type mentions."""
        match type:
            case Record(declaration):
                self.record(declaration)
            case Array(element):
                self.note_type(element)
            case Tuple(items):
                for each in items:
                    self.note_type(each)
            case Optional(record):
                self.note_type(record)
            case _:
                pass

    def record(self, declared: RecordClass) -> None:
        if declared.name in self.program.records:
            return
        self.program.records[declared.name] = classes.layout(declared)
        for each in classes.record_fields(declared).values():
            self.note_type(each.type)

    def static(self, declared: StaticDeclaration) -> op.Static:
        """A static, entered when first used."""
        if declared.name not in self.program.statics:
            self.program.statics[declared.name] = statics.variable(declared)
            self.note_type(statics.type_of(declared))
        return op.Static(declared.name)

    def instruction(self, declared: InstructionDeclaration) -> op.InstructionForm:
        """A machine instruction, entered when first used."""
        if declared.name not in self.program.instructions:
            self.program.instructions[declared.name] = machine.form(declared)
        return self.program.instructions[declared.name]

    def errors_of(self, declared: ErrorClass) -> list[int]:
        """The numbers of an exception class and of those that derive from it."""
        return [each.number for each in classes.family(declared) if each.number]

    # Building

    def build(self, roots: list[str]) -> op.Program:
        """The IR of the program that starts in these modules.

        Raises:
            CompileError: the program is refused; `render()` says why.
        """
        sys.setrecursionlimit(max(sys.getrecursionlimit(), DEEPEST))
        try:
            return self._build(roots)
        except (AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as failure:
            raise self._own_failure(failure) from failure

    def _own_failure(self, failure: Exception) -> CompileError:
        """What a user is told when the compiler itself fails: where it was, and that it is not their fault."""
        if self.world.errors:
            return combined(self.world.errors)
        location = self.current.location if self.current is not None else None
        span = location_span(self, location)
        if isinstance(failure, RecursionError):
            return CompileError("this is nested too deeply", span, "give its parts names")
        return CompileError("the compiler fails here", span, f"a fault of its own: {failure!r}")

    def _build(self, roots: list[str]) -> op.Program:
        self.world.import_everything([*roots, *([self.options.output] if self.options.output else [])])
        self._stop_on_errors()
        self._declare_everything()
        entries = [*self._entries(roots), *self._exported()]
        calls = gates.Interface()
        if self.options.kind == "kernel":
            calls = gates.interface(self._declared_functions([*self.world.scopes.values()]))
            entries += gates.kernel_gates(self, calls)
        self._check_whole_modules()
        self._drain()
        self._stop_on_errors()
        live = check_functions(self, entries)
        gates.check_complete(self, calls)
        self._stop_on_errors()
        self.program.functions = {name: self.instances[name].function for name in live}
        self.program.errors = {
            each.number: each.name for each in self.world.error_classes.values() if each.number
        }
        return self.program

    def _declare_everything(self) -> None:
        """Resolve every class (so that exceptions know their children), assembly and assertion."""
        for scope in list(self.world.scopes.values()):
            for name, statement in scope.statements.items():
                self._guarded(lambda: scope.lookup(name) if isinstance(statement, ast.ClassDef) else None)
            for expression in scope.expressions:
                self._guarded(lambda: machine.module_call(self, scope, expression))
            for assertion in scope.assertions:
                self._guarded(lambda: machine.module_assertion(scope, assertion))

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except CompileError as error:
            self.refuse(error)

    def _entries(self, roots: list[str]) -> list[Instance]:
        found = []
        for root in roots:
            scope = self.world.scope(root)
            if scope is None:
                raise CompileError(f"there is no module `{root}`", None, "name a file below the roots, with dots for slashes")
            for name in self.options.entries:
                if isinstance(scope.statements.get(name), ast.FunctionDef):
                    declared = scope.lookup(name)
                    if isinstance(declared, FunctionDeclaration):
                        found.append(self.instance(declared))
        return found

    def _exported(self) -> list[Instance]:
        """Functions that something outside the program calls by symbol."""
        found = []
        for declared in self._declared_functions(list(self.world.scopes.values())):
            if any(_is_exporting(declared, each) for each in declared.syntax.decorator_list):
                try:
                    found.append(self.instance(declared))
                except CompileError as error:
                    self.refuse(error)
        return found

    def _check_whole_modules(self) -> None:
        """Lay out every record and build every function of the modules that are checked whole, whether reached or not."""
        scopes = [scope for name in self.options.checked if (scope := self.world.scope(name)) is not None]
        for found in [found for scope in scopes for found in scope.names.values()]:
            if isinstance(found, RecordClass) and not found.parameters:
                self._guarded(partial(classes.layout, found))
        for declared in self._declared_functions(scopes):
            try:
                traits = functions.traits(declared)
                compiled = not declared.yielding and not {"system_call", "means"} & set(traits)
                if compiled and not functions.is_generic(declared):
                    self.instance(declared)
            except CompileError as error:
                self.refuse(error)

    def _declared_functions(self, scopes: list[Scope]) -> list[FunctionDeclaration]:
        found = []
        for scope in scopes:
            for name, statement in scope.statements.items():
                if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
                    try:
                        declared = scope.lookup(name)
                    except CompileError as error:
                        self.refuse(error)
                        continue
                    if isinstance(declared, FunctionDeclaration):
                        found.append(declared)
                    elif isinstance(declared, ClassDeclaration):
                        found.extend(declared.functions.values())
        return found

    def _drain(self) -> None:
        while self.pending:
            instance = self.pending.pop(0)
            try:
                bodies.build(self, instance)
            except CompileError as error:
                self.refuse(error)
                instance.failed = True
            instance.built = True

    def _stop_on_errors(self) -> None:
        if self.world.errors:
            raise combined(self.world.errors)


def _is_exporting(declared: FunctionDeclaration, decorator: ast.expr) -> bool:
    head = decorator.func if isinstance(decorator, ast.Call) else decorator
    found = declared.scope.meaning(head)
    return isinstance(found, Intrinsic) and found.name in ("dialect.exported", "dialect.interrupt", "dialect.naked")


def build_program(root_modules: list[str], options: Options) -> op.Program:
    """The IR of the program that starts in these modules.

    Raises:
        CompileError: the program is refused; `render()` says why.
    """
    return ProgramBuilder(options).build(root_modules)


__all__ = ["Options", "build_program", "syntax"]

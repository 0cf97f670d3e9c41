"""Import statements: what they name, and who may import whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from exokernel.compiler.check import intrinsics
from exokernel.compiler.check.declarations import Declaration, Erased, Intrinsic
from exokernel.compiler.diagnostics import CompileError, nearest

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope


def _erased(name: str) -> bool:
    return any(name == each or name.startswith(each + ".") for each in intrinsics.ERASED)


def resolve(scope: Scope, statement: ast.stmt, alias: ast.alias) -> Declaration:
    """The declaration an imported name stands for."""
    if isinstance(statement, ast.ImportFrom):
        return _resolve_from(scope, statement.module or "", alias)
    name = alias.name
    if _erased(name):
        return Erased(name)
    found = scope.world.loader.load(name if alias.asname else name.partition(".")[0])
    if found is None:
        raise _unknown(scope, name, alias)
    return found


def _resolve_from(scope: Scope, source: str, alias: ast.alias) -> Declaration:
    if _erased(source):
        return Erased(f"{source}.{alias.name}")
    if intrinsics.is_intrinsic_module(source):
        name = intrinsics.intrinsic(source, alias.name)
        if name is not None:
            return Intrinsic(name)
        if scope.module.trusted and source.startswith(intrinsics.DIALECT):
            return Erased(f"{source}.{alias.name}")
        raise _not_in_dialect(scope, source, alias)
    target = scope.world.scope(source)
    if target is not None and alias.name in target.statements:
        found = target.lookup(alias.name)
        assert found is not None
        return found
    module = scope.world.loader.load(f"{source}.{alias.name}")
    if module is not None:
        return module
    if target is None:
        raise _unknown(scope, source, alias)
    raise scope.not_in_module(source, alias.name, alias)


def _not_in_dialect(scope: Scope, source: str, alias: ast.alias) -> CompileError:
    hint = nearest(alias.name, intrinsics.MODULES.get(source, intrinsics.VALUES), "docs/reference/dialect.md tells what it has")
    return scope.error(f"the dialect knows no `{alias.name}` of `{source}`", alias, hint)


def _unknown(scope: Scope, name: str, node: ast.AST) -> CompileError:
    if name.partition(".")[0] in sys.stdlib_module_names:
        hint = "programs are compiled without the Python library; look for what you need in `exokernel.libos`"
    else:
        hint = "imports are absolute, from the root of the checkout or the program's own directory"
    return scope.error(f"there is no module `{name}` to compile", node, hint)


def follow(scope: Scope) -> Iterator[str]:
    """Check a module's imports and yield the modules it imports that have source."""
    for statement in scope.imported:
        if isinstance(statement, ast.ImportFrom):
            if statement.level:
                scope.report("imports are absolute in the dialect", statement, "name the module from its root")
                continue
            source = statement.module or ""
            for alias in statement.names:
                yield from _follow_from(scope, source, alias)
        else:
            for alias in statement.names:
                if intrinsics.is_intrinsic_module(alias.name):
                    scope.report("names of the dialect are imported one by one", alias, f"from {alias.name} import ...")
                elif _allowed(scope, alias.name, alias):
                    if not scope.world.loader.exists(alias.name):
                        scope.world.errors.append(_unknown(scope, alias.name, alias))
                    yield alias.name


def _follow_from(scope: Scope, source: str, alias: ast.alias) -> Iterator[str]:
    if alias.name == "*":
        scope.report("`import *` hides where names come from", alias, "import the names one by one")
        return
    if not _allowed(scope, source, alias):
        return
    if intrinsics.is_intrinsic_module(source):
        _check_unsafe(scope, alias)
        return
    try:
        scope.lookup(alias.asname or alias.name)
    except CompileError as error:
        scope.world.errors.append(error)
        return
    if scope.world.loader.exists(source):
        yield source
    if scope.world.loader.exists(f"{source}.{alias.name}"):
        yield f"{source}.{alias.name}"


def _allowed(scope: Scope, target: str, node: ast.AST) -> bool:
    """Report an import that crosses a border of the house. Erased modules are not followed."""
    module = scope.module
    target = scope.world.loader.canonical(target)
    if _erased(target):
        if not intrinsics.may_be_unsafe(module.name, module.trusted):
            hint = "programs import `exokernel.abi`, `exokernel.libos` and their own modules"
            scope.report(f"`{target}` exists only under CPython, and only machine code may name it", node, hint)
        return False
    if intrinsics.may_import(module.name, module.trusted, target):
        return True
    who = f"`{module.name}`" if module.trusted else "a program"
    scope.report(
        f"{who} may not import `{target}`",
        node,
        "kernel and libraries share only `exokernel.abi`"
        if module.trusted
        else "programs import `exokernel.abi`, `exokernel.libos` and their own modules",
    )
    return False


def _check_unsafe(scope: Scope, alias: ast.alias) -> None:
    if alias.name in intrinsics.UNSAFE:
        try:
            intrinsics.require_unsafe(scope, alias, alias.name)
        except CompileError as error:
            scope.world.errors.append(error)
    elif intrinsics.intrinsic(_source_of(scope, alias), alias.name) is None and not scope.module.trusted:
        scope.world.errors.append(_not_in_dialect(scope, _source_of(scope, alias), alias))


def _source_of(scope: Scope, alias: ast.alias) -> str:
    for statement in scope.imported:
        if isinstance(statement, ast.ImportFrom) and alias in statement.names:
            return statement.module or ""
    return ""

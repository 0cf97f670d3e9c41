"""What touches the machine directly: instructions, assembly, naked functions, system calls.

Whether a module may use these is checked where they are imported and where they are called.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from exokernel.compiler.check import constants, functions
from exokernel.compiler.check.declarations import FunctionDeclaration, InstructionDeclaration, Intrinsic
from exokernel.compiler.check.intrinsics import require_unsafe
from exokernel.compiler.check.scopes import Scope
from exokernel.compiler.check.types import lowered
from exokernel.compiler.ir import operations as op

if TYPE_CHECKING:
    from exokernel.compiler.build.program import ProgramBuilder


def form(declared: InstructionDeclaration) -> op.InstructionForm:
    """The declared form of an instruction."""
    scope = declared.scope
    require_unsafe(scope, declared.syntax, "instruction")
    signature = functions.signature(declared, {})
    call = next(
        each
        for each in declared.syntax.decorator_list
        if isinstance(each, ast.Call) and scope.meaning(each.func) == Intrinsic("dialect.instruction")
    )
    named = {
        each.arg: str(constants.evaluate(scope, each.value).value) for each in call.keywords if each.arg is not None
    }
    clobbers = tuple(each.strip() for each in named.pop("clobbers", "").split(",") if each.strip())
    result = named.pop("result", "")
    return op.InstructionForm(
        declared.name,
        str(constants.evaluate(scope, call.args[0]).value),
        [op.Local(each.name, lowered(each.type)) for each in signature.parameters],
        lowered(signature.result),
        named,
        result,
        clobbers,
    )


def naked_text(declaration: FunctionDeclaration) -> str:
    """The assembly that is the body of a naked function: its docstring, or the string it returns."""
    scope = declaration.scope
    require_unsafe(scope, declaration.syntax, "naked")
    for statement in declaration.syntax.body:
        if isinstance(statement, ast.Expr):
            value = statement.value
            if isinstance(value, ast.Call) and scope.meaning(value.func) == Intrinsic("dialect.assembly"):
                value = value.args[0]
            return str(constants.evaluate(scope, value).value)
    hint = "let its docstring be the assembly, or call `assembly(...)` in it"
    raise scope.error("a naked function is one string of assembly", declaration.syntax, hint)


def module_call(program: ProgramBuilder, scope: Scope, statement: ast.Expr) -> None:
    """A call at module level: assembly, and nothing else."""
    call = statement.value
    assert isinstance(call, ast.Call)
    if scope.meaning(call.func) == Intrinsic("dialect.assembly"):
        require_unsafe(scope, call, "assembly")
        program.program.assembly.append(str(constants.evaluate(scope, call.args[0]).value))
        return
    raise scope.error(
        "a module only declares: this call would have to run when it is imported", statement, "put it into a function"
    )


def module_assertion(scope: Scope, statement: ast.Assert) -> None:
    """An assertion at module level holds at build time or the build stops."""
    if constants.evaluate(scope, statement.test).value is not True:
        raise scope.error("this assertion about constants fails", statement, "one of the constants it names is not what was relied on")

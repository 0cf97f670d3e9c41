"""Which function builds which kind of syntax. The modules that build register themselves."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from exokernel.compiler.build.function import FunctionBuilder
    from exokernel.compiler.build.values import Result
    from exokernel.compiler.check.types import Type

Handler = TypeVar("Handler", bound=Callable[..., Any])

ExpressionHandler = Callable[["FunctionBuilder", Any, "Type | None"], "Result"]
StatementHandler = Callable[["FunctionBuilder", Any], None]
IntrinsicHandler = Callable[["FunctionBuilder", ast.Call, "Type | None"], "Result"]

EXPRESSIONS: dict[type[ast.expr], ExpressionHandler] = {}
STATEMENTS: dict[type[ast.stmt], StatementHandler] = {}
INTRINSICS: dict[str, IntrinsicHandler] = {}


def expression(*kinds: type[ast.expr]) -> Callable[[Handler], Handler]:
    """Register what builds these expressions."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            EXPRESSIONS[kind] = handler
        return handler

    return register


def statement(*kinds: type[ast.stmt]) -> Callable[[Handler], Handler]:
    """Register what builds these statements."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            STATEMENTS[kind] = handler
        return handler

    return register


def intrinsic(*names: str) -> Callable[[Handler], Handler]:
    """Register what builds calls of these intrinsics, by canonical name."""

    def register(handler: Handler) -> Handler:
        for name in names:
            INTRINSICS[name] = handler
        return handler

    return register

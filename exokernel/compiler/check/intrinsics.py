"""The names the compiler knows without reading source, and who may use the unsafe ones.

A name is canonical: `dialect.Record` wherever in the dialect it was imported from. What
each means is decided where it is used.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exokernel.compiler.check.scopes import Scope

DIALECT = "exokernel.dialect"

VALUES = frozenset(
    "Array Record Device Shared Word Enumeration Flags Width array bit bits u8 u16 u32 u64 i8 i16 i32 i64 "
    "wrapping_add wrapping_sub wrapping_multiply rotate_left unsigned_less unsigned_shift_right "
    "size_of offset_of inline never_inline cold syscall system_call admits Answer text_of".split()
)

UNSAFE = frozenset(
    "record_at array_at address_of entry_address symbol_address assembly naked interrupt exported "
    "section placed instruction dispatch bytes_at means".split()
)

MODULES = {
    "typing": frozenset(
        "Annotated ClassVar Final Generic Iterator Literal NamedTuple NewType NoReturn Never Optional "
        "Protocol Self TypeVar TYPE_CHECKING assert_never Callable Any cast overload TypeAlias".split()
    ),
    "collections.abc": frozenset("Iterator Iterable Sequence Callable".split()),
    "contextlib": frozenset({"contextmanager"}),
    "enum": frozenset({"auto"}),
    "__future__": frozenset({"annotations"}),
}

COMPILED = frozenset(  # of the built-in names, those that a program calls
    "int bool str bytes len range enumerate zip reversed min max abs sum any all print list tuple "
    "property staticmethod Exception ord".split()
)

BUILTINS = COMPILED | frozenset(
    "None True False classmethod super isinstance chr sorted divmod memoryview "
    "IndexError OverflowError ZeroDivisionError AssertionError ValueError KeyError TypeError LookupError "
    "ArithmeticError BaseException RuntimeError StopIteration NotImplementedError MemoryError OSError "
    "dict set frozenset float complex object type getattr setattr hasattr eval exec open input iter next map "
    "filter id hash repr format round pow callable globals locals vars dir bytearray slice delattr "
    "breakpoint __debug__ NotImplemented Ellipsis __name__ __file__ __doc__".split()
)

FAULTS = frozenset(
    "IndexError OverflowError ZeroDivisionError AssertionError ValueError KeyError TypeError LookupError "
    "ArithmeticError BaseException Exception RuntimeError StopIteration NotImplementedError MemoryError OSError".split()
)

ERASED = ("exokernel.model",)


def intrinsic(module: str, name: str) -> str | None:
    """The canonical name of an intrinsic, or None when that module has no such name."""
    if module == DIALECT or module.startswith(DIALECT + "."):
        return f"dialect.{name}" if name in VALUES or name in UNSAFE else None
    known = MODULES.get(module)
    if known is None or name not in known:
        return None
    return f"typing.{name}" if module == "collections.abc" else f"{module}.{name}"


def home(name: str) -> str | None:
    """The module from which a program imports the intrinsic of this name."""
    if name in VALUES:
        return DIALECT
    return next((module for module, names in reversed(MODULES.items()) if name in names), None)


def is_intrinsic_module(module: str) -> bool:
    return module in MODULES or module == DIALECT or module.startswith(DIALECT + ".")


def may_be_unsafe(module: str, trusted: bool) -> bool:
    """Whether this module may use addresses, instructions and assembly."""
    parts = module.split(".")
    if not trusted or parts[0] != "exokernel" or len(parts) < 2:
        return False
    if module == "exokernel.kernel.state":  # it says where the public tables lie
        return True
    return parts[1] in ("dialect", "abi") or (parts[1] in ("kernel", "libos") and "arch" in parts[2:])


def require_unsafe(scope: Scope, node: ast.AST, name: str) -> None:
    """Refuse an unsafe name outside the modules that may use it, however it got there."""
    module = scope.module
    if not may_be_unsafe(module.name, module.trusted):
        raise scope.error(
            f"`{name}` is unsafe and may not be used in `{module.name}`",
            node,
            "addresses, instructions and assembly belong to `dialect`, `abi`, `kernel/arch` and `libos/arch`",
        )


MAY_IMPORT = {  # package of the system -> packages it may import, besides itself and the dialect
    "abi": frozenset[str](),
    "kernel": frozenset({"abi"}),
    "libos": frozenset({"abi"}),
    "spec": frozenset({"abi", "kernel"}),  # it speaks of the kernel's tables
}
PROGRAM_MAY_IMPORT = frozenset({"abi", "libos", "dialect"})


def may_import(importer: str, trusted: bool, target: str) -> bool:
    """Whether a module may import another of the system's. Says nothing about other modules."""
    parts = target.split(".")
    if parts[0] != "exokernel" or len(parts) < 2:
        return True
    if not trusted:
        return parts[1] in PROGRAM_MAY_IMPORT
    package = importer.split(".")[1] if "." in importer else ""
    allowed = MAY_IMPORT.get(package)
    return allowed is None or parts[1] in allowed or parts[1] in (package, "dialect")

"""Run dialect modules under CPython with the dialect's arithmetic.

CPython's integers never overflow; the dialect's fault. Modules of the packages named to
`install` are imported with their `+ - * << >> // **` and unary minus wrapped in a test,
and with their arrays told what they are made of. Line numbers stay those of the source,
so a debugger and a traceback show what was written. This checks what an expression
means, not whether it is legal: refusing programs is the compiler's work.
"""

import ast
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from copy import copy
from types import CodeType, ModuleType
from typing import Any, cast

from exokernel.dialect.arithmetic import HELPERS

WRAPPED = {
    ast.Add: "in_range",
    ast.Sub: "in_range",
    ast.Mult: "in_range",
    ast.Pow: "in_range",
    ast.FloorDiv: "in_range",
    ast.LShift: "shift_left",
    ast.RShift: "shift_right",
}
CONSTANT = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)  # what literals' arithmetic consists of
STATICS = ("array", "placed")  # constructors that are told their element type


class _Rewriter(ast.NodeTransformer):
    """Give a module's tree the dialect's meaning. Works in place."""

    def __init__(self) -> None:
        self._in_function = 0
        self._in_class = 0
        self._temporaries = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        if any(_called_name(each) == "instruction" for each in node.decorator_list):
            return node  # its body is CPython's alone
        self._in_function += 1
        self.generic_visit(node)
        self._in_function -= 1
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.ClassDef:
        self._in_class += 1
        self.generic_visit(node)
        self._in_class -= 1
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        constant = all(isinstance(each, CONSTANT) for each in ast.walk(node))
        return node if constant or not self._in_function else _checked(node)  # constants are computed when the system is built

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        self.generic_visit(node)
        if not self._in_function or not isinstance(node.op, ast.USub):
            return node
        return node if isinstance(node.operand, ast.Constant) else _call("in_range", node)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if self._in_function and isinstance(node.func, ast.Name) and node.func.id in ("abs", "sum"):
            node.func, node.args = _name("dialect counted", node), [node.func, *node.args]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call) and _called_name(node.value) in STATICS:
            self._tell_elements(node.annotation, node.value)
        if node.value is not None and self._at_top and isinstance(node.target, ast.Name):
            node.value = _call("make_static", node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.Assign:
        self.generic_visit(node)
        if self._at_top and isinstance(node.targets[0], ast.Name):
            node.value = _call("make_static", node.value)
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        """Write `x += e` out as `x = x + e`, evaluating the place of `x` once."""
        self.generic_visit(node)
        if not self._in_function or type(node.op) not in WRAPPED:
            return node
        prepared: list[ast.stmt] = []
        target = self._evaluated_once(node.target, prepared)
        current = _reading(target)
        sum_ = _checked(_at(node, ast.BinOp(current, node.op, node.value)))
        return [*prepared, _at(node, ast.Assign([target], sum_))]

    @property
    def _at_top(self) -> bool:
        return not self._in_function and not self._in_class

    def _tell_elements(self, annotation: ast.expr, call: ast.Call) -> None:
        """Turn `x: Array[T] = array(n)` into `x: Array[T] = array(n, of=T)`."""
        told = any(keyword.arg == "of" for keyword in call.keywords)
        if told or not isinstance(annotation, ast.Subscript) or self._defines_field:
            return
        call.keywords.append(_at(call, ast.keyword("of", annotation.slice)))

    @property
    def _defines_field(self) -> bool:
        return self._in_class > 0 and not self._in_function

    def _evaluated_once(self, target: Any, prepared: list[ast.stmt]) -> Any:
        match target:
            case ast.Attribute():
                target.value = self._kept(target.value, prepared)
            case ast.Subscript():
                target.value = self._kept(target.value, prepared)
                target.slice = self._kept(target.slice, prepared)
        return target

    def _kept(self, expression: ast.expr, prepared: list[ast.stmt]) -> ast.expr:
        """Compute an expression into a temporary, unless repeating it is harmless."""
        if isinstance(expression, (ast.Name, ast.Constant)):
            return expression
        self._temporaries += 1
        name = f"temporary {self._temporaries}"  # no identifier has a space
        store = _at(expression, ast.Name(name, ast.Store()))
        prepared.append(_at(expression, ast.Assign([store], expression)))
        return _name(name, expression)


def _at(original: ast.AST, node: Any) -> Any:
    """Give a new node the position of the one it stands for."""
    return ast.copy_location(node, original)


def _name(name: str, original: ast.AST) -> ast.expr:
    return ast.copy_location(ast.Name(name, ast.Load()), original)


def _call(helper: str, *arguments: ast.expr) -> ast.expr:
    original = arguments[0]
    function = _name(f"dialect {helper}", original)
    return ast.copy_location(ast.Call(function, list(arguments), []), original)


def _checked(node: ast.BinOp) -> ast.expr:
    helper = WRAPPED.get(type(node.op))
    if helper is None:
        return node
    return _call(helper, node) if helper == "in_range" else _call(helper, node.left, node.right)


def _reading(target: Any) -> ast.expr:
    read = copy(target)
    read.ctx = ast.Load()
    return cast(ast.expr, read)


def _called_name(node: ast.expr) -> str:
    function = node.func if isinstance(node, ast.Call) else node
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def compile_checked(source: str | bytes, filename: str) -> CodeType:
    """Compile the text of a dialect module for CPython, with its faults."""
    tree = _Rewriter().visit(ast.parse(source, filename))
    return compile(ast.fix_missing_locations(tree), filename, "exec", dont_inherit=True)


def execute(source: str | bytes, filename: str, namespace: dict[str, Any]) -> None:
    """Run a dialect module in `namespace`, which becomes its globals."""
    namespace.setdefault("__name__", "__dialect__")
    namespace.update(HELPERS)
    exec(compile_checked(source, filename), namespace)


class CheckedLoader(importlib.machinery.SourceFileLoader):
    """Import one source file with the dialect's arithmetic; nothing is cached on disk."""

    def get_code(self, fullname: str) -> CodeType:
        path = self.get_filename(fullname)
        return compile_checked(self.get_data(path), path)

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__.update(HELPERS)
        super().exec_module(module)


class _Finder(importlib.abc.MetaPathFinder):
    """Send the modules of some packages through `CheckedLoader`."""

    def __init__(self) -> None:
        self.packages: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not any(fullname == each or fullname.startswith(f"{each}.") for each in self.packages):
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            spec.loader = CheckedLoader(spec.loader.name, spec.loader.path)
        return spec


_finder = _Finder()


def install(*packages: str) -> None:
    """From now on, import the modules of these packages as dialect modules."""
    _finder.packages.update(packages)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)

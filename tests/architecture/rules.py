"""The rules of the house that can be read off the source. Each gives the places that break it.

They take syntax trees and import nothing they check. `test_rules` shows that each one bites;
`test_architecture` applies them to the checkout.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import NamedTuple


class Source(NamedTuple):
    path: PurePath  # from the checkout's root
    text: str

    @property
    def tree(self) -> ast.Module:
        return parsed(self.text)

    def at(self, node: ast.AST, what: str) -> str:
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {what}"


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


# Who may import whom

MAY_IMPORT = {
    "dialect": {"dialect"},
    "abi": {"dialect", "abi"},
    "kernel": {"dialect", "abi", "kernel"},
    "libos": {"dialect", "abi", "libos"},
    "programs": {"dialect", "abi", "libos"},
    "model": {"dialect", "abi", "model"},
    "spec": {"dialect", "abi", "kernel", "spec"},
    "compiler": {"dialect", "compiler"},
    "prover": {"dialect", "abi", "compiler", "prover"},
    "host": {"dialect", "abi", "compiler", "prover", "model", "host"},
}
MEANINGS = ("instructions.py", "context.py", "interpreted.py", "misdeeds.py")  # of machine code, for CPython
UNSAFE = "exokernel.dialect.unsafe"
MAY_BE_UNSAFE = {"abi", "dialect", "model"}  # and every `arch` folder
EXCUSED = {"exokernel/kernel/state.py"}  # says where the public tables lie
TESTS = re.compile(r"(?<!python -m )\btests\.\w")  # a module of theirs, named in a text; not a command for people
STARTS_TESTS = {  # as processes of their own: states and stories of a kernel that runs are the tests' to make
    "exokernel/prover/counterexample.py",
    "exokernel/prover/mutants.py",
}


def part(path: PurePath) -> str:
    """The part of the house a file belongs to."""
    return path.parts[1] if path.parts[0] == "exokernel" and len(path.parts) > 2 else path.parts[0]


def imports(source: Source) -> Iterator[tuple[ast.AST, str]]:
    """Every module a file imports, by its full name, what is taken out of packages included."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((node, alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), level=0, names=names):
                yield from ((node, f"{module}.{alias.name}") for alias in names)
            case ast.ImportFrom():
                yield node, "."


def imported_part(module: str) -> str | None:
    words = module.split(".")
    if words[0] == "exokernel" and len(words) > 1:
        return words[1]
    return words[0] if words[0] in ("programs", "tests") else None


def forbidden_imports(source: Source) -> Iterator[str]:
    own = part(source.path)
    for node, module in imports(source):
        target = imported_part(module)
        if module == ".":
            yield source.at(node, "a relative import")
        elif target is None or own not in MAY_IMPORT or target in MAY_IMPORT[own]:
            continue
        elif target == "model" and is_machine_description(source.path):
            continue  # what an instruction means under CPython
        else:
            yield source.at(node, f"{own} imports {target}")


def tests_named(source: Source) -> Iterator[str]:
    """What no import shows: a module of the tests, started by its name or written into a program."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and TESTS.search(node.value):
            if str(source.path) not in STARTS_TESTS:
                yield source.at(node, "names a module of the tests")


def is_machine_description(path: PurePath) -> bool:
    return "arch" in path.parts and path.name in MEANINGS


def machines_named_outside_arch(source: Source) -> Iterator[str]:
    """The portable kernel sees `kernel.arch`, never one machine below it."""
    if part(source.path) == "kernel" and is_portable(source.path):
        for node, module in imports(source):
            if re.match(r"exokernel\.kernel\.arch\.(x86|riscv|arm)", module):
                yield source.at(node, f"imports {module}")


def unsafe_imports(source: Source) -> Iterator[str]:
    own = part(source.path)
    inside_arch = own in ("kernel", "libos") and not is_portable(source.path)
    if own not in MAY_BE_UNSAFE and not inside_arch and str(source.path) not in EXCUSED:
        for node, module in imports(source):
            if module.startswith(UNSAFE):
                yield source.at(node, f"imports {module}")


# Words

POLICY = {"process", "file", "directory", "path", "socket", "pipe", "inode", "signal", "thread"}
VAGUE_MODULES = {"utils", "util", "helpers", "helper", "common", "misc"}
NOT_OURS = re.compile(  # of how the house was built, not of the house; an instruction may still be issued
    r"\b(this|the|that|an?|next|last|previous|earlier|later)\s+(issue|session)s?\b|\bissue\s*#?\d|(?<!\w)/work\b",
    re.IGNORECASE,
)


def words_of(identifier: str) -> set[str]:
    """The words of snake_case and CamelCase, in the singular."""
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)
    lower = {word.lower() for word in words}
    return lower | {word.removesuffix("es") for word in lower} | {word.removesuffix("s") for word in lower}


def endless_loops(source: Source) -> Iterator[str]:
    """Loops that nothing counts."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.While):
            yield source.at(node, "nothing counts this loop")


def policy_words(source: Source) -> Iterator[str]:
    for node in ast.walk(source.tree):
        for field in ("id", "attr", "name", "arg", "asname"):
            identifier = getattr(node, field, None)
            if isinstance(identifier, str) and POLICY & words_of(identifier):
                yield source.at(node, f"'{identifier}' is a library's word")
    if POLICY & words_of(source.path.stem):
        yield source.at(source.tree, f"'{source.path.stem}' is a library's word")


def words_of_the_building_site(source: Source) -> Iterator[str]:
    for number, line in enumerate(source.text.splitlines(), 1):
        if found := NOT_OURS.search(line):
            yield f"{source.path}:{number}: says '{found.group()}'"


def vague_names(source: Source) -> Iterator[str]:
    if source.path.stem in VAGUE_MODULES:
        yield f"{source.path}: says nothing about what it holds"


# Form

LONGEST_FUNCTION, LONGEST_FILE = 50, 400  # lines, docstrings included


def is_portable(path: PurePath) -> bool:
    return part(path) in ("kernel", "libos") and "arch" not in path.parts


def shifts(source: Source) -> Iterator[str]:
    if is_portable(source.path):
        for node in ast.walk(source.tree):
            if isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, (ast.LShift, ast.RShift)):
                yield source.at(node, "a shift")


MASKING = (ast.BitAnd, ast.BitOr, ast.Invert)


def masks(source: Source) -> Iterator[str]:
    """Bits are combined where they have names: sets of rights are, and types may be `| None`."""
    if part(source.path) == "kernel" and is_portable(source.path):
        for node in ast.walk(source.tree):
            masking = isinstance(node, (ast.BinOp, ast.AugAssign, ast.UnaryOp)) and isinstance(node.op, MASKING)
            if masking and not {"Rights", "None"} & set(re.findall(r"\w+", ast.unparse(node))):
                yield source.at(node, "a mask")


def too_long(source: Source) -> Iterator[str]:
    lines = sum(1 for line in source.text.splitlines() if line.strip())
    if lines > LONGEST_FILE:
        yield f"{source.path}: {lines} lines"
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > LONGEST_FUNCTION:
                yield source.at(node, f"{node.name} has {length} lines")


def missing_docstrings(source: Source) -> Iterator[str]:
    if not ast.get_docstring(source.tree):
        yield f"{source.path}: no docstring"


# System calls


def decorated(source: Source, decorator: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef):
            for expression in node.decorator_list:
                called = expression.func if isinstance(expression, ast.Call) else expression
                if isinstance(called, ast.Name) and called.id == decorator:
                    yield node


def calls_without_contract(source: Source) -> Iterator[str]:
    """A declared call says where it comes from and, if it takes anything, what it raises."""
    for node in decorated(source, "system_call"):
        text = ast.get_docstring(node) or ""
        if node.args.args and "Raises:" not in text:
            yield source.at(node, f"{node.name}: no Raises:")
        if node.args.args and "Source:" not in text:
            yield source.at(node, f"{node.name}: no Source:")


def undeclared_calls(source: Source, declared: set[str]) -> Iterator[str]:
    """What the kernel implements stands in the one table, under the same name."""
    for node in decorated(source, "syscall"):
        if node.name not in declared:
            yield source.at(node, f"{node.name} is not in abi/calls.py")

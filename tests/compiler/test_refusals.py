"""Every sentence the compiler can refuse a program with stands in a case, and every refusal has a hint.

Sentences are found in the compiler's own syntax. One that is put together of parts is known by
its longest fixed part; those that no case can show are listed, each with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from exokernel.compiler.build.refusals import REFUSALS
from exokernel.compiler.check.flow.driver import HOLES
from tests.compiler.case_files import all_cases

COMPILER = Path(__file__).parents[2] / "exokernel" / "compiler"
SENTENCE_AT = {"error": (0, 1), "report": (0,), "refuse": (2,), "CompileError": (0,)}  # arguments, by what is called
FEWEST = 250  # sentences found: fewer, and the search has become blind

ELSEWHERE = {
    "` could not be given a value": "only follows from another refusal, and is then left out",
    "a call has at most six arguments": "calls are declared by `abi` alone, and none there has more",
    "the compiler fails here": "a fault of the compiler's own: test_diagnostics makes one",
    "this is nested too deeply": "takes a source of kilobytes: test_diagnostics writes one",
    " is no text": "takes a source that is no text: test_diagnostics writes one",
    " cannot be read: ": "takes a file that cannot be read: test_diagnostics makes one",
    "the kernel may not recurse: ": "found in the image: test_findings",
    "the kernel could need ": "found in the image: test_findings",
    "this program has no function `main`": "said of a program and its library: test_diagnostics",
    "`main` takes no arguments and returns an `int`": "said of a program and its library: test_diagnostics",
    "there is no module `": "also said of the roots of a build: test_diagnostics",
}


def fixed_part(node: ast.expr) -> str | None:
    """The longest part of a text that is always the same; None of anything but a literal."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return max((str(each.value) for each in parts if isinstance(each, ast.Constant)), key=len, default=None)
        case _:
            return None


def assigned(tree: ast.AST, name: str) -> Iterator[ast.expr]:
    """What a name is given in a module, also as one of several."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == name:
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                yield from (value for target, value in zip(targets, values) if ast.unparse(target) == name)


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).rpartition(".")[2], node


def sentences() -> dict[str, str]:
    """Where each sentence is said, by its longest fixed part."""
    found = {text: "refusals.py" for text, _ in REFUSALS.values()}
    found |= {max(text.split("{0}"), key=len): "driver.py" for text, _ in HOLES.values()}
    for path in sorted(COMPILER.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for name, call in calls(tree):
            for given in (call.args[at] for at in SENTENCE_AT.get(name, ()) if at < len(call.args)):
                for each in assigned(tree, "sentence") if ast.unparse(given) == "sentence" else [given]:
                    part = fixed_part(each)
                    if part is not None:
                        found.setdefault(part, f"{path.name}:{call.lineno}")
    return found


def refusals() -> list[str]:
    """The refusals that the cases expect, one a line."""
    lines = [line for case in all_cases() for line in case.expected.splitlines()]
    return [line for line in lines if line.partition(" | ")[0].isdigit() or line.startswith("- | ")]


def test_every_sentence_stands_in_a_case() -> None:
    said, known = "\n".join(refusals()), sentences()
    assert len(known) >= FEWEST
    missing = {part: where for part, where in known.items() if part not in said and part not in ELSEWHERE}
    assert not missing, "write a case for each"


def test_what_is_said_elsewhere_is_still_said() -> None:
    assert set(ELSEWHERE) <= set(sentences())


def test_every_refusal_in_a_case_has_a_hint() -> None:
    assert [line for line in refusals() if line.endswith(" | -")] == []


def test_every_refusal_is_given_a_hint() -> None:
    """Those raised by way of a scope or a builder must have one: their `hint` has no default."""
    bare = [
        f"{path.name}:{call.lineno}"
        for path in sorted(COMPILER.rglob("*.py"))
        for name, call in calls(ast.parse(path.read_text()))
        if name == "CompileError" and len(call.args) < 3
    ]
    assert bare == []

"""The reference page of the system calls, printed from their declarations.

`docs/reference/calls.md` is this text; a test compares them, and running this module writes
it. What a call means stands in `abi/calls.py`, and what of it is proved in `exokernel/spec/`.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from exokernel.abi import calls
from exokernel.dialect import declared_calls

ROOT = Path(__file__).resolve().parents[2]
CALLS = Path(calls.__file__)
NUMBERS = {declaration.__name__: number for number, declaration in declared_calls().items()}
ERRORS = ROOT / "exokernel" / "abi" / "errors.py"
PAGE = ROOT / "docs" / "reference" / "calls.md"
SPECIFICATION = ROOT / "exokernel" / "spec"
SPECIFIED = (
    "Below each call stands its specification, from `exokernel/spec/`, as it is proved: `NAME_error` is the error it\n"
    "raises, 0 for none; `NAME_frame` and the like are what the row of any thing is afterwards, in terms of the state\n"
    "before. A kind of row for which there is no function stays as it was, and so does whatever no row shows. The machine\n"
    "ends exactly when `NAME_ends` gives a status; `NAME_device_error` is what a device may say instead of 0.\n"
    "`NAME_may_learn_memory` and the like say which private cells the call may depend on: no others. What `spec/gates.py`\n"
    "says of registers comes first: each argument with a name type is one of its names, or the call raises BadName.\n"
)
SAID = r"_(ends|error|device_error|step|step_error|value|frame|word|slot|identity|account|conduct|slice|machine|may_learn_\w+)"
SECTION = re.compile(r"^# (?P<title>[A-Z][\w ,]+)$", re.M)


def page() -> str:
    """Return the whole page."""
    text = CALLS.read_text()
    tree = ast.parse(text)
    sections = [(text.count("\n", 0, match.start()) + 1, match["title"]) for match in SECTION.finditer(text)]
    parts = ["# System calls\n", (ast.get_docstring(tree) or "") + "\n", convention(), SPECIFIED, errors()]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            while sections and sections[0][0] < node.lineno:
                parts.append(f"## {sections.pop(0)[1]}\n")
            parts.append(entry(node))
    return "\n".join(parts)


def convention() -> str:
    return (
        "The number goes into RAX, arguments into RDI, RSI, RDX, R10, R8, R9; words travel as their bits. Back come the\n"
        "value in RAX and the error's number in RDX, 0 for none. RCX and R11 are the processor's, and the other registers\n"
        "that a C function may change come back zero.\n"
    )


def errors() -> str:
    """Return the table of errors."""
    rows = ["| error | number | meaning |", "|---|---:|---|"]
    for node in ast.parse(ERRORS.read_text()).body:
        if isinstance(node, ast.ClassDef) and node.name != "KernelError":
            rows.append(f"| `{node.name}` | {number_of(node)} | {ast.get_docstring(node)} |")
    return "## Errors\n\n" + "\n".join(rows) + "\n"


def number_of(node: ast.ClassDef) -> int:
    for statement in node.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            return int(str(statement.value.value))
    return 0


def entry(node: ast.FunctionDef) -> str:
    """Return the paragraph of one call."""
    parameters = ", ".join(f"{argument.arg}: {ast.unparse(argument.annotation or ast.Name('int'))}" for argument in node.args.args)
    result = ast.unparse(node.returns) if node.returns else "None"
    head = f"### {NUMBERS[node.name]} `{node.name}`\n\n`{node.name}({parameters}) -> {result}`\n"
    return f"{head}\n{contract(ast.get_docstring(node) or '')}\n{specification(node.name)}"


def specification(name: str) -> str:
    """Return what is proved of a call, folded, as its source; "" for one of which nothing is said."""
    said = "\n\n\n".join(text for function, text in specifying() if re.fullmatch(name + SAID, function))
    return f"\n<details><summary>Specification</summary>\n\n```python\n{said}\n```\n\n</details>\n" if said else ""


@cache
def specifying() -> list[tuple[str, str]]:
    """Every function of the specification, and its source."""
    found = []
    for path in sorted(SPECIFICATION.glob("*.py"), key=lambda path: (path.stem == "privacy", path)):  # what it does comes first
        text = path.read_text()
        functions = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef))
        found += [(node.name, ast.get_source_segment(text, node) or "") for node in functions]
    return found


def contract(docstring: str) -> str:
    """Return a docstring as Markdown: `Raises` becomes a list."""
    lines: list[str] = []
    for line in docstring.splitlines():
        if line.startswith("Raises:"):
            lines.append("Raises:\n")
        elif line.startswith("Source:"):
            lines.append(f"\n*Source: {line.removeprefix('Source: ')}*")
        elif line.startswith("        "):
            lines.append(f"  {line.strip()}")
        elif line.startswith("    "):
            name, _, meaning = line.strip().partition(": ")
            lines.append(f"- `{name}`: {meaning}")
        else:
            lines.append(line)
    return "\n".join(lines)


if __name__ == "__main__":
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page())

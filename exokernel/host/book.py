"""The book quotes the source by anchor; this keeps the quotations true.

A line `<!-- quote PATH NAME -->` stands before a fenced block that must equal the source of
NAME (a function, a class, `Class.method`, or an assignment) in PATH, docstring left out when
the marker ends in `, code`. Nothing here formats or publishes the book.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

MARKER = re.compile(r"^<!-- quote (?P<path>\S+) (?P<name>[\w.]+)(?P<code>, code)? -->\n```python\n(?P<text>.*?)^```$", re.M | re.S)


class StaleQuotation(NamedTuple):
    """A quotation that no longer says what the source says."""

    page: Path
    anchor: str
    reason: str


def stale_quotations(root: Path) -> list[StaleQuotation]:
    """Find every quotation in `docs/` that differs from the source it names."""
    stale = []
    for page in sorted((root / "docs").rglob("*.md")):
        for match in MARKER.finditer(page.read_text()):
            anchor = f"{match['path']} {match['name']}"
            try:
                source = quoted(root / match["path"], match["name"], bool(match["code"]))
            except (OSError, LookupError) as error:
                stale.append(StaleQuotation(page, anchor, str(error)))
                continue
            if source != match["text"]:
                stale.append(StaleQuotation(page, anchor, "the source has changed"))
    return stale


def refresh(root: Path) -> int:
    """Rewrite every quotation from the source; return how many pages changed.

    Raises:
        LookupError: an anchor names nothing.
    """
    changed = 0
    for page in sorted((root / "docs").rglob("*.md")):
        old = page.read_text()
        new = MARKER.sub(lambda match: _renewed(root, match), old)
        if new != old:
            page.write_text(new)
            changed += 1
    return changed


def _renewed(root: Path, match: re.Match[str]) -> str:
    source = quoted(root / match["path"], match["name"], bool(match["code"]))
    head = match[0][: match.start("text") - match.start()]
    return f"{head}{source}```"


def quoted(path: Path, name: str, code_only: bool = False) -> str:
    """Return the source of `name` in the file, dedented, ending in a newline.

    Raises:
        LookupError: the file defines no such name.
    """
    text = path.read_text()
    node: ast.AST = ast.parse(text)
    for part in name.split("."):
        node = _member(node, part, f"{path.name} defines no {name}")
    lines = text.splitlines(keepends=True)
    first, last = _extent(node)
    skipped = _docstring_lines(node) if code_only else range(0)
    kept = [line for number, line in enumerate(lines[first - 1 : last], first) if number not in skipped]
    return dedent("".join(kept))


def _member(node: ast.AST, name: str, complaint: str) -> ast.stmt:
    for child in getattr(node, "body", []):
        match child:
            case ast.FunctionDef(name=found) | ast.ClassDef(name=found) if found == name:
                return child
            case ast.AnnAssign(target=ast.Name(id=found)) | ast.Assign(targets=[ast.Name(id=found)]) if found == name:
                return child
    raise LookupError(complaint)


def _extent(node: ast.AST) -> tuple[int, int]:
    decorators = getattr(node, "decorator_list", [])
    first = min([getattr(node, "lineno"), *(decorator.lineno for decorator in decorators)])
    return first, getattr(node, "end_lineno")


def _docstring_lines(node: ast.AST) -> range:
    match node:
        case ast.FunctionDef(body=[ast.Expr(value=ast.Constant(value=str())) as text, *_]) | ast.ClassDef(
            body=[ast.Expr(value=ast.Constant(value=str())) as text, *_]
        ):
            return range(text.lineno, (text.end_lineno or text.lineno) + 1)
    return range(0)


if __name__ == "__main__":
    print(f"{refresh(Path(__file__).parents[2])} pages renewed")

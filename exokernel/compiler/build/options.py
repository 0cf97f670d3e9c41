"""What to build, and from where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Options:
    """`roots[0]` is the checkout that holds the system; the others, a program's own directory.

    `output` is the module that `print` writes with: `write_text(stream, text)`,
    `write_integer(stream, value, width, fill, base)`, `write_bytes(stream, bytes)`.
    `entries` are called from outside, besides whatever is `@exported`; all that the
    modules in `checked` declare is checked, and dropped again if nothing reaches it.
    A kernel that is only `proved`, and never runs, may call functions that recurse.
    """

    roots: tuple[Path, ...]
    kind: Literal["kernel", "program"] = "program"
    output: str = ""
    substitutions: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, Path] = field(default_factory=dict)
    entries: tuple[str, ...] = ("main",)
    checked: tuple[str, ...] = ()
    proved: bool = False

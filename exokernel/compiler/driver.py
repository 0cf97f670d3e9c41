"""The compiler's door: names of sources in, paths of ELF files out.

Looks into the cache first and loads the compiler only when something changed; a warm answer
takes a few milliseconds. What a program is compiled with (its library, the module that prints)
is `pipeline`'s business.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from exokernel.compiler import cache

Progress = Callable[[str], None]
OPTIMISED = 2
made: set[Path] = set()  # images that this process compiled


def silent(phase: str) -> None:
    """The progress nobody follows."""


def build_kernel(level: int = OPTIMISED, progress: Progress = silent) -> Path:
    """The kernel's ELF file.

    Raises:
        CompileError: the source is refused; `render()` says why.
    """
    return built("kernel", "", level, progress)


def build_program(
    source: str | os.PathLike[str], target: str = "exokernel", level: int = OPTIMISED, progress: Progress = silent
) -> Path:
    """The ELF file of a program, for `exokernel` or for `linux`.

    Raises:
        CompileError: the source is refused; `render()` says why.
    """
    return built(target, os.path.abspath(source), level, progress)


def built(target: str, source: str, level: int, progress: Progress) -> Path:
    request = f"{target} {level} {source}"
    found = cache.find(request)
    if found is not None:
        return found
    from exokernel.compiler import pipeline

    image, inputs = pipeline.compile_image(target, source, level, progress)
    cache.remember(request, image, inputs)
    made.add(image)
    return image


def report(image: Path) -> dict[str, Any]:
    """What is known about an image: `timings` (seconds by phase, of when it was made), `checks`
    (those that survive optimisation), `stack` (bytes, by entry) and `exceptions` (names, by number)."""
    found: dict[str, Any] = json.loads(image.with_suffix(".json").read_bytes())
    return found

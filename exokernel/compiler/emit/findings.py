"""What a build reports besides its image: surviving checks, and stack by entry.

A kernel whose deepest chain of calls could leave its stack is refused. Programs may recurse;
for them the bound is only told, where there is one.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.emit.stack import Depth, UnboundedStack, depths, frame_sizes
from exokernel.compiler.emit.survey import Survey, survey
from exokernel.compiler.link.layout import PAGE
from exokernel.compiler.link.linker import Image

ENTRY_RESERVE = 512  # bytes that the assembly around an entry may push, twice: a panic is an entry on an entry
PANIC = "kernel_panic"  # what an exception of the kernel's own enters


def findings(optimised: str, image: Image) -> dict[str, Any]:
    """The report of an image: `checks`, and `stack` by function that assembly can enter."""
    found = survey(optimised)
    checks = [asdict(check) | {"kind": check.kind.name} for check in found.checks]
    return {"checks": checks, "stack": stack_report(found, image)}


def stack_report(found: Survey, image: Image) -> dict[str, Any]:
    sizes = frame_sizes(image.section(".debug_frame"))
    by_name = {name: sizes[address] for name, address in image.functions().items() if address in sizes}
    try:
        known = depths(found.calls, by_name)
    except UnboundedStack as circle:
        return {"unbounded": str(circle)}
    return {name: asdict(known[name]) for name in sorted(known) if name in image.symbols}


def check_kernel_stack(report: dict[str, Any], image: Image) -> None:
    """Refuse a kernel that could leave its stack.

    Raises:
        CompileError: says by which chain of calls.
    """
    if "unbounded" in report["stack"]:
        raise CompileError(f"the kernel may not recurse: {report['stack']['unbounded']}", None, "write a loop")
    if "kernel_stack_top" not in image.symbols:
        return
    entries = {name: Depth(one["bytes"], one["path"]) for name, one in report["stack"].items()}
    deepest = max(entries.values(), key=lambda one: one.bytes)
    panic = entries[PANIC].bytes if PANIC in entries else 0
    needed = deepest.bytes + panic + ENTRY_RESERVE
    available = image.symbols["kernel_stack_top"] - image.symbols["kernel_stack_guard"] - PAGE
    report["stack needed"], report["stack available"] = needed, available
    if needed > available:
        chain = " -> ".join(deepest.path)
        sentence = f"the kernel could need {needed} bytes of its {available} bytes of stack: {chain}"
        raise CompileError(sentence, None, "keep large records and arrays at module level, or give it more stack")

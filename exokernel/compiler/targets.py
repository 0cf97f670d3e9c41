"""Where compiled code runs: the instruction set it may use, and how its image is laid out.

Vector registers are left alone everywhere: an environment that never touches them never pays
for saving them, and the kernel must not touch them at all. A target names no file and decides
no optimisation.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from exokernel.compiler.link.layout import KERNEL_LAYOUT, PROGRAM_LAYOUT, Layout
from exokernel.compiler.lower.module import Conventions

GENERAL_REGISTERS_ONLY = ",".join(
    ["-mmx,-sse,-sse2,-sse3,-ssse3,-sse4.1,-sse4.2,-avx,-avx2,-x87", "+soft-float"]
)


@dataclass(frozen=True)
class Target:
    name: str
    layout: Layout
    conventions: Conventions = field(default_factory=Conventions)
    triple: str = "x86_64-unknown-none-elf"
    processor: str = "x86-64"
    features: str = GENERAL_REGISTERS_ONLY
    code_model: str = "small"
    entry: str = "_start"
    unrolls: bool = True  # loops; their proof against the source needs a step for a step


KERNEL = Target(
    "kernel",
    KERNEL_LAYOUT,
    Conventions(alone=True, red_zone=False),
    code_model="kernel",
    entry="boot_entry",
    unrolls=False,
)
EXOKERNEL = Target("exokernel", PROGRAM_LAYOUT, Conventions(raise_sites=True))
LINUX = Target("linux", PROGRAM_LAYOUT, Conventions(raise_sites=True))
TARGETS = {target.name: target for target in (KERNEL, EXOKERNEL, LINUX)}

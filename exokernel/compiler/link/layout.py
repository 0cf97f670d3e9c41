"""Which sections make which segment, and where an image begins.

A segment starts on a page of its own and fills whole pages, so each page has one protection and
comes either from the file or from zeros. The linker defines `image_text`, `image_rodata`,
`image_data`, `image_bss` (where each begins), `image_end` and, behind what is loaded low,
`boot_end`; assembly and `symbol_address` may use them.
"""

from __future__ import annotations

from dataclasses import dataclass

from exokernel.compiler.link.elf import EXECUTE, WRITE, Section

PAGE = 4096
READABLE, WRITABLE, EXECUTABLE = 4, 2, 1  # segment flags


@dataclass(frozen=True)
class Segment:
    """Consecutive sections with one protection; `low` lies where it is loaded, not where the rest is linked."""

    name: str
    flags: int
    sections: tuple[str, ...]
    low: bool = False


@dataclass(frozen=True)
class Layout:
    start: int  # physical address for the kernel, virtual for a program
    base: int  # added to a physical address where the image is linked
    segments: tuple[Segment, ...]


TEXT = Segment("text", READABLE | EXECUTABLE, (".text",))
RODATA = Segment("rodata", READABLE, (".rodata",))
DATA = Segment("data", READABLE | WRITABLE, (".data", ".bss"))
BOOT = Segment("boot", READABLE | WRITABLE | EXECUTABLE, (".note", ".boot"), low=True)

KERNEL_LAYOUT = Layout(0x100000, -(2**31) % 2**64, (BOOT, TEXT, RODATA, DATA))
PROGRAM_LAYOUT = Layout(0x400000, 0, (TEXT, RODATA, DATA))


def native_layout(start: int) -> Layout:
    """A program elsewhere: beside others, in a process of the host."""
    return Layout(start, 0, (TEXT, RODATA, DATA))


def segment_of(section: Section, layout: Layout) -> Segment:
    """Where a section goes: by its name, otherwise by its flags."""
    for segment in layout.segments:
        if any(section.name == one or section.name.startswith(one + ".") for one in segment.sections):
            return segment
    wanted = "text" if section.flags & EXECUTE else "data" if section.flags & WRITE else "rodata"
    return next(one for one in layout.segments if one.name == wanted)

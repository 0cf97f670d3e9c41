"""Lines of each part against its ceiling, and the bytes of the image's sections.

A line counts when it holds code: no blank lines, no comments, no docstrings. The status is
1 when a part is above its ceiling.
"""

import ast
import io
import tokenize
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import NamedTuple

from exokernel.host.errors import Status, ToolError
from exokernel.host.provision import ROOT

CEILINGS = {  # lines of code
    "exokernel/dialect": 900,
    "exokernel/abi": 600,
    "exokernel/kernel": 4500,
    "exokernel/compiler": 11000,
    "exokernel/libos": 6000,
    "exokernel/libos/bare": 300,  # of which: ExOS is optional
    "exokernel/spec": 2000,
    "exokernel/prover": 6000,
    "programs": 2000,
    "exokernel/model": 1200,
    "exokernel/host": 2800,
}
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING}


class Part(NamedTuple):
    name: str
    files: int
    lines: int  # of code
    ceiling: int


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="the same in JSON")
    parser.add_argument("--lines", action="store_true", help="only the lines: compiles nothing")


def execute(options: Namespace) -> int:
    parts = [measure(name, ceiling) for name, ceiling in CEILINGS.items()]
    image = {} if options.lines else sections()
    if options.json:
        import json

        print(json.dumps({"parts": [part._asdict() for part in parts], "image": image}, indent=2))
    else:
        show(parts, image)
    return Status.FAILED if any(part.lines > part.ceiling for part in parts) else 0


def measure(name: str, ceiling: int) -> Part:
    paths = sorted((ROOT / name).rglob("*.py"))
    return Part(name, len(paths), sum(lines_of_code(path.read_text()) for path in paths), ceiling)


def lines_of_code(source: str) -> int:
    held: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in SILENT:
            held.update(range(token.start[0], token.end[0] + 1))
    return len(held - docstring_lines(source))


def docstring_lines(source: str) -> set[int]:
    found: set[int] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            match node.body:
                case [ast.Expr(value=ast.Constant(value=str())) as text, *_]:
                    found.update(range(text.lineno, (text.end_lineno or text.lineno) + 1))
    return found


def sections() -> dict[str, int]:
    """Bytes of each section of the kernel's ELF that the machine holds in memory."""
    from elftools.elf.constants import SH_FLAGS
    from elftools.elf.elffile import ELFFile

    from exokernel.host.programs import build_kernel

    path: Path = build_kernel()
    with open(path, "rb") as file:
        image = ELFFile(file)
        kept = [section for section in image.iter_sections() if section["sh_flags"] & SH_FLAGS.SHF_ALLOC]
        if not kept:
            raise ToolError(f"{path} has no sections")
        return {section.name: int(section["sh_size"]) for section in kept}


def show(parts: list[Part], image: dict[str, int]) -> None:
    print(f"{'part':22}{'files':>7}{'lines':>8}{'ceiling':>9}")
    for part in parts:
        mark = "  above its ceiling" if part.lines > part.ceiling else ""
        print(f"{part.name:22}{part.files:7}{part.lines:8,}{part.ceiling:9,}{mark}")
    whole = [part for part in parts if str(Path(part.name).parent) not in CEILINGS]
    print(f"{'all':22}{sum(part.files for part in whole):7}{sum(part.lines for part in whole):8,}")
    if image:
        print(f"\n{'kernel image':22}{'bytes':>15}")
        for name, size in image.items():
            print(f"{name:22}{size:15,}")

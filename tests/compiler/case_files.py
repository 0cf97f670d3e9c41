"""Case files: small programs with what the front end makes of them, as text.

A file holds cases, each begun by a line `### name`, perhaps followed by `(as MODULE)`, the
module name the source is given, by `(of the system)` when it is to be trusted like one of
ours, and by `(kernel)`. After a line `---` stands what is
expected: the IR of the source's own functions, or one line for each refusal,
`LINE | the source it points at | the sentence | the hint`. EXOK_WRITE_CASES=1 writes what
came out instead of comparing; read the difference before you commit it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.diagnostics import CompileError
from exokernel.compiler.ir import text
from exokernel.compiler.ir.verify import verify

ROOT = Path(__file__).parents[2]
CASES = Path(__file__).parent / "cases"
HEADER = re.compile(r"### (?P<name>.*?)(?: \(as (?P<module>[\w.]+)\))?(?: \(of the system\))?(?: \(kernel\))?\Z")


@dataclass(frozen=True)
class Case:
    file: Path
    title: str  # the header line
    source: str
    expected: str

    @property
    def module(self) -> str:
        found = HEADER.match(self.title)
        assert found is not None, self.title
        return found["module"] or "case"

    @property
    def is_kernel(self) -> bool:
        return "(kernel)" in self.title


def read_cases(file: Path) -> list[Case]:
    """All cases of a file, in order."""
    found = []
    for part in re.split(r"(?m)^(?=### )", file.read_text())[1:]:
        title, _, rest = part.partition("\n")
        source, _, expected = rest.partition("\n---\n")
        found.append(Case(file, title, source.strip("\n") + "\n", expected.strip("\n")))
    return found


def all_cases() -> list[Case]:
    return [case for file in sorted(CASES.glob("*.case")) for case in read_cases(file)]


def outcome(case: Case, folder: Path) -> str:
    """What the front end makes of a case, in the form the files have it."""
    path = folder.joinpath(*case.module.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(case.source)
    options = Options(
        roots=(ROOT, folder),
        kind="kernel" if case.is_kernel else "program",
        output="exokernel.libos.bare.output" if "print(" in case.source else "",
        checked=(case.module,),
    )
    builder = ProgramBuilder(options)
    try:
        module = builder.world.loader.load(case.module)
        assert module is not None
        module.trusted = "(of the system)" in case.title
        program = builder.build([case.module])
    except CompileError as error:
        return "\n".join(refusal(each, str(path.relative_to(folder))) for each in [error, *error.others])
    verify(program)
    own = [each for name, each in program.functions.items() if name.startswith(f"{case.module}.")]
    return "\n".join(text.function(each).strip("\n") for each in own)


def refusal(error: CompileError, file: str) -> str:
    """One refusal as a line; lines of files that are not the case's are not counted."""
    span, said = error.span, f"{error.sentence} | {error.hint or '-'}"
    if span is None:
        return f"- | - | {said}"
    return f"{span.line if span.file == file else '-'} | {span.text[span.column - 1 : span.end - 1]} | {said}"


def write_back(file: Path, folder: Path) -> None:
    """Replace the expectations of a file by what comes out."""
    parts = [
        f"{case.title}\n{case.source}---\n{outcome(case, folder / str(number))}\n"
        for number, case in enumerate(read_cases(file))
    ]
    file.write_text("\n".join(parts))


WRITING = os.environ.get("EXOK_WRITE_CASES") == "1"

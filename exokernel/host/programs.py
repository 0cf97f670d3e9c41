"""Find the programs a command names, and have them compiled.

The compiler's driver keeps what it made in a cache and answers with paths; nothing here
looks inside them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from exokernel.host.errors import Status, ToolError
from exokernel.host.progress import progress
from exokernel.host.provision import FULL, ROOT, cannot_keep

PROGRAMS = ROOT / "programs"


class Refused(ToolError):
    """The compiler refuses a program; what it says is complete as it stands."""

    def __init__(self, diagnostics: str) -> None:
        super().__init__(diagnostics, status=Status.CANNOT_LOAD)

    def render(self) -> str:
        return self.sentence


class Compiled(NamedTuple):
    kernel: Path | None  # ELF; none: it runs on Linux
    program: Path  # ELF
    source: Path
    others: tuple[tuple[str, Path], ...] = ()  # name and ELF

    @property
    def name(self) -> str:
        return self.source.stem


def locate(name: str) -> Path:
    """The source of a program: a file, or the name of one in `programs/`.

    Raises:
        ToolError: there is none.
    """
    if not name:
        raise ToolError("a program's name is missing", known_programs(), Status.NOT_FOUND)
    for path in (Path(name), PROGRAMS / name, PROGRAMS / f"{name}.py"):
        if path.is_file():
            return path
    if Path(name).is_dir():
        raise ToolError(f"'{name}' is a folder, not a program", status=Status.NOT_FOUND)
    raise ToolError(f"there is no program '{name}'", known_programs(), Status.NOT_FOUND)


def known_programs() -> str:
    known = ", ".join(sorted(path.stem for path in PROGRAMS.glob("*.py")))
    return f"name a file, or one of programs/: {known}" if known else ""


def compile_all(source: Path, others: Sequence[str] = (), quiet: bool = False, plain: bool = False) -> Compiled:
    """Compile the kernel, the program and those it takes along; `plain` leaves the program as it is written.

    Raises:
        Refused: the compiler says why.
        ToolError: there is no such program.
    """
    sources = [locate(name) for name in others]
    kernel = build_kernel(quiet)
    program = build_program(source, quiet=quiet, plain=plain)
    further = tuple((path.stem, build_program(path, quiet=quiet)) for path in sources)
    return Compiled(kernel, program, source, further)


def build_kernel(quiet: bool = False) -> Path:
    from exokernel.compiler import driver

    with building("the kernel", quiet):
        return driver.build_kernel()


def build_program(source: Path, target: str = "exokernel", quiet: bool = False, plain: bool = False) -> Path:
    from exokernel.compiler import driver

    with building(str(source), quiet):
        return driver.build_program(source, target, level=0) if plain else driver.build_program(source, target)


@contextmanager
def building(what: str, quiet: bool) -> Iterator[None]:
    """Show progress; a refusal of the compiler's becomes one of ours."""
    from exokernel.compiler.diagnostics import CompileError

    try:
        with progress(f"compiling {what}", quiet):
            yield
    except CompileError as error:
        raise Refused(error.render()) from error
    except OSError as error:
        if error.errno not in FULL:
            raise
        raise cannot_keep(error) from error

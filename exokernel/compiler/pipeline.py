"""All stages in order: from modules to an ELF file in the cache, with what each stage took.

Knows what the parts of the system are called: where the kernel begins, which library a program
gets, which module prints. The stages know none of that.
"""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import llvmlite

from exokernel.compiler import cache
from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.cache import ROOT
from exokernel.compiler.check.flow.driver import location_span
from exokernel.compiler.diagnostics import CompileError, Span
from exokernel.compiler.emit.findings import check_kernel_stack, findings
from exokernel.compiler.emit.machine_code import emit
from exokernel.compiler.ir.types import INT
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.link.linker import link_image
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.targets import KERNEL, TARGETS, Target

KERNEL_ROOT = "exokernel.kernel.arch.x86_64.start"
KERNEL_OUTPUT = "exokernel.kernel.console"
LIBRARIES = "exokernel.libos"
DEFAULT_LIBRARY = "exokernel.libos.exos"
ON_LINUX = "exokernel.libos.on_linux"
PROGRAM_MAIN = "program_main"  # the symbol a library calls
BACK_END = ("emit", "link", "targets.py", "pipeline.py")


@dataclass
class Timer:
    """Seconds by phase; tells whoever follows which phase begins."""

    progress: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    phase: str = ""

    def begin(self, phase: str) -> None:
        self.end()
        self.phase, self.started = phase, time.perf_counter()
        self.progress(phase)

    def end(self) -> None:
        if self.phase:
            self.seconds[self.phase] = time.perf_counter() - self.started
        self.phase = ""


@dataclass(frozen=True)
class Recipe:
    """What to compile: root modules and how the front end is to see them."""

    name: str
    roots: list[str]
    options: Options
    main: str = ""  # the function that `PROGRAM_MAIN` names


def compile_image(target: str, source: str, level: int, progress: Callable[[str], None]) -> tuple[Path, list[Path]]:
    """Compile the kernel or a program; the image's path, and every file that was read.

    Raises:
        CompileError: the source is refused.
    """
    recipe = kernel_recipe() if target == "kernel" else program_recipe(Path(source), target)
    timer = Timer(progress)
    timer.begin("check")
    builder = ProgramBuilder(recipe.options)
    program = builder.build(recipe.roots)
    add_main(builder, recipe)
    verify(program)
    timer.begin("lower")
    machine = TARGETS[target]
    text = lower_program(program, recipe.name, machine.conventions)
    timer.end()
    modules = [module.path for module in builder.world.loader.modules.values()]
    return image_of(text, recipe.name, machine, level, timer, program.errors), [*modules, *own_sources()]


def image_of(text: str, name: str, target: Target, level: int, timer: Timer, exceptions: Mapping[int, str]) -> Path:
    """The image of a module, from the cache if the same was compiled before."""
    key = cache.digest(text, target.name, str(level), json.dumps(exceptions), *(path.read_bytes() for path in own_sources(BACK_END)))
    image = cache.image_path(key, name)
    if image.exists():
        return image
    timer.begin("generate code")
    code = emit(text, target, level)
    timer.begin("link")
    linked = link_image(code.object, target.layout, target.entry)
    executable = linked.executable()
    timer.begin("survey")
    report = findings(code.optimised, linked)
    if target is KERNEL:
        check_kernel_stack(report, linked)
    timer.end()
    timer.seconds |= code.seconds
    report["exceptions"] = exceptions
    report["timings"] = {phase: round(seconds, 6) for phase, seconds in timer.seconds.items()}
    cache.write(image.with_suffix(".json"), json.dumps(report, indent=1).encode())
    cache.write(image, executable, mode=0o755)
    return image


def own_sources(parts: Iterable[str] = ("",)) -> list[Path]:
    """The compiler's own files, which are inputs like any other, and LLVM's version."""
    here = Path(__file__).parent
    found = [Path(llvmlite.__file__).with_name("_version.py")]
    for part in parts:
        path = here / part
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return found


# What the system consists of


def kernel_recipe() -> Recipe:
    options = Options(roots=(ROOT,), kind="kernel", output=KERNEL_OUTPUT, entries=())
    return Recipe("kernel", [KERNEL_ROOT], options)


def program_recipe(source: Path, target: str) -> Recipe:
    """The program with the library it imports; `exos` if it imports none."""
    resolved = source.resolve()
    inside = resolved.is_relative_to(ROOT)
    name = ".".join(resolved.relative_to(ROOT).with_suffix("").parts) if inside else source.stem
    library = library_of(source)
    substitutions = {}
    if target == "linux":
        substitutions[library] = ON_LINUX
        library = ON_LINUX
    options = Options(
        roots=(ROOT, resolved.parent),
        kind="program",
        output=f"{library}.output",
        substitutions=substitutions,
        files={name: source},
        checked=(name,),
    )
    return Recipe(source.stem, [name, f"{library}.start"], options, f"{name}.main")


def library_of(source: Path) -> str:
    """The library a program imports."""
    try:
        tree = ast.parse(source.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return DEFAULT_LIBRARY  # the front end says what is wrong
    for node in ast.walk(tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for name in names:
            parts = name.split(".")[:3]
            if name.startswith(LIBRARIES + ".") and (ROOT / Path(*parts) / "start.py").is_file():
                return ".".join(parts)
    return DEFAULT_LIBRARY


def add_main(builder: ProgramBuilder, recipe: Recipe) -> None:
    """Let the library's start code call the program's `main`."""
    scope = builder.world.scope(recipe.roots[0])
    if not recipe.main or scope is None:
        return
    main = builder.program.functions.get(recipe.main)
    hint = "the library calls it for the program's status: define `def main() -> int:`"
    if main is None:
        span = Span.at(scope.module.display, scope.module.lines, 1, 1)
        raise CompileError("this program has no function `main`", span, hint)
    if main.parameters or main.result != INT:
        raise CompileError("`main` takes no arguments and returns an `int`", location_span(builder, main.location, "main"), hint)
    main.attributes["gate"] = PROGRAM_MAIN

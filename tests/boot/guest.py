"""Programs of a few instructions for the first environment, and the machine that runs them.

Assembly reaches what the compiler never emits: privileged instructions, forged frames, bad
stacks. A program reports by the status it halts with. What the kernel's calls are called here
comes from `abi.calls`, so nothing below repeats a number.
"""

import io
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile
from llvmlite import binding as llvm

from exokernel.abi import calls  # noqa: F401  declares the calls
from exokernel.abi.layout import ENTRIES_1, ENVIRONMENT_PAGE, EXPOSED, FRAMES_OFFSET, IMAGE
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.tables import FrameKind, FrameState
from exokernel.abi.x86_64 import Vector
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.cache import ROOT
from exokernel.compiler.emit.machine_code import emit
from exokernel.compiler.link.linker import link
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.pipeline import kernel_recipe
from exokernel.compiler.targets import TARGETS
from exokernel.dialect import offset_of, size_of
from exokernel.dialect.calls import declared_calls
from exokernel.host.archive import Writer
from exokernel.host.machine import Machine, Streams
from tests.boot.debugger import Debugger

TARGET = TARGETS["exokernel"]
QEMU = "qemu-system-x86_64"
SECONDS = 180  # the longest any boot may take, on the busiest host

NUMBERS = {declaration.__name__: number for number, declaration in declared_calls().items()}

FREE_FRAME = f"""
# The next free frame, in RAX, searched from R12 on. RCX and R12 are lost.
free_frame:
    incq %r12
    imulq ${size_of(FrameState)}, %r12, %rcx
    movabsq ${EXPOSED + FRAMES_OFFSET}, %rax
    cmpb ${int(FrameKind.FREE)}, {offset_of(FrameState, "kind")}(%rax,%rcx)
    jne free_frame
    movq %r12, %rax
    ret
"""

# `ask NAME` makes a system call; `halt STATUS` ends the machine; `handle VECTOR, LABEL` registers
# a handler; `skip_to LABEL` within one resumes there. EAX, ECX, R11 are lost.
LIBRARY = (
    f".set page, {ENVIRONMENT_PAGE}\n.set entry_of_start, {(ENTRIES_1 + IMAGE // FRAME_SIZE * 8) % 2**64}\n.set stack_top, {ENVIRONMENT_PAGE + FRAME_SIZE}\n"
    + "".join(f".set call_{name}, {number}\n" for name, number in NUMBERS.items())
    + "".join(f".set {vector.name}, {int(vector)}\n" for vector in Vector)
    + """
.macro ask name
    movl $call_\\name, %eax
    syscall
.endm
.macro halt status
    movl \\status, %esi
    xorl %edi, %edi
    ask machine_halt
.endm
.macro say_ready                        # write a byte of the program's own first page
    movabsq $entry_of_start, %rax
    movq (%rax), %rdx
    shlq $12, %rdx
    shrq $24, %rdx
    xorl %edi, %edi
    xorl %esi, %esi
    xorl %r10d, %r10d
    movl $1, %r8d
    xorl %r9d, %r9d
    ask console_write
.endm
.macro handle vector, label
    movq $\\label, page + 8 * \\vector
.endm
.set step, 0
.macro must condition
    .set step, step + 1
    j\\condition 1f
    halt $step
1:
.endm
.text
.globl _start
_start:
"""
)


class Ending(NamedTuple):
    status: int  # of QEMU
    output: bytes
    error: bytes
    reports: list[str]

    @property
    def halted(self) -> int | None:
        """The status the guest halted with in good order, if it did."""
        word, _, number = self.reports[-1].partition(" ") if self.reports else ("", "", "")
        return int(number) if word == "exit" and self.status == 33 else None


def assemble(text: str) -> bytes:
    """The ELF of a program for an environment."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()
    lines = [line.replace("\\", "\\\\").replace('"', "\\22") for line in (LIBRARY + text).splitlines()]
    module = f'target triple = "{TARGET.triple}"\n' + "".join(f'module asm "{line}"\n' for line in lines)
    target = llvm.Target.from_triple(TARGET.triple).create_target_machine(reloc="static")
    return link(target.emit_object(llvm.parse_assembly(module)), TARGET.layout, TARGET.entry)


def symbols_of(image: bytes) -> dict[str, int]:
    """Where an ELF has what."""
    table: Any = ELFFile(io.BytesIO(image)).get_section_by_name(".symtab")
    return {symbol.name: symbol["st_value"] for symbol in table.iter_symbols()}


def archive_of(program: bytes) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream)
    writer.add("program", program)
    writer.close()
    return stream.getvalue()


def mutated_kernel(folder: Path, edits: Sequence[tuple[str, str, str]]) -> Path:
    """Compile the kernel with some of its text replaced (file, old, new): to show that a check or a report is needed."""
    copy_kernel(folder)
    for name, old, new in edits:
        path = folder / "exokernel/kernel" / name
        text = path.read_text()
        assert text.count(old) == 1, f"{name} does not have {old!r} once"
        path.write_text(text.replace(old, new))
    return compiled_kernel(folder)


def copy_kernel(folder: Path) -> None:
    """Copy the kernel's source, to be changed."""
    for part in ("abi", "kernel"):
        shutil.copytree(ROOT / "exokernel" / part, folder / "exokernel" / part)
    (folder / "exokernel/__init__.py").touch()


def compiled_kernel(folder: Path) -> Path:
    """Compile the kernel whose source is in a folder, into that folder."""
    recipe = kernel_recipe()
    target = TARGETS["kernel"]
    program = ProgramBuilder(replace(recipe.options, roots=(folder,))).build(recipe.roots)
    code = emit(lower_program(program, recipe.name, target.conventions), target)
    image = folder / "kernel.elf"
    image.write_bytes(link(code.object, target.layout, target.entry))
    return image


class Computer:
    """Boots one kernel; each run gets a fresh machine."""

    def __init__(self, kernel: Path, folder: Path) -> None:
        self.kernel = kernel
        self.folder = folder

    def run(self, text: str, **choices: Any) -> Ending:
        """Boot with a program of assembly, and see how it ends."""
        archive = self.folder / "archive"
        archive.write_bytes(archive_of(assemble(text)))
        return self.boot(archive, **choices)

    def boot(
        self,
        archive: Path | None,
        *,
        also: Sequence[str] = (),
        monitor: Sequence[str] = (),
        steer: Callable[[Debugger], None] | None = None,
        counted: bool = True,
        **choices: Any,
    ) -> Ending:
        """Boot with an archive.

        Time passes by instructions: a slice is ten million of them, however busy the host, unless `counted` is False.
        `also` are further words for QEMU; `monitor` goes to its monitor once there is output; with `steer` the machine
        stands still before its first instruction and is the debugger's, until that lets it go.
        """
        if steer is not None:
            choices["debugger"] = str(self.folder / "debugger")
        with ExitStack() as stack:
            files = [stack.enter_context((self.folder / name).open("w+b")) for name in Streams._fields]
            machine = Machine(str(self.kernel), None if archive is None else str(archive), counted=counted, **choices)
            command = machine.command(QEMU, Streams(*(file.fileno() for file in files)))
            process = stack.enter_context(
                subprocess.Popen(
                    [*command, *also, *(["-monitor", "stdio"] if monitor else [])],
                    pass_fds=[file.fileno() for file in files],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            )
            stack.callback(process.kill)
            if monitor:
                wait_for_output(self.folder / "output")
            if steer is not None:
                debugger = Debugger(self.folder / "debugger")
                stack.callback(debugger.close)
                steer(debugger)
            process.communicate("".join(f"{line}\n" for line in monitor).encode(), timeout=SECONDS)
            output, error, report = (file.seek(0) or file.read() for file in files)
        return Ending(process.returncode, output, error, report.decode().splitlines())


def wait_for_output(path: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while path.stat().st_size == 0 and time.monotonic() < deadline:
        time.sleep(0.01)

"""Programs of a few instructions for the first environment, and the machine that runs them.

Assembly reaches what the compiler never emits: privileged instructions, forged frames, bad
stacks. A program reports by the status it halts with. What the kernel's calls are called here
comes from `abi.calls`, so nothing below repeats a number.
"""

import io
import subprocess
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from llvmlite import binding as llvm

from exokernel.abi import calls  # noqa: F401  declares the calls
from exokernel.abi.layout import ENVIRONMENT_PAGE
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import Vector
from exokernel.compiler.link.linker import link
from exokernel.compiler.targets import TARGETS
from exokernel.dialect.calls import declared_calls
from exokernel.host.archive import Writer
from exokernel.host.machine import Machine, Streams

TARGET = TARGETS["exokernel"]
QEMU = "qemu-system-x86_64"
SECONDS = 20

NUMBERS = {declaration.__name__: number for number, declaration in declared_calls().items()}

# `ask NAME` makes a system call; `halt STATUS` ends the machine; `handle VECTOR, LABEL` registers
# a handler; `skip_to LABEL` within one resumes there. EAX, ECX, R11 are lost.
LIBRARY = (
    f".set page, {ENVIRONMENT_PAGE}\n.set stack_top, {ENVIRONMENT_PAGE + FRAME_SIZE}\n"
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


def archive_of(program: bytes) -> bytes:
    stream = io.BytesIO()
    writer = Writer(stream)
    writer.add("program", program)
    writer.close()
    return stream.getvalue()


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

    def boot(self, archive: Path | None, *, also: Sequence[str] = (), monitor: str = "", **choices: Any) -> Ending:
        """Boot with an archive; `also` are further words for QEMU, `monitor` goes to its monitor."""
        with ExitStack() as stack:
            files = [stack.enter_context((self.folder / name).open("w+b")) for name in Streams._fields]
            machine = Machine(str(self.kernel), None if archive is None else str(archive), **choices)
            command = machine.command(QEMU, Streams(*(file.fileno() for file in files)))
            done = subprocess.run(
                [*command, *also],
                pass_fds=[file.fileno() for file in files],
                input=monitor.encode(),
                capture_output=True,
                timeout=SECONDS,
            )
            output, error, report = (file.seek(0) or file.read() for file in files)
        return Ending(done.returncode, output, error, report.decode().splitlines())

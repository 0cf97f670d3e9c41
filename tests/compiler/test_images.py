"""Linked images: they run on Linux, carry DWARF that tools read, and depend on the source alone."""

from __future__ import annotations

import io
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from exokernel.compiler.emit.findings import findings
from exokernel.compiler.emit.machine_code import MachineCode, emit
from exokernel.compiler.emit.stack import UnboundedStack, depths
from exokernel.compiler.ir.reader import read_program
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.link.elf import LinkError
from exokernel.compiler.link.linker import Image, link_image
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.targets import KERNEL, LINUX, Target

START = """
.text
.globl _start
_start:
    callq triangle_of_seven
    movq t.counter, %rdi
    movl $60, %eax
    syscall
"""
SOURCE = """\
record t.Counter size 16 align 8:
  0 count: i64
  8 tag: word t.Tag:32
end
static @t.counter: t.Counter
static @t.start: i64 = "0700000000000000"
function t.triangle(%limit: int, %counter: ref t.Counter) -> int at "t.py":1:0:
  local %i: int
  local %total: int
  attribute never_inline ""
block entry:
  %total = 0                                      ; 2:4
  %i = 0                                          ; 3:4
  jump test                                       ; 3:4
block test:
  %0: bool = %i <= %limit                         ; 3:4
  branch %0, body, done                           ; 3:4
block body:
  %total = %total + %i                            ; 4:8
  store %counter->count: i64, %total              ; 21:4 in t.recorded
  %i = %i + 1                                     ; 3:4
  jump test                                       ; 3:4
block done:
  return %total                                   ; 5:4
end
function t.seven() -> int at "t.py":7:0:
  attribute exported "triangle_of_seven"
block entry:
  %0: ref t.Counter = refer @t.counter: t.Counter  ; 8:4
  %1: int = load @t.start: i64                     ; 8:4
  %2: int = call t.triangle(%1, %0)                ; 8:11
  return %2                                        ; 8:4
end
"""


def compiled(source: str, assembly: str, target: Target, level: int = 2) -> tuple[MachineCode, Image]:
    program = read_program(source)
    verify(program)
    program.assembly.append(assembly)
    code = emit(lower_program(program, "t", target.conventions), target, level)
    return code, link_image(code.object, target.layout, target.entry)


@pytest.fixture(scope="module")
def built() -> tuple[MachineCode, Image]:
    return compiled(SOURCE, START, LINUX)


def written(image: Image, path: Path) -> Path:
    path.write_bytes(image.executable())
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_image_runs_on_linux(built: tuple[MachineCode, Image], tmp_path: Path) -> None:
    executable = written(built[1], tmp_path / "t.elf")
    assert subprocess.run([executable], check=False, timeout=10).returncode == 28


def test_segments_fill_pages_and_have_one_protection(built: tuple[MachineCode, Image]) -> None:
    file = ELFFile(io.BytesIO(built[1].executable()))
    loads = [one.header for one in file.iter_segments("PT_LOAD")]
    assert [one.p_flags for one in loads] == [5, 6]
    for one in loads:
        assert one.p_vaddr % 4096 == one.p_offset % 4096 == one.p_filesz % 4096 == one.p_memsz % 4096 == 0
    assert loads[0].p_vaddr == 0x400000 and file.header.e_entry in range(0x400000, 0x401000)
    symbols = {one.name: one.entry.st_value for one in file.get_section_by_name(".symtab").iter_symbols()}
    assert symbols["image_text"] == 0x400000
    assert symbols["image_end"] == loads[-1].p_vaddr + loads[-1].p_memsz
    assert symbols["image_data"] <= symbols["image_bss"] <= symbols["image_end"]


def test_debug_information_names_functions_locals_and_types(built: tuple[MachineCode, Image]) -> None:
    file = ELFFile(io.BytesIO(built[1].executable()))
    information = file.get_dwarf_info()
    entries = [entry for unit in information.iter_CUs() for entry in unit.iter_DIEs()]
    named = {(entry.tag, entry.attributes["DW_AT_name"].value) for entry in entries if "DW_AT_name" in entry.attributes}
    assert ("DW_TAG_subprogram", b"triangle") in named
    assert {("DW_TAG_variable", one) for one in (b"i", b"total", b"counter")} <= named
    assert ("DW_TAG_formal_parameter", b"limit") in named
    assert ("DW_TAG_structure_type", b"Counter") in named and ("DW_TAG_typedef", b"Tag") in named
    assert any(entry.tag == "DW_TAG_inlined_subroutine" for entry in entries)
    lines = {
        state.state.line
        for unit in information.iter_CUs()
        for state in information.line_program_for_CU(unit).get_entries()
        if state.state is not None
    }
    assert {4, 8, 21} <= lines
    assert information.CFI_entries(), "unwinding from outside needs .debug_frame"


@pytest.mark.skipif(shutil.which("gdb") is None, reason="gdb is not installed")
@pytest.mark.parametrize("level", [0, 2])
def test_gdb_stops_on_python_lines_and_shows_values(level: int, tmp_path: Path) -> None:
    executable = written(compiled(SOURCE, START, LINUX, level)[1], tmp_path / "t.elf")
    commands = ["break t.py:5", "run", "print limit", "print total", "print counter->count", "bt"]
    arguments = [part for one in commands for part in ("-ex", one)]
    ran = subprocess.run(
        ["gdb", "-q", "-nx", "-batch", *arguments, executable], capture_output=True, text=True, timeout=60, check=False
    )
    if "ptrace" in ran.stderr or "Operation not permitted" in ran.stderr:
        pytest.skip("this machine does not let gdb trace")
    assert "t.triangle (limit=7" in ran.stdout and "at t.py:5" in ran.stdout, ran.stdout + ran.stderr
    assert "in t.seven () at t.py:8" in ran.stdout, ran.stdout
    if level == 0:
        assert "$2 = 28" in ran.stdout and "$3 = 28" in ran.stdout, ran.stdout + ran.stderr


@pytest.mark.skipif(shutil.which("ld.lld") is None, reason="lld is not installed")
def test_lld_links_the_same_object(built: tuple[MachineCode, Image], tmp_path: Path) -> None:
    (tmp_path / "t.o").write_bytes(built[0].object)
    subprocess.run(["ld.lld", "-static", "-o", "t.elf", "t.o"], cwd=tmp_path, check=True)
    assert subprocess.run([tmp_path / "t.elf"], check=False, timeout=10).returncode == 28


def test_undefined_symbols_and_a_missing_entry_are_refused() -> None:
    with pytest.raises(LinkError, match="nowhere"):
        compiled(SOURCE, START.replace("triangle_of_seven", "nowhere"), LINUX)
    with pytest.raises(LinkError, match="_start"):
        compiled(SOURCE, "", LINUX)


def test_surviving_checks_are_listed_with_their_lines(built: tuple[MachineCode, Image]) -> None:
    code, image = built
    report = findings(code.optimised, image)
    assert {(one["kind"], one["file"], one["line"]) for one in report["checks"]} == {
        ("OVERFLOW", "t.py", 4),
        ("OVERFLOW", "t.py", 3),
    }
    deepest = report["stack"]["triangle_of_seven"]
    assert tuple(deepest["path"]) == ("triangle_of_seven", "t.triangle") and 16 <= deepest["bytes"] <= 128


def test_recursion_has_no_bound() -> None:
    with pytest.raises(UnboundedStack, match="a -> b -> a"):
        depths({"a": {"b"}, "b": {"a"}}, {})


INTERRUPT = """\
record t.Frame size 40 align 8:
  0 instruction: word t.Raw:64
  8 segment: u64
  16 flags: u64
  24 stack: u64
  32 stack_segment: u64
end
function t.skip(%frame: ref t.Frame) -> none at "t.py":1:0:
  attribute never_inline ""
block entry:
  store %frame->stack: u64, 64 ; 2:0
  return ; 2:0
end
function t.trap(%frame: ref t.Frame, %error: int) -> none at "t.py":4:0:
  attribute interrupt ""
  attribute exported "trap"
block entry:
  %0: word t.Raw:64 = word_of 4096 ; 5:0
  store %frame->instruction: word t.Raw:64, %0 ; 5:0
  call t.skip(%frame) ; 6:0
  return ; 6:0
end
"""


def test_stores_to_an_interrupts_frame_survive() -> None:
    code, image = compiled(INTERRUPT, ".globl _start\n_start: callq trap", LINUX)
    assert "store volatile i64 4096" in code.optimised
    assert "i64 64, ptr" in code.optimised
    content = image.section(".text")
    start = image.functions()["trap"] - image.symbols["image_text"]
    assert b"\x48\xcf" in content[start : start + 200], "it leaves by iretq"


REPEAT = """
import sys
from pathlib import Path
from tests.compiler import test_images as this
sys.stdout.buffer.write(this.compiled(this.SOURCE, this.START, this.KERNEL if 0 else this.LINUX)[1].executable())
"""


def test_the_same_source_gives_the_same_bytes(built: tuple[MachineCode, Image], tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(root)}
        ran = subprocess.run(
            [sys.executable, "-c", REPEAT], cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        assert ran.stdout == built[1].executable()


def test_the_kernel_is_linked_high_and_loaded_low() -> None:
    assembly = """
    .section .note.pvh, "a", @note
    .long 4, 8, 18
    .asciz "Xen"
    .quad boot_entry
    .section .boot.text, "ax", @progbits
    .globl boot_entry
    boot_entry: movq $triangle_of_seven, %rax
    """
    _, image = compiled(SOURCE, assembly, KERNEL)
    file = ELFFile(io.BytesIO(image.executable()))
    boot, *rest = [one.header for one in file.iter_segments("PT_LOAD")]
    assert boot.p_vaddr == boot.p_paddr == 0x100000
    assert all(one.p_vaddr - one.p_paddr == 0xFFFFFFFF80000000 for one in rest)
    (note,) = [one.header for one in file.iter_segments("PT_NOTE")]
    assert note.p_align == 4 and image.symbols["boot_end"] <= 0x102000

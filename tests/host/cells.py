"""A small image with debug information: `main` calls `middle`, into which `get` is inlined,
where a check fails; `entry` is what a compiler makes of `main` for others to call."""

from pathlib import Path

from llvmlite import binding as llvm

from tests.host.assembly import TRIPLE

SOURCE = '''def get(index):
    return cells[index]  # line 2


def middle(index):
    first = get(index)  # line 6
    return first


def main():
    middle(9)  # line 11
'''

MODULE = f"""
target triple = "{TRIPLE}"

declare void @llvm.ubsantrap(i8 immarg) noreturn nounwind
declare i64 @other(i64)

define i64 @middle(i64 %index) nounwind noinline !dbg !10 {{
  %first = call i64 @other(i64 %index), !dbg !20
  %bad = icmp ugt i64 %index, 4, !dbg !22
  br i1 %bad, label %trap, label %fine, !dbg !22
trap:
  call void @llvm.ubsantrap(i8 1), !dbg !22
  unreachable, !dbg !22
fine:
  %sum = add i64 %first, %index, !dbg !22
  ret i64 %sum, !dbg !21
}}

define i64 @main() nounwind !dbg !12 {{
  %saved = call i64 @other(i64 1), !dbg !24
  %value = call i64 @middle(i64 9), !dbg !24
  %sum = add i64 %value, %saved, !dbg !24
  ret i64 %sum, !dbg !24
}}

define i64 @entry() nounwind !dbg !13 {{
  %value = call i64 @middle(i64 9), !dbg !25
  ret i64 %value, !dbg !26
}}

!llvm.dbg.cu = !{{!0}}
!llvm.module.flags = !{{!2, !3}}
!0 = distinct !DICompileUnit(language: DW_LANG_Python, file: !1, producer: "test", isOptimized: true, emissionKind: FullDebug)
!1 = !DIFile(filename: "cells.py", directory: "DIRECTORY")
!2 = !{{i32 2, !"Debug Info Version", i32 3}}
!3 = !{{i32 7, !"Dwarf Version", i32 VERSION}}
!4 = !DISubroutineType(types: !5)
!5 = !{{null}}
!10 = distinct !DISubprogram(name: "middle", linkageName: "cells.middle", scope: !1, file: !1, line: 5, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!11 = distinct !DISubprogram(name: "get", linkageName: "cells.get", scope: !1, file: !1, line: 1, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!12 = distinct !DISubprogram(name: "main", linkageName: "cells.main", scope: !1, file: !1, line: 10, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!13 = distinct !DISubprogram(name: "entry", linkageName: "entry", scope: !1, file: !1, line: 10, type: !4, unit: !0, spFlags: DISPFlagDefinition)
!20 = !DILocation(line: 6, column: 1, scope: !10)
!21 = !DILocation(line: 7, column: 1, scope: !10)
!22 = !DILocation(line: 2, column: 1, scope: !11, inlinedAt: !20)
!24 = !DILocation(line: 11, column: 1, scope: !12)
!25 = !DILocation(line: 11, column: 1, scope: !12, inlinedAt: !26)
!26 = !DILocation(line: 10, column: 1, scope: !13)
"""


def write_image(folder: Path, version: int) -> Path:
    """Write the source and an object file with its DWARF of that version."""
    (folder / "cells.py").write_text(SOURCE)
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    module = llvm.parse_assembly(MODULE.replace("VERSION", str(version)).replace("DIRECTORY", str(folder)))
    target = llvm.Target.from_triple(TRIPLE).create_target_machine(reloc="static", codemodel="small")
    path = folder / "cells.o"
    path.write_bytes(target.emit_object(module))
    return path

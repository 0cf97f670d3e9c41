"""Guests of a few instructions, assembled by LLVM: what the machine tests boot."""

import io
import struct

from elftools.elf.elffile import ELFFile
from llvmlite import binding as llvm

from tests.host.flat import flat_guest

TRIPLE = "x86_64-unknown-none-elf"

# `print` writes ecx bytes from esi to the port in dx; `stop` powers off. 32-bit, flat, no paging.
LIBRARY = """
print:
 jecxz 2f
1: outsb
 loop 1b
2: ret
stop:
 mov $16, %al
 outb %al, $0xf4
 hlt
"""
COM1, ERROR, REPORT = 0x3F8, 0xE9, 0xEA


def assemble(text: str) -> bytes:
    """The bytes of 32-bit instructions that refer to nothing outside themselves."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    llvm.initialize_native_asmparser()
    lines = [line.replace("\\", "\\\\").replace('"', "\\22") for line in [".code32", ".text", *text.splitlines()]]
    module = f'target triple = "{TRIPLE}"\n' + "".join(f'module asm "{line}"\n' for line in lines)
    target = llvm.Target.from_triple(TRIPLE).create_target_machine(reloc="static")
    image = target.emit_object(llvm.parse_assembly(module))
    section = ELFFile(io.BytesIO(image)).get_section_by_name(".text")
    return bytes(section.data())


def talking_guest(output: bytes = b"", error: bytes = b"", report: bytes = b"", then: str = "jmp stop") -> bytes:
    """A guest that writes each stream and then does what `then` says."""
    text = "call 1f\n1: pop %ebp\n add $data - 1b, %ebp\n mov %ebp, %esi\n cld\n"
    for port, data in ((COM1, output), (ERROR, error), (REPORT, report)):
        text += f" mov ${port}, %edx\n mov ${len(data)}, %ecx\n call print\n"
    text += f" {then}\n{LIBRARY}\ndata:\n"
    return flat_guest(prologue() + assemble(text) + output + error + report)


def echoing_guest() -> bytes:
    """A guest that writes its whole archive to the output, and its length to the report as an exit."""
    text = """
 mov 16(%ebx), %esi
 mov 8(%esi), %ecx
 mov (%esi), %esi
 cld
 mov $0x3f8, %edx
 call print
 call 1f
1: pop %esi
 add $data - 1b, %esi
 mov $0xea, %edx
 mov $7, %ecx
 call print
 jmp stop
"""
    return flat_guest(prologue() + assemble(text + LIBRARY + "\ndata:\n") + b"exit 3\n")


def prologue() -> bytes:
    """A stack below the image, and no interrupts."""
    return b"\xfa\xbc" + struct.pack("<I", 0x90000)

"""The smallest guest: bare instructions wrapped in an ELF that boots by PVH.

They start in 32-bit protected mode at `BASE`, paging off, `ebx` at the start information.
The tests boot such guests to try the command without a kernel. The kernel is linked by the
compiler, not here.
[Xen, PVH boot ABI; System V ABI, object files]
"""

import struct

BASE = 0x100000
FILE_OFFSET = 0x1000  # of the instructions in the ELF
ELF_HEADER, PROGRAM_HEADER = 64, 56  # bytes
LOAD, NOTE = 1, 4  # program header types
READ_WRITE_EXECUTE, READ = 7, 4
EXECUTABLE, X86_64 = 2, 62
PVH_ENTRY = 18  # the note's type: a physical address follows


def flat_guest(instructions: bytes) -> bytes:
    note = struct.pack("<III4sQ", 4, 8, PVH_ENTRY, b"Xen", BASE)
    note_at = ELF_HEADER + 2 * PROGRAM_HEADER
    identity = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", EXECUTABLE, X86_64, 1, BASE, ELF_HEADER, 0, 0, 64, PROGRAM_HEADER, 2, 0, 0, 0)
    size = len(instructions)
    load = struct.pack("<IIQQQQQQ", LOAD, READ_WRITE_EXECUTE, FILE_OFFSET, BASE, BASE, size, size, FILE_OFFSET)
    about = struct.pack("<IIQQQQQQ", NOTE, READ, note_at, 0, 0, len(note), len(note), 4)
    return (identity + header + load + about + note).ljust(FILE_OFFSET, b"\0") + instructions

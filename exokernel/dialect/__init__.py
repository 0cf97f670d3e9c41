"""The language kernel, libraries and programs are written in, as CPython sees it.

Values are `int`, `bool`, words, enumerations, flags and named tuples; places are
records and arrays. What belongs to the machine alone (addresses, instructions,
assembly) is in `exokernel.dialect.unsafe` and not re-exported here. Nothing in this
package is compiled: the compiler knows these names and gives them machine code.
"""

from exokernel.dialect.calls import admits, declared_calls, syscall, system_call
from exokernel.dialect.decorators import cold, inline, never_inline
from exokernel.dialect.enums import Enumeration, Flags
from exokernel.dialect.instruction import instruction
from exokernel.dialect.integers import (
    Width,
    i8,
    i16,
    i32,
    i64,
    rotate_left,
    u8,
    u16,
    u32,
    u64,
    unsigned_less,
    unsigned_shift_right,
    wrapping_add,
    wrapping_multiply,
    wrapping_sub,
)
from exokernel.dialect.records import Array, Record, array, offset_of, size_of
from exokernel.dialect.text import text_of
from exokernel.dialect.words import Word, bit, bits

__all__ = [
    "admits",
    "declared_calls",
    "Array",
    "Enumeration",
    "Flags",
    "Record",
    "Width",
    "Word",
    "array",
    "bit",
    "bits",
    "cold",
    "i8",
    "i16",
    "i32",
    "i64",
    "inline",
    "instruction",
    "never_inline",
    "offset_of",
    "rotate_left",
    "size_of",
    "syscall",
    "system_call",
    "text_of",
    "u8",
    "u16",
    "u32",
    "u64",
    "unsigned_less",
    "unsigned_shift_right",
    "wrapping_add",
    "wrapping_multiply",
    "wrapping_sub",
]

"""What a program needs to measure the kernel from above: a clock, handlers that do next to nothing.

It stands beside a library, not in place of one: memory and processes are that library's.
What is measured, and how often, is the program's.
"""

from exokernel.libos.arch.x86_64.instructions import time_stamp
from exokernel.libos.measuring.arch.handlers import (
    Region,
    nothing,
    region,
    restore_page_faults,
    skip_invalid_opcodes,
    swap_on_page_faults,
    undefined_instruction,
)

__all__ = [
    "Region",
    "nothing",
    "region",
    "restore_page_faults",
    "skip_invalid_opcodes",
    "swap_on_page_faults",
    "time_stamp",
    "undefined_instruction",
]

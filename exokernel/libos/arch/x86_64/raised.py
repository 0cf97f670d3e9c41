"""Where an exception was raised last, for the report of one that nothing catches.

Every `raise` of a compiled program notes it here. What the exception has unwound still lies
below the stack pointer then, so the host can follow the whole way. Under CPython nothing is
noted: there, tracebacks are Python's own.
"""

from exokernel.dialect import Record
from exokernel.dialect.unsafe import assembly, record_at, symbol_address

assembly("""
.bss
.p2align 3
.globl raised
raised: .skip 16
.text
""")


class RaiseSite(Record):
    """Written by the code the compiler makes of `raise`."""

    instruction: int
    stack: int


def raise_site() -> RaiseSite:
    return record_at(RaiseSite, symbol_address("raised"))

"""All that the portable kernel may ask of the machine.

Frames, page tables, and where the processor goes when the kernel is left. Everything here
returns but for `panic` and `power_off`: `begin` and `idle` only note what happens when the
call or interrupt being served is over, so that a call is a change of state and nothing else.
Only x86-64 stands behind it so far.
"""

from exokernel.kernel.arch.x86_64.departure import idle
from exokernel.kernel.arch.x86_64.floating_point import forget as forget_registers
from exokernel.kernel.arch.x86_64.paging import (
    bytes_in,
    clear,
    copy,
    entries,
    forget,
    forget_all,
    map_request,
    share_kernel_half,
    store,
)
from exokernel.kernel.arch.x86_64.panic import panic
from exokernel.kernel.arch.x86_64.running import begin, environment_page, is_entry
from exokernel.kernel.drivers.power import power_off

__all__ = [
    "begin",
    "bytes_in",
    "clear",
    "copy",
    "entries",
    "environment_page",
    "forget",
    "forget_all",
    "forget_registers",
    "idle",
    "is_entry",
    "map_request",
    "panic",
    "power_off",
    "share_kernel_half",
    "store",
]

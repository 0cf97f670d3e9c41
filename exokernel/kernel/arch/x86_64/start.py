"""Where assembly and the portable kernel meet: the one module that knows both.

The kernel is built from here. Importing is all it takes to have the assembly, the traps and
the gates of the calls, since only symbols lead to them; `boot`'s assembly calls `kernel_main`.
"""

from typing import NoReturn

from exokernel.abi import calls
from exokernel.dialect.unsafe import exported
from exokernel.kernel import gate, main
from exokernel.kernel.arch.x86_64 import boot, entry, traps, vectors
from exokernel.kernel.arch.x86_64.instructions import depart

PARTS = (calls, gate, boot, entry, traps, vectors)  # reached by symbol only


@exported("kernel_main")
def kernel_main(start_info: int) -> NoReturn:
    """Boot, and leave the kernel for the first time."""
    main.boot(start_info)
    depart()

"""Where assembly and the portable kernel meet: the one module that knows both.

The kernel is built from here: this module imports the traps, which import the portable kernel,
and the boot sequence. `boot`'s assembly calls `kernel_main` on the kernel's stack.
"""

from typing import NoReturn

from exokernel.abi import calls
from exokernel.dialect.unsafe import exported
from exokernel.kernel import main
from exokernel.kernel.arch.x86_64 import boot, entry, traps, vectors
from exokernel.kernel.arch.x86_64.instructions import depart

PARTS = (boot, calls, entry, traps, vectors)  # reached by symbol only


@exported("kernel_main")
def kernel_main(start_info: int) -> NoReturn:
    """Boot, and leave the kernel for the first time."""
    main.boot(start_info)
    depart()

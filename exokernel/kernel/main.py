"""The boot sequence: from a processor that runs Python to the first environment.

Each step needs the ones before it, and none runs twice. From the end of `boot` on the kernel
only answers: calls, exceptions and the timer.
"""

from exokernel.abi.errors import KernelError
from exokernel.abi.names import FIRST
from exokernel.kernel import first, memory
from exokernel.kernel.arch import machine, startup
from exokernel.kernel.arch.loader import MAGIC, modules, start_info
from exokernel.kernel.capabilities import secret
from exokernel.kernel.drivers import console
from exokernel.kernel.processor import resume
from exokernel.kernel.state import machine_state


def boot(information: int) -> None:
    """Bring the machine up; `information` is what the loader passed. Leave with the first environment noted."""
    console.prepare()  # 1. so that what goes wrong can be said
    startup.take_over()  # 2. segments, gates and stacks: a fault now becomes a report
    startup.protect()  # 3. our page tables, and every protection there is
    info = start_info(information)
    if info.magic != MAGIC:
        machine.panic("no_start_info")
    free = memory.prepare(info)  # 4. the tables everybody reads; which frames are free
    secret.low, secret.high = startup.random(), startup.random()  # 5. what seals are made with
    if info.module_count == 0:
        machine.panic("no_archive")
    try:
        first.make(modules(info)[0], free)  # 6. somebody to run
    except KernelError:
        machine.panic("bad_program")
    machine_state().slice_length = startup.start_timer()  # 7. and an end to everybody's slice
    machine_state().started = startup.time()
    resume(FIRST)  # 8. from here on the kernel is left

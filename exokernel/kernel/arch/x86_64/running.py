"""The environment the processor runs, as far as traps need to know it at once.

The portable kernel's tables say everything about every environment; these addresses of the
current one are kept ready so that an exception does not have to compute them.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.names import FRAME_SIZE, USER_PAGES, EnvironmentId, Frame, Page
from exokernel.abi.x86_64 import TrapFrame
from exokernel.dialect import Record, inline, size_of, wrapping_add, wrapping_multiply
from exokernel.dialect.unsafe import record_at, symbol_address
from exokernel.kernel.arch.x86_64 import floating_point
from exokernel.kernel.arch.x86_64.entry import begin_at
from exokernel.kernel.arch.x86_64.instructions import load_root
from exokernel.kernel.arch.x86_64.paging import address_of_frame

USER_END = USER_PAGES * FRAME_SIZE  # from there on an address is not canonical, or nobody's


class Running(Record):
    """Where the current environment's page is. Written by `begin`, read by assembly too."""

    root: Frame = Frame(0)
    page: int = 0  # address in the kernel's map
    at: int = 0  # address in the environment's map
    record: int = 0  # and there, of the first record on the exception stack


def running() -> Running:
    return record_at(Running, symbol_address("running"))


@inline
def is_entry(address: int) -> bool:
    """Whether the processor can be sent there: anywhere in the user half but to 0."""
    return 0 < address < USER_END


@inline
def environment_page(frame: Frame) -> EnvironmentPage:
    """See a frame as an environment page."""
    return page_at(address_of_frame(frame))


@inline
def page_at(address: int) -> EnvironmentPage:
    """See a frame, at its address in the kernel's map, as an environment page."""
    return record_at(EnvironmentPage, address)


def begin(environment: EnvironmentId, root: Frame, page: Frame, at: Page, entry: int) -> None:
    """Leave the kernel into `environment` at `entry`, its exception stack empty and nothing in its registers."""
    now = running()
    here = wrapping_multiply(at, FRAME_SIZE)
    if root != now.root:
        now.root = root
        load_root(wrapping_multiply(root, FRAME_SIZE))
    now.page = address_of_frame(page)
    now.at = here
    now.record = wrapping_add(here, FRAME_SIZE - size_of(TrapFrame))
    begin_at(entry, wrapping_add(here, FRAME_SIZE))
    floating_point.switch(environment)

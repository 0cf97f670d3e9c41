"""The environment the processor runs, as far as traps need to know it at once.

The portable kernel's tables say everything about every environment; these addresses of the
current one are kept ready so that an exception does not have to compute them.
"""

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.names import FRAME_SIZE, USER_PAGES, EnvironmentId, Frame, Page
from exokernel.abi.x86_64 import TrapFrame
from exokernel.dialect import Record, inline, size_of, wrapping_add, wrapping_multiply, wrapping_sub
from exokernel.dialect.unsafe import record_at, symbol_address
from exokernel.kernel.arch.x86_64 import floating_point
from exokernel.kernel.arch.x86_64.departure import begin_at
from exokernel.kernel.arch.x86_64.instructions import load_root
from exokernel.kernel.arch.x86_64.paging import address_of_frame

USER_END = USER_PAGES * FRAME_SIZE  # from there on an address is not canonical, or nobody's


class Running(Record):
    """Where the current environment's page is. Written by `begin`, read by assembly too."""

    root: Frame = Frame(0)
    page: int = 0  # address in the kernel's map
    top: int = 0  # address of its end in the environment's map, where the exception stack begins
    record: int = 0  # and there, of the first record on it


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
    top = wrapping_multiply(wrapping_add(at, 1), FRAME_SIZE)
    if root != now.root:
        now.root = root
        load_root(wrapping_multiply(root, FRAME_SIZE))
    now.page = address_of_frame(page)
    now.top = top
    now.record = wrapping_sub(top, size_of(TrapFrame))
    begin_at(entry)
    floating_point.switch(environment)

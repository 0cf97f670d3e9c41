"""The console's output and the power switch, by the root capability."""

from typing import NoReturn

from exokernel.abi.console import Stream
from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.errors import KernelError
from exokernel.abi.names import ROOT_SLOT
from exokernel.dialect import offset_of
from exokernel.libos import kernel
from exokernel.libos.bare.arch.line import CAPACITY, line

LINE_OFFSET = offset_of(EnvironmentPage, "library")  # of the line in our environment page


def write_line(stream: Stream, length: int) -> None:
    """Write the first bytes of the line: the kernel is told the frame they lie in."""
    frame = kernel.environments[kernel.ourselves()].page
    try:
        kernel.console_write(stream, ROOT_SLOT, frame, LINE_OFFSET, length, ROOT_SLOT)
    except KernelError:
        return  # never: the root opens the console


def write_octets(stream: Stream, octets: bytes) -> None:
    done = 0
    while done < len(octets):
        length = min(CAPACITY, len(octets) - done)
        line[:length] = octets[done : done + length]
        write_line(stream, length)
        done += length


def shut_down(status: int) -> NoReturn:
    """End the program, and the machine with it."""
    while True:
        try:
            kernel.machine_halt(ROOT_SLOT, status)
        except KernelError:
            continue  # never: the root opens the power switch

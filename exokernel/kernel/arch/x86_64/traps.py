"""Exceptions and the timer: forwarded to the environment they belong to, and forgotten.

The kernel writes a record of the exception onto the environment's own stack, through its own
map of that frame, and resumes at the handler; the handler returns without the kernel. The
record goes to the top of the exception stack, or below the stack pointer when that is on the
exception stack already. An environment that cannot take its exception dies of it. Which
environment that is, and what dying means, is the portable kernel's. [SOSP95 §5, exceptions]
"""

from typing import NoReturn

from exokernel.abi.console import Stream
from exokernel.abi.environment_page import EXCEPTION_STACK
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.tables import Reason
from exokernel.abi.x86_64 import InterruptFrame, TrapFrame, Vector
from exokernel.dialect import cold, inline, never_inline, size_of, unsigned_less, wrapping_add, wrapping_sub
from exokernel.dialect.unsafe import exported, interrupt, record_at
from exokernel.kernel import processor, slices
from exokernel.kernel.arch.x86_64 import departure, floating_point
from exokernel.kernel.arch.x86_64.descriptors import USER_CODE, USER_DATA
from exokernel.kernel.arch.x86_64.instructions import abandon, depart, fault_address, forbid_user_access
from exokernel.kernel.arch.x86_64.panic import report_field
from exokernel.kernel.arch.x86_64.registers import USER_FLAGS
from exokernel.kernel.arch.x86_64.running import is_entry, page_at, running
from exokernel.kernel.arch.x86_64.timer import acknowledge
from exokernel.kernel.drivers import console
from exokernel.kernel.state import machine_state

SPARED = 192  # bytes left below its stack pointer: a function's red zone, and where a handler that returns puts the address
RECORD = size_of(TrapFrame)
STACK_BASE = FRAME_SIZE - EXCEPTION_STACK  # offset in the environment page


@inline
def forward(frame: InterruptFrame, vector: Vector, error: int) -> None:
    """Send an exception to its cause: what `vectors` does in the ordinary case, in every case."""
    forbid_user_access()
    handler = page_at(running().page).handlers[vector]
    if not is_entry(handler):
        report_fault(frame, error)
        abandon(Reason.NO_HANDLER, vector)
    deliver(frame, vector, error, handler)


@inline
def deliver(frame: InterruptFrame, vector: Vector, error: int, handler: int) -> None:
    """Push a record of what `frame` says, and make `frame` return to `handler`."""
    position = FRAME_SIZE - RECORD
    left = wrapping_sub(running().top, frame.stack)
    if unsigned_less(left, FRAME_SIZE + 1):
        position = FRAME_SIZE - left - SPARED - RECORD & -16
        if position < STACK_BASE:
            report_fault(frame, error)
            abandon(Reason.NO_STACK, vector)

    record = record_at(TrapFrame, wrapping_add(running().page, position))
    record.vector = vector
    record.error = error
    record.instruction = frame.instruction
    record.code_segment = USER_CODE
    record.flags = frame.flags
    record.stack = frame.stack
    record.stack_segment = USER_DATA
    if vector == Vector.PAGE_FAULT:
        record.address = fault_address()
    frame.instruction = handler
    frame.flags = int(USER_FLAGS)
    frame.stack = wrapping_add(running().top, position - FRAME_SIZE)


@cold
@never_inline
def report_fault(frame: InterruptFrame, error: int) -> None:
    """Tell the host where an exception happened that ends its environment, before its end is told."""
    console.write_text(Stream.REPORT, "fault")
    report_field("rip", frame.instruction)
    report_field("rsp", frame.stack)
    report_field("rflags", frame.flags)
    report_field("error", error)
    report_field("cr2", fault_address())
    console.write_text(Stream.REPORT, "\n")


@exported("trap_death")
def die(reason: int, vector: int) -> NoReturn:
    """End the current environment. Entered by `abandon`, on the kernel's stack."""
    processor.die(Reason(reason), vector)
    depart()


@exported("trap_32")
@interrupt
def on_timer(frame: InterruptFrame) -> None:
    """End a slice: in an environment, or while waiting with none to run."""
    forbid_user_access()
    acknowledge()
    departure.stay()
    handler = slices.tick()
    if departure.is_elsewhere():
        depart()
    if handler != 0:
        deliver(frame, Vector.TIMER, 0, handler)


@exported("trap_7")
@interrupt
def on_device_not_available(frame: InterruptFrame) -> None:
    forbid_user_access()
    floating_point.on_first_use(machine_state().current)


# One function for each exception: the processor enters by number, and tells no other way.


@exported("trap_0")
@interrupt
def on_divide(frame: InterruptFrame) -> None:
    forward(frame, Vector.DIVIDE, 0)


@exported("trap_1")
@interrupt
def on_debug(frame: InterruptFrame) -> None:
    forward(frame, Vector.DEBUG, 0)


@exported("trap_3")
@interrupt
def on_breakpoint(frame: InterruptFrame) -> None:
    forward(frame, Vector.BREAKPOINT, 0)


@exported("trap_4")
@interrupt
def on_overflow(frame: InterruptFrame) -> None:
    forward(frame, Vector.OVERFLOW, 0)


@exported("trap_5")
@interrupt
def on_bound(frame: InterruptFrame) -> None:
    forward(frame, Vector.BOUND, 0)


@exported("trap_6")
@interrupt
def on_invalid_opcode(frame: InterruptFrame) -> None:
    forward(frame, Vector.INVALID_OPCODE, 0)


@exported("trap_10")
@interrupt
def on_invalid_task(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.INVALID_TSS, error)


@exported("trap_11")
@interrupt
def on_segment_not_present(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.SEGMENT_NOT_PRESENT, error)


@exported("trap_12")
@interrupt
def on_stack_segment(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.STACK_SEGMENT, error)


@exported("trap_13")
@interrupt
def on_general_protection(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.GENERAL_PROTECTION, error)


@exported("trap_14")
@interrupt
def on_page_fault(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.PAGE_FAULT, error)


@exported("trap_16")
@interrupt
def on_floating_point(frame: InterruptFrame) -> None:
    forward(frame, Vector.FLOATING_POINT, 0)


@exported("trap_17")
@interrupt
def on_alignment(frame: InterruptFrame, error: int) -> None:
    forward(frame, Vector.ALIGNMENT, error)


@exported("trap_19")
@interrupt
def on_simd(frame: InterruptFrame) -> None:
    forward(frame, Vector.SIMD, 0)

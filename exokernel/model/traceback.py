"""Tracebacks of kernels, libraries and programs, without the frames of the machine below them.

People read them on the standard error, and whoever runs the machine in its reports. What the
processor's exceptions are called in them is said here for every machine.
"""

import ast
import os
import sys
from itertools import takewhile
from pathlib import Path
from traceback import FrameSummary, StackSummary, TracebackException, walk_stack
from types import CodeType

from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.x86_64 import PageFaultError, Vector

PACKAGES = Path(__file__).parents[1]
MEANINGS = ("arch/interpreted.py", "arch/x86_64/misdeeds.py")  # of a library's assembly
MACHINERY = (*(str(PACKAGES / package) for package in ("model", "dialect", "host")), str(Path(ast.__file__).parent), "<frozen importlib")


def text_of(error: BaseException) -> str:
    """The traceback of `error` as Python prints it, in lines of kernel, library and program."""
    shown = TracebackException.from_exception(error)
    shown.__context__ = None  # what the host process did before is nobody's business
    kept = [frame for frame in shown.stack if is_ours(frame)]
    shown.stack[:] = kept if kept or isinstance(error, (SyntaxError, ImportError)) else shown.stack
    return "".join(shown.format())


def text_of_stack(sentence: str, bottom: CodeType) -> str:
    """The same of an exception that Python knows nothing of, from the frames that run now, down to the one of `bottom`."""
    running = takewhile(lambda pair: pair[0].f_code is not bottom, walk_stack(None))
    kept = StackSummary.from_list([frame for frame in reversed(StackSummary.extract(running)) if is_ours(frame)])
    head = "Traceback (most recent call last):\n" if kept else ""
    return head + "".join(kept.format()) + f"{sentence}\n"


def is_ours(frame: FrameSummary) -> bool:
    return not frame.filename.startswith(MACHINERY) and not frame.filename.endswith(MEANINGS)


def name_of(vector: int, error: int, address: int, stack: int) -> str:
    """What the processor's exception is called, as Python would where Python has a name for it."""
    match vector:
        case Vector.PAGE_FAULT:
            return name_of_page_fault(PageFaultError.of(error), address, stack)
        case Vector.GENERAL_PROTECTION:
            return "ProtectionFault: the processor forbids this instruction here"
        case Vector.INVALID_OPCODE:
            return "InvalidInstruction: these bytes are no instruction"
        case _:
            known = vector in {member.value for member in Vector}
            return f"ProcessorException: {Vector(vector).name.lower().replace('_', ' ') if known else vector}"


def name_of_page_fault(error: PageFaultError, address: int, stack: int) -> str:
    if not error.present and stack >= FRAME_SIZE and abs(address - stack) <= FRAME_SIZE:
        return "RecursionError: the stack is used up"
    access = "execution" if error.fetch else "write" if error.write else "read"
    why = "is protected" if error.present else "is not mapped"
    return f"MemoryFault: {access} of {address:#x}, which {why}"


def show(text: str, report: int) -> None:
    """Print a traceback, and report it to a descriptor, a line `traceback` for each of its own."""
    sys.stderr.write(text)
    sys.stderr.flush()
    if report != sys.stderr.fileno():
        os.write(report, "".join(f"traceback {line}\n" for line in text.splitlines()).encode())

"""A Python traceback of a machine that stopped: from registers and a piece of stack to lines of source.

The stack is followed from function to function by the call frame information of whichever
image holds the address; what cannot be followed is left out rather than guessed.
"""

import ast
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from exokernel.abi.faults import Fault
from exokernel.abi.x86_64 import Vector
from exokernel.host.provision import ROOT
from exokernel.host.report import EXCEPTIONS, Report
from exokernel.host.symbols import Memory, Place, Registers, Symbols
from exokernel.model.traceback import name_of

MOST_FRAMES = 100
CALLS_MAIN = "program_main"  # the compiler's own: a library calls the program's `main` by that name
FRAMES_SHOWN = 3  # of the same line, one after the other
FAILED_CHECK = b"\x67\x0f\xb9\x40"  # ud1 kind(%eax),%eax: the kind is the byte behind

TRAPS = (Vector.BREAKPOINT, Vector.OVERFLOW)  # exceptions reported behind the instruction [SDM vol. 3A §6.5]
ERROR_REGISTER = "rdx"  # holds the number of the exception that a function returns with

FAILED_CHECKS = {
    Fault.INDEX: "IndexError: index out of range",
    Fault.OVERFLOW: "OverflowError: the result does not fit",
    Fault.DIVISION: "ZeroDivisionError: division by zero",
    Fault.ASSERTION: "AssertionError",
    Fault.UNREACHABLE: "AssertionError: no arm of the match takes the value",
    Fault.VALUE: "ValueError: the value does not fit its place",
    Fault.UNCAUGHT: "an exception that nothing caught",
}

REASONS = {  # for which the kernel ends an environment
    "no-handler": "and the program has no handler for it",
    "no-stack": "and the program's exception stack has no room for it",
    "no-entry": "the program has no entry for the end of its slice",
    "overstayed": "the program kept the processor past the end of its slice",
    "asked": "the program ended itself without a status",
}


def symbols_of(image: Path) -> Symbols:
    """The symbols of an image, with what the compiler noted beside it."""
    from exokernel.compiler import driver

    noted = driver.report(image).get("exceptions", {})
    return Symbols(image, {int(number): str(name) for number, name in noted.items()})


def render(cause: Report, images: Sequence[Symbols], folders: Sequence[Path] = ()) -> str:
    """The traceback of a crash or panic and the exception's name, ending in a newline.

    Sources are looked for here, in the checkout, and in `folders`.
    """
    registers = cause.registers()
    innermost = where_raised(registers)
    memory = Memory(innermost.get("rsp", 0), cause.memory())
    places = list(follow(innermost, memory, images))
    lines = ["Traceback (most recent call last):\n"] if places else []
    for text, same in groupby(frame_text(place, folders) for place in reversed(places)):
        lines += repeated(text, len(list(same)))
    last = conclusion(cause, registers, images)
    if last == FAILED_CHECKS[Fault.ASSERTION] and places:
        last += asserted(places[0], folders)
    return "".join(lines) + last + "\n"


def where_raised(registers: Registers) -> Registers:
    """The registers at the `raise` whose exception nothing caught; otherwise those at the end."""
    if registers.get("raised", 0) == 0:
        return registers
    return {"rip": registers["raised"], "rsp": registers["raised_stack"]}


def repeated(text: str, times: int) -> list[str]:
    """A frame, as Python shows it when it calls itself over and over."""
    if times <= FRAMES_SHOWN:
        return [text] * times
    return [text] * FRAMES_SHOWN + [f"  [Previous line repeated {times - FRAMES_SHOWN} more times]\n"]


def follow(registers: Registers, memory: Memory, images: Sequence[Symbols]) -> Iterator[Place]:
    """The places the stack went through, innermost first."""
    called = registers.get("vector") in TRAPS  # the address is behind the instruction that led to it
    for _ in range(MOST_FRAMES):
        address = registers.get("rip", 0) - (1 if called else 0)
        image = image_of(address, images)
        if image is None:
            return
        yield from (place for place in image.places(address) if place.function != CALLS_MAIN)
        caller = image.caller(registers, memory, address)
        if caller is None or caller["rsp"] <= registers["rsp"]:
            return
        called = not image.is_interrupted(address)
        registers = caller


def image_of(address: int, images: Sequence[Symbols]) -> Symbols | None:
    return next((image for image in images if image.covers(address)), None)


def frame_text(place: Place, folders: Sequence[Path]) -> str:
    lines = source(place, folders)
    text = lines[place.line - 1].strip() if 0 < place.line <= len(lines) else ""
    return f'  File "{shown(Path(place.file))}", line {place.line}, in {place.function}\n' + (f"    {text}\n" if text else "")


def asserted(place: Place, folders: Sequence[Path]) -> str:
    """What the `assert` at a place says for the case that it fails."""
    try:
        tree = ast.parse("\n".join(source(place, folders)))
    except SyntaxError:
        return ""  # the source is not what was compiled
    for node in ast.walk(tree):
        match node:
            case ast.Assert(lineno=place.line, msg=ast.Constant(value=str(text))):
                return f": {text}"
    return ""


def source(place: Place, folders: Sequence[Path]) -> list[str]:
    """The lines of the file of a place; none if it is not found."""
    path = Path(place.file)
    for candidate in [path, ROOT / path, *(folder / path for folder in folders)]:
        try:
            return candidate.read_text().splitlines()
        except OSError:
            continue
    return []


def shown(path: Path) -> Path:
    """The path as seen from the current folder, when it lies below."""
    full = path if path.is_absolute() or path.exists() else ROOT / path
    here = Path.cwd()
    return full.relative_to(here) if full.is_absolute() and full.is_relative_to(here) else full


def conclusion(cause: Report, registers: Registers, images: Sequence[Symbols]) -> str:
    """The last line: the exception, or, in our words, why the kernel ended it without one."""
    reason = cause.fields().get("reason", "")
    if cause.kind == "panic" and reason:
        return f"KernelPanic: {reason.replace('_', ' ')}"
    if reason in EXCEPTIONS:
        return f"{exception(registers, images)}, {REASONS[reason]}"
    return f"exok: {REASONS[reason]}" if reason in REASONS else exception(registers, images)


def exception(registers: Registers, images: Sequence[Symbols]) -> str:
    """What happened, as Python would name it where Python has a name for it."""
    vector = registers.get("vector")
    if vector is None:
        return "stopped for a reason it did not report"
    if vector == Vector.INVALID_OPCODE and (check := failed_check(registers, images)):
        return check
    return name_of(vector, registers.get("error", 0), registers.get("cr2", 0), registers.get("rsp", 0))


def failed_check(registers: Registers, images: Sequence[Symbols]) -> str:
    """Which of the compiler's checks is at the end of the stack; "" for none."""
    address = registers.get("rip", 0)
    image = image_of(address, images)
    code = image.bytes_at(address, len(FAILED_CHECK) + 1) if image else b""
    if image is None or code[:-1] != FAILED_CHECK or code[-1] not in {member.value for member in Fault}:
        return ""
    raised = image.exceptions.get(registers.get(ERROR_REGISTER, 0), "")
    if code[-1] == Fault.UNCAUGHT and raised:
        return f"{raised.rpartition('.')[2]}: nothing caught it"
    return FAILED_CHECKS[Fault(code[-1])]

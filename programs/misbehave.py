"""Do one thing that a program may not do, chosen by the first argument, for the tests.

Whoever sees the last line printed knows that it was not stopped. Status 0 means that the
misdeed went unpunished, or that punishment is not due.
"""

from exokernel.abi.layout import DIRECT_MAP, EXPOSED, IMAGE, KERNEL_BASE, SELF_MAP, STACK_TOP
from exokernel.abi.names import FRAME_SIZE
from exokernel.dialect import Array, array
from exokernel.libos import kernel
from exokernel.libos.arch.x86_64 import misdeeds
from exokernel.libos.exos import arguments, errors

STACK = STACK_TOP - FRAME_SIZE  # addresses
NOWHERE = 0x10
NOT_CANONICAL = 2**62

CALLS = 40  # more than there are
OUTRAGEOUS = (-1, 2**63 - 1, -(2**63), 2**62, 2**32, 2**21, 300)  # the name of nothing


class Mishap(Exception):
    """Nobody catches it."""


cells: Array[int] = array(8)


def main() -> int:
    for word in arguments():
        misbehave(word)
        print(f"{word}: nothing happened")
        return 0
    print("misbehave: say how", file=errors)
    return 2


def misbehave(word: str) -> None:
    if word == "calls":
        bad_calls()
    elif word == "forever":
        loop_forever()
    elif word == "overstay":
        overstay()
    elif word == "no-handler":
        drop_handlers()
    elif word == "lose-stack":
        misdeeds.lose_stack()
    elif not (break_python(word) or touch_memory(word) or use_privilege(word)):
        print(f"misbehave: '{word}' is not known", file=errors)


def break_python(word: str) -> bool:
    """What the dialect's own checks find."""
    if word == "index":
        cells[length_of(word) + 5] = 1
    elif word == "overflow":
        print(2**62 * length_of(word))
    elif word == "division":
        print(10 // (length_of(word) - 8))
    elif word == "assertion":
        assert length_of(word) == 0
    elif word == "uncaught":
        raise Mishap
    elif word == "stack-overflow":
        print(deeper(length_of(word)))
    else:
        return False
    return True


def length_of(word: str) -> int:
    return len(word.encode())


def deeper(level: int) -> int:
    return deeper(level + 1) + level


def touch_memory(word: str) -> bool:
    """Accesses that the page tables forbid."""
    if word == "null-read":
        misdeeds.load(NOWHERE)
    elif word == "null-write":
        misdeeds.store(NOWHERE)
    elif word == "text-write":
        misdeeds.store(IMAGE)
    elif word == "kernel-read":
        misdeeds.load(KERNEL_BASE)
    elif word == "kernel-write":
        misdeeds.store(KERNEL_BASE)
    elif word == "direct-read":
        misdeeds.load(DIRECT_MAP)
    elif word == "exposed-write":
        misdeeds.store(EXPOSED)
    elif word == "self-map-write":
        misdeeds.store(SELF_MAP + IMAGE // 512)
    elif word == "not-canonical":
        misdeeds.load(NOT_CANONICAL)
    elif word == "execute-stack":
        misdeeds.jump(STACK)
    elif word == "execute-nothing":
        misdeeds.jump(NOWHERE)
    elif word == "execute-kernel":
        misdeeds.jump(KERNEL_BASE)
    else:
        return False
    return True


def use_privilege(word: str) -> bool:
    """Instructions that are the kernel's."""
    if word == "undefined":
        misdeeds.undefined()
    elif word == "breakpoint":
        misdeeds.breakpoint_()
    elif word == "divide":
        misdeeds.divide_by_zero()
    elif word == "cli":
        misdeeds.disable_interrupts()
    elif word == "hlt":
        misdeeds.halt()
    elif word == "out":
        misdeeds.output()
    elif word == "in":
        misdeeds.input_()
    elif word == "cr3":
        misdeeds.reload_root()
    elif word == "rdmsr":
        misdeeds.read_register()
    elif word == "wrmsr":
        misdeeds.write_register()
    elif word == "lgdt":
        misdeeds.load_descriptors()
    elif word == "sidt":
        misdeeds.store_interrupts()
    elif word == "int80":
        misdeeds.foreign_call()
    elif word == "int-timer":
        misdeeds.timer_interrupt()
    elif word == "iretq":
        misdeeds.forged_return()
    else:
        return False
    return True


def bad_calls() -> None:
    """Make every call, and some that do not exist, with the names of nothing."""
    accepted, refused = 0, 0
    for number in range(1, CALLS):
        for one in OUTRAGEOUS:
            for other in OUTRAGEOUS:
                if misdeeds.raw_call(number, one, other) == 0:
                    accepted += 1
                else:
                    refused += 1
    print(f"{refused} calls refused, {accepted} accepted")


def loop_forever() -> None:
    while cells[0] == 0:
        continue


def overstay() -> None:
    """Never yield at the end of a slice."""
    kernel.environment_page().critical += 1
    loop_forever()


def drop_handlers() -> None:
    """Have an exception without a handler."""
    page = kernel.environment_page()
    for vector in range(len(page.handlers)):
        page.handlers[vector] = 0
    misdeeds.load(NOWHERE)

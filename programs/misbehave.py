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
    match word:
        case "calls":
            bad_calls()
        case "forever":
            loop_forever()
        case "overstay":
            overstay()
        case "no-handler":
            drop_handlers()
        case "lose-stack":
            misdeeds.lose_stack()
        case _:
            if not (break_python(word) or touch_memory(word) or use_privilege(word)):
                print(f"misbehave: '{word}' is not known", file=errors)


def break_python(word: str) -> bool:
    """What the dialect's own checks find."""
    match word:
        case "index":
            cells[length_of(word) + 5] = 1
        case "overflow":
            print(2**62 * length_of(word))
        case "division":
            print(10 // (length_of(word) - 8))
        case "assertion":
            assert length_of(word) == 0
        case "uncaught":
            raise Mishap
        case "stack-overflow":
            print(deeper(length_of(word)))
        case _:
            return False
    return True


def length_of(word: str) -> int:
    return len(word.encode())


def deeper(level: int) -> int:
    return deeper(level + 1) + level


def touch_memory(word: str) -> bool:
    """Accesses that the page tables forbid."""
    match word:
        case "null-read":
            misdeeds.load(NOWHERE)
        case "null-write":
            misdeeds.store(NOWHERE)
        case "text-write":
            misdeeds.store(IMAGE)
        case "kernel-read":
            misdeeds.load(KERNEL_BASE)
        case "kernel-write":
            misdeeds.store(KERNEL_BASE)
        case "direct-read":
            misdeeds.load(DIRECT_MAP)
        case "exposed-write":
            misdeeds.store(EXPOSED)
        case "self-map-write":
            misdeeds.store(SELF_MAP + IMAGE // 512)
        case "not-canonical":
            misdeeds.load(NOT_CANONICAL)
        case "execute-stack":
            misdeeds.jump(STACK)
        case "execute-nothing":
            misdeeds.jump(NOWHERE)
        case "execute-kernel":
            misdeeds.jump(KERNEL_BASE)
        case _:
            return False
    return True


def use_privilege(word: str) -> bool:
    """Instructions that are the kernel's."""
    match word:
        case "undefined":
            misdeeds.undefined()
        case "breakpoint":
            misdeeds.breakpoint_()
        case "divide":
            misdeeds.divide_by_zero()
        case "cli":
            misdeeds.disable_interrupts()
        case "hlt":
            misdeeds.halt()
        case "out":
            misdeeds.output()
        case "in":
            misdeeds.input_()
        case "cr3":
            misdeeds.reload_root()
        case "rdmsr":
            misdeeds.read_register()
        case "wrmsr":
            misdeeds.write_register()
        case "lgdt":
            misdeeds.load_descriptors()
        case "sidt":
            misdeeds.store_interrupts()
        case "int80":
            misdeeds.foreign_call()
        case "int-timer":
            misdeeds.timer_interrupt()
        case "iretq":
            misdeeds.forged_return()
        case _:
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

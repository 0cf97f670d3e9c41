"""What may come between any two instructions of the kernel comes between all of them, one after the other.

Non-maskable interrupts, machine checks and debug traps take a stack of their own, because the
stack pointer may be anybody's when they come: after SYSCALL, before SYSRET. A program takes all
ways into the kernel and out of it, and before each instruction on the way one of the three is
put in by hand. It must find its stack empty and the interrupted state as it was; and after
it the machine must be as before, to the last register. What an intrusion then means (nothing
for an NMI, a panic for the others) is looked at elsewhere; here all are sent away again.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.names import FRAME_SIZE
from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.x86_64 import Vector
from exokernel.dialect import offset_of
from exokernel.host.machine import Board
from exokernel.kernel.arch.x86_64.boot import SPARE_STACK_SIZE
from exokernel.kernel.arch.x86_64.timer import CONTROLLER
from exokernel.kernel.arch.x86_64.vectors import VECTORS
from tests.boot.debugger import Debugger, Registers
from tests.boot.guest import Computer, Ending, assemble, mutated_kernel, symbols_of
from tests.boot.test_exceptions import NOTING
from tests.boot.test_switching import BEGIN, END, PAGE, SECOND, program

pytestmark = [pytest.mark.boot, pytest.mark.slow]

TRAP, PANIC = 0x100, 35
HALT = b"\xf4"
# IRETQ and SYSRETQ load flags of their own, STI and HLT wait for an interrupt, OUT ends the machine: no trap follows.
UNTRAPPED = (b"\x48\xcf", b"\x48\x0f\x07", b"\xfb", HALT, b"\xef")

# A kernel whose timer is out of the way, as time goes by at each stop: a call that does not exist makes the tick come.
COMMAND = (DIRECT_MAP + CONTROLLER + 0x300) % 2**64  # of the interrupt controller, to send [SDM vol. 3A §11.6.1]
ALL_INCLUDING_SELF = 2 << 18
TICKS_WHEN_ASKED = [
    ("arch/x86_64/timer.py", "UNDIVIDED = 0b1011", "UNDIVIDED = 0b1010"),  # 128 counts are one
    ("arch/x86_64/timer.py", "SLICE = 10_000_000", "SLICE = 4_000_000_000"),
    (
        "arch/x86_64/entry.py",
        "2:  xorl %eax, %eax",
        f"2:  movabsq ${COMMAND:#x}, %rax\n    movl ${ALL_INCLUDING_SELF | Vector.TIMER:#x}, (%rax)\n    xorl %eax, %eax",
    ),
]

# The first environment faults in all ways, makes calls good and bad, uses the floating-point registers, changes
# hands with the second, and hears of its slice's end; the second dies of an exception.
WAYS = program(
    f"""
    handle BREAKPOINT, nesting
    handle INVALID_OPCODE, noting
    handle PAGE_FAULT, noting
    handle GENERAL_PROTECTION, noting
    handle DEBUG, noting
    movq $back, page + {BEGIN}
    movq $ended, page + {END}
    movq $stack_end, %rsp               # an exception from here takes the short way
sweep:
    ask null
    movq $1f, resume
    int3
1:  movq $stack_end, %rsp
    movq $2f, resume
    movq 0x123456, %rax
2:  movq $3f, resume
    int $0x80
3:  movq $4f, resume
    pushf
    orl $0x100, (%rsp)
    popf
    nop
4:  fldpi
    yield {SECOND}
    halt $100
back:
    incl turns
    cmpl $1, turns
    jne 6f
    fldpi
    movl $-1, %eax
    syscall
5:  jmp 5b
6:  cmpl $2, turns
    must e
    cmpl $1, ends
    must e
    cmpq $2, passed
    must e
    fldpi
    halt $0
ended:
    incl ends
    yield 0
    halt $101
nesting:
    ud2
    """,
    "incq passed\n fld1\n cmpq $1, passed\n jne 1f\n yield 1\n1: ud2",
    f"turns: .long 0\n ends: .long 0\n .fill 256\n stack_end:\n .text\n{NOTING}",
)

# Nobody wants the processor.
WAITING = program(f"sweep: movq $0, page + {BEGIN}\n movq $0, {PAGE + BEGIN}\n yield 0\n", "ud2")


class Confused(Exception):
    """An intrusion found or left something else than it should."""


class Intrusion(NamedTuple):
    """What is put in, where it arrives, and which spare stack it must find."""

    put: Callable[[Debugger, Registers], None]
    entry: str
    stack: int


def set_trap(debugger: Debugger, now: Registers) -> None:
    debugger.set_flags(now.flags | TRAP)


INTRUSIONS = {
    "NMI": Intrusion(lambda debugger, _: debugger.command("nmi"), "ignored_interrupt", 1),
    "MACHINE_CHECK": Intrusion(lambda debugger, _: debugger.command("mce 0 0 0xbe00000000000000 0 0 0"), "enter_18", 3),
    "DEBUG": Intrusion(set_trap, "enter_1", 0),
}


def moved(debugger: Debugger, move: Callable[[], bool], before: Registers) -> Registers:
    """The registers after a move. Once in some thousand times the stub says that it is done before it has begun."""
    for _ in range(3):
        if not move():
            break
        after = debugger.registers()
        if after != before:
            return after
    raise Confused(f"nothing follows {before.instruction:#x}")


class Sweep:
    """One kind of intrusion into one machine, from the label `sweep` of its program on."""

    def __init__(self, kernel: Path, intrusion: Intrusion, start: int, every_time: bool) -> None:
        self.symbols = symbols_of(kernel.read_bytes())
        self.intrusion = intrusion
        self.start = start
        self.entry = self.symbols[intrusion.entry]
        self.top = self.symbols["spare_stacks"] + (intrusion.stack + 1) * (FRAME_SIZE + SPARE_STACK_SIZE)
        self.every_time = every_time  # or when an instruction is done for the first time
        self.visited: set[int] = set()
        self.waited = False
        self.stops: set[int] = set()

    def __call__(self, debugger: Debugger) -> None:
        debugger.run_to(self.start)
        self.stops = {self.entry, self.symbols["syscall_entry"], *debugger.words(self.symbols["entry_points"], VECTORS)}
        for address in self.stops:
            debugger.stop_at(address)
        while debugger.go_on() and self.sweep_kernel(debugger):
            pass

    def sweep_kernel(self, debugger: Debugger) -> bool:
        """Follow the kernel from where it was entered to where it is left, or has waited for an interrupt twice; False when the machine ends there."""
        now = debugger.registers()
        while now.in_kernel:
            code = debugger.bytes_at(now.instruction, 3)
            wanted = self.is_wanted(now, code)
            if wanted:
                self.intrude(debugger, now)
            if wanted and self.intrusion.put is set_trap:
                pass  # the trap came after the instruction
            elif code.startswith(HALT):
                if self.waited:
                    debugger.end()
                    return False
                self.waited = True
                debugger.set_instruction(now.instruction + 1)  # as if it had been woken
            elif not debugger.step():
                return False
            now = debugger.registers()
        return True

    def is_wanted(self, now: Registers, code: bytes) -> bool:
        """Whether to put something in here. A debug trap within one would overwrite it, and nobody can cause that."""
        trapped = self.top - SPARE_STACK_SIZE <= now.stack < self.top
        if self.intrusion.put is set_trap and (trapped or code.startswith(UNTRAPPED)):
            return False
        return self.every_time or now.instruction not in self.visited

    def part_of(self, address: int) -> str:
        """The function an instruction is in."""
        return max((place, name) for name, place in self.symbols.items() if place <= address and name)[1]

    def intrude(self, debugger: Debugger, before: Registers) -> None:
        self.visited.add(before.instruction)
        self.intrusion.put(debugger, before)
        debugger.pass_by(before.instruction)  # or it would stop there once more
        there = moved(debugger, debugger.go_on, before)
        if before.instruction in self.stops:
            debugger.stop_at(before.instruction)
        if there.instruction != self.entry or there.stack != self.top - 40:
            raise Confused(f"{before.instruction:#x}: {there.instruction:#x}, stack {there.stack:#x}")
        instruction, code, flags, stack, _ = debugger.words(there.stack, 5)
        if code != before.code_segment:
            raise Confused(f"{before.instruction:#x}: segment {code:#x}")
        debugger.set_word(there.stack + 16, flags & ~TRAP)
        debugger.set_instruction(self.symbols["ignored_interrupt"])
        after = moved(debugger, debugger.step, debugger.registers())
        if (after.instruction, after.stack) != (instruction, stack):
            raise Confused(f"{before.instruction:#x}: back at {after.instruction:#x}, stack {after.stack:#x}")
        if self.intrusion.put is not set_trap and after != before:
            raise Confused(f"{before.instruction:#x}: {before} became {after}")


def swept(kernel: Path, folder: Path, kind: str, text: str, every_time: bool = False) -> tuple[Ending, Sweep]:
    sweep = Sweep(kernel, INTRUSIONS[kind], symbols_of(assemble(text))["sweep"], every_time)
    # The firmware of this board, not that of the other, lets non-maskable interrupts come through.
    return Computer(kernel, folder).run(text, steer=sweep, board=Board.Q35), sweep


@pytest.fixture(scope="module")
def ticking(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutated_kernel(tmp_path_factory.mktemp("ticking"), TICKS_WHEN_ASKED)


@pytest.fixture(scope="module")
def without_stacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kernel where all traps take the stack there is."""
    edits = [*TICKS_WHEN_ASKED, ("arch/x86_64/descriptors.py", "stack=spare_stack(vector)", "stack=0")]
    return mutated_kernel(tmp_path_factory.mktemp("without"), edits)


# What the sweep must have been in.
PARTS = {"syscall_entry", "enter_environment", "enter_3", "enter_6", "enter_7", "enter_13", "enter_14", "abandon"} | {
    f"trap_{number}" for number in (6, 7, 32, "death")
}


@pytest.mark.parametrize("every_time", [False, pytest.param(True, marks=pytest.mark.deep)])
@pytest.mark.parametrize("kind", INTRUSIONS)
def test_whatever_comes_in_between_finds_a_stack_and_leaves_no_trace(
    ticking: Path, tmp_path: Path, kind: str, every_time: bool
) -> None:
    ending, sweep = swept(ticking, tmp_path, kind, WAYS, every_time)
    assert ending.halted == 0
    assert {sweep.part_of(address) for address in sweep.visited} >= PARTS


@pytest.mark.parametrize("kind", INTRUSIONS)
def test_also_while_the_machine_waits(ticking: Path, tmp_path: Path, kind: str) -> None:
    _, sweep = swept(ticking, tmp_path, kind, WAITING)
    assert sweep.waited
    assert "wait_for_interrupt" in {sweep.part_of(address) for address in sweep.visited}


@pytest.mark.parametrize("kind", INTRUSIONS)
def test_without_a_stack_of_its_own_it_takes_the_user_s(without_stacks: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(Confused):
        swept(without_stacks, tmp_path, kind, WAYS)


def test_a_debug_trap_of_the_kernel_s_own_is_a_panic(computer: Computer) -> None:
    def steer(debugger: Debugger) -> None:
        debugger.run_to(symbols_of(computer.kernel.read_bytes())["syscall_entry"])
        debugger.set_flags(TRAP)
        debugger.go_on()

    ending = computer.run("ask null\n halt $0", steer=steer)
    assert ending.status == PANIC
    assert ending.reports[-1].startswith("panic vector=0000000000000001 ")

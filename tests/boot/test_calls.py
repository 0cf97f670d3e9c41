"""The boundary of a system call: what it takes, what it gives back, and what it never shows."""

import pytest

from exokernel.abi.errors import BadCall
from tests.boot.guest import NUMBERS, Computer

pytestmark = pytest.mark.boot

NONSENSE = (-1, 1 << 63, 1 << 47, 1 << 32, 1 << 20)


@pytest.mark.parametrize("number", [len(NUMBERS), 1 << 31, 1 << 32, 1 << 63, -1])
def test_a_number_without_a_call_is_refused(computer: Computer, number: int) -> None:
    ending = computer.run(f"""
        movabsq ${number % 2**64}, %rax
        syscall
        cmpq ${BadCall.number}, %rdx
        must e
        testq %rax, %rax
        must z
        halt $0
    """)
    assert ending.halted == 0


def test_registers_are_kept_or_cleared(computer: Computer) -> None:
    kept = ("rbx", "rbp", "r12", "r13", "r14", "r15")
    cleared = ("rax", "rdx", "rdi", "rsi", "r8", "r9", "r10")
    ending = computer.run(
        "".join(f"movabsq ${0x1234567800000000 + number:#x}, %{name}\n" for number, name in enumerate((*kept, *cleared)))
        + "movl $call_null, %eax\n syscall\n3:\n"
        + "".join(f"testq %{name}, %{name}\n must z\n" for name in cleared if name not in ("rdi", "rsi"))
        + "cmpq $0x201000, %rsp\n must e\n"
        + "".join(
            f"movabsq ${0x1234567800000000 + number:#x}, %rax\n cmpq %rax, %{name}\n must e\n"
            for number, name in enumerate(kept)
        )
        + "halt $0"
    )
    assert ending.halted == 0


FULL_ARGUMENTS = """
    movq $-1, %rdi
    movq $-1, %rsi
    ask null
    orq %rsi, %rdi
    must z
    halt $0
"""


def test_no_argument_register_comes_back_full(computer: Computer) -> None:
    assert computer.run(FULL_ARGUMENTS).halted == 0


@pytest.mark.parametrize("flags", [0x40000, 0x4000, 0x400, 0x44400])
def test_no_flag_follows_into_the_kernel(computer: Computer, flags: int) -> None:
    ending = computer.run(f"""
        pushf
        orl ${flags}, (%rsp)
        popf
        ask null
        pushf
        popq %rbx
        andl ${flags}, %ebx
        cmpl ${flags}, %ebx
        must e
        cld
        halt $0
    """)
    assert ending.halted == 0


def test_stepping_over_a_call_stays_outside_the_kernel(computer: Computer) -> None:
    ending = computer.run("""
        handle DEBUG, stepped
        movl $call_null, %eax
        pushf
        orl $0x100, (%rsp)
        popf
        syscall
    1:  nop
    2:  halt $100
    stepped:
        movq 24(%rsp), %rbx             # where it was
        cmpq $1b, %rbx
        je 3f
        cmpq $2b, %rbx
        must e
    3:  halt $0
    """)
    assert ending.halted == 0


@pytest.mark.parametrize("entering", ["ask null", "int3", "ud2"])
def test_a_trap_behind_a_stack_switch_stays_outside_the_kernel(computer: Computer, entering: str) -> None:
    """Loading SS holds traps back by one instruction, which may be the one that enters the kernel."""
    ending = computer.run(f"""
        handle DEBUG, done
        handle BREAKPOINT, done
        handle INVALID_OPCODE, done
        movl $0x1b, %ecx
        movl $call_null, %eax
        pushf
        orl $0x100, (%rsp)
        popf
        movl %ecx, %ss
        {entering}
        nop
        nop
        halt $100
    done:
        halt $0
    """)
    assert ending.halted == 0


@pytest.mark.parametrize("stack", [0, 8, -8, 1 << 63, 1 << 47, -(2**31) + 0x106000])
def test_the_kernel_does_not_use_the_caller_s_stack(computer: Computer, stack: int) -> None:
    ending = computer.run(f"""
        movabsq ${stack % 2**64}, %rbx
        movq %rbx, %rsp
        ask null
        cmpq %rbx, %rsp
        must e
        halt $0
    """)
    assert ending.halted == 0


@pytest.mark.parametrize("nonsense", NONSENSE)
def test_every_call_refuses_nonsense(computer: Computer, nonsense: int) -> None:
    ending = computer.run(f"""
        movl $1, %ebx
    8:  movabsq ${nonsense % 2**64}, %rdi
        movq %rdi, %rsi
        movq %rdi, %rdx
        movq %rdi, %r10
        movq %rdi, %r8
        movq %rdi, %r9
        movl %ebx, %eax
        syscall
        testl %edx, %edx
        must nz
        incl %ebx
        cmpl ${len(NUMBERS)}, %ebx
        jb 8b
        halt $0
    """)
    assert ending.halted == 0

"""Programs that say hello, compute, fork, and crash, each on the machines it can run on."""

import pytest

from tests.programs.conftest import ROOT, exok

QEMU = pytest.param("qemu", marks=pytest.mark.boot)

CRASHES = {  # misdeed: status, and what the report says of it
    "index": (132, b"IndexError"),
    "overflow": (132, b"OverflowError"),
    "division": (132, b"ZeroDivisionError"),
    "assertion": (132, b"AssertionError"),
    "uncaught": (132, b""),
    "stack-overflow": (139, b""),
    "null-read": (139, b""),
    "null-write": (139, b""),
    "text-write": (139, b""),
    "kernel-read": (139, b""),
    "kernel-write": (139, b""),
    "direct-read": (139, b""),
    "exposed-write": (139, b""),
    "self-map-write": (139, b""),
    "not-canonical": (139, b""),
    "execute-stack": (139, b""),
    "execute-nothing": (139, b""),
    "execute-kernel": (139, b""),
    "undefined": (132, b""),
    "breakpoint": (133, b""),
    "divide": (136, b""),
    "cli": (139, b""),
    "hlt": (139, b""),
    "out": (139, b""),
    "in": (139, b""),
    "cr3": (139, b""),
    "rdmsr": (139, b""),
    "wrmsr": (139, b""),
    "lgdt": (139, b""),
    "sidt": (139, b""),
    "int80": (139, b""),
    "int-timer": (139, b""),
    "iretq": (139, b""),
    "no-handler": (137, b""),
    "overstay": (137, b"exok: the program kept the processor past the end of its slice\n"),
}


@pytest.mark.parametrize("machine", [QEMU, "native", "cpython"])
def test_hello(machine: str) -> None:
    ran = exok(machine, "hello.py", [], None, ROOT)
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"Hello, world!\n", b"", 0)


@pytest.mark.parametrize("machine", [QEMU, "native", "cpython"])
def test_hello_bare(machine: str) -> None:
    ran = exok(machine, "hello_bare.py", [], None, ROOT)
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"Hello, bare world!\n", b"", 0)


@pytest.mark.parametrize("machine", [QEMU, "native", "cpython"])
def test_a_tree_of_processes_is_counted(machine: str) -> None:
    depth = 2 if machine == "cpython" else 4
    ran = exok(machine, "fork_tree.py", [str(depth)], None, ROOT)
    expected = b"%d processes\n" % (2 ** (depth + 1) - 1)
    assert (ran.stdout, ran.stderr, ran.returncode) == (expected, b"", 0)


@pytest.mark.parametrize("machine", [QEMU, "native"])
def test_matrices_have_the_product_python_says(machine: str) -> None:
    left = [cell * 7 % 101 for cell in range(150 * 150)]
    right = [cell * 13 % 103 for cell in range(150 * 150)]
    value = 0
    for row in range(150):
        for column in range(150):
            cell = sum(left[row * 150 + step] * right[step * 150 + column] for step in range(150))
            value = (value * 31 + cell) % 1_000_003
    ran = exok(machine, "matmul.py", [], None, ROOT)
    assert (ran.stdout, ran.returncode) == (b"checksum %d\n" % value, 0)


@pytest.mark.parametrize("machine", [QEMU, "cpython"])
@pytest.mark.parametrize("misdeed", CRASHES)
def test_a_misdeed_ends_the_program_and_nothing_else(machine: str, misdeed: str) -> None:
    status, said = CRASHES[misdeed]
    ran = exok(machine, "misbehave.py", [misdeed], None, ROOT)
    assert ran.returncode == status, ran.stderr.decode()
    assert b"nothing happened" not in ran.stdout
    assert said in ran.stderr


@pytest.mark.parametrize("machine", [QEMU, "cpython"])
def test_calls_with_outrageous_names_are_refused(machine: str) -> None:
    ran = exok(machine, "misbehave.py", ["calls"], None, ROOT)
    assert ran.returncode == 0, ran.stderr.decode()
    assert b" 0 accepted" in ran.stdout

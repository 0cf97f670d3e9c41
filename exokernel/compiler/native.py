"""Compiled code in this very process: for tests, and for comparing with CPython at speed.

An image linked at a low address is mapped there and its functions are called with up to six
integers. A failed check is caught where it happens and reported, so that one process can run
millions of calls, faulty ones included. It works on x86-64 Linux only, protects nothing, and
runs no privileged instruction.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
import struct
from typing import NamedTuple

from exokernel.compiler.emit.machine_code import emit
from exokernel.compiler.ir import operations as op
from exokernel.compiler.link.elf import PROGRAM_HEADER
from exokernel.compiler.link.layout import native_layout
from exokernel.compiler.link.linker import link_image
from exokernel.compiler.lower.module import Conventions, lower_program
from exokernel.compiler.targets import EXOKERNEL

BASE = 0x40000000  # of the first image; a gigabyte above the heap of a Python that is linked low, as Debian's is
SPACING = 0x02000000
ARGUMENTS = 6
TRAP = b"\x67\x0f\xb9\x40"  # ud1 KIND(%eax), %eax; KIND follows
HANDLED = (signal.SIGILL, signal.SIGSEGV, signal.SIGFPE)
WITH_INFORMATION = 4  # SA_SIGINFO
FIXED = 0x100000  # MAP_FIXED_NOREPLACE

# native_call(function, arguments, result): the result is {value, error, address of the fault}.
# A fault of the image's own returns from native_call; others go to the handler before.
SUPPORT = """
.text
.globl native_call, native_handler, native_previous
native_call:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    pushq %rdx
    movq %rsp, native_stack
    movq %rdi, %rax
    movq %rsi, %r10
    movq (%r10), %rdi
    movq 8(%r10), %rsi
    movq 16(%r10), %rdx
    movq 24(%r10), %rcx
    movq 32(%r10), %r8
    movq 40(%r10), %r9
    callq *%rax
    movq $0, native_fault
1:  cld
    popq %rcx
    movq %rax, (%rcx)
    movl %edx, %edx
    movq %rdx, 8(%rcx)
    movq native_fault, %rax
    movq %rax, 16(%rcx)
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    retq
native_handler:
    movq 168(%rdx), %rax                # the ucontext's rip
    cmpq $image_text, %rax
    jb 2f
    cmpq $image_end, %rax
    jae 2f
    movq %rax, native_fault
    movq native_stack, %rax
    movq %rax, 160(%rdx)                # rsp
    movq $1b, 168(%rdx)
    retq
2:  movslq %edi, %rax
    jmpq *native_previous(,%rax,8)
.bss
.p2align 3
native_stack: .skip 8
native_fault: .skip 8
native_previous: .skip 8 * 32
.text
"""

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long)


class SignalAction(ctypes.Structure):
    """`struct sigaction` of the C library."""

    _fields_ = (
        ("handler", ctypes.c_void_p),
        ("mask", ctypes.c_byte * 128),
        ("flags", ctypes.c_int),
        ("restorer", ctypes.c_void_p),
    )


class NativeFault(Exception):
    """The code stopped itself (`kind`), or touched what it must not (`kind` is None)."""

    def __init__(self, kind: op.Fault | None, address: int) -> None:
        super().__init__(f"{kind.name if kind else 'a fault of the processor'} at {address:#x}")
        self.kind = kind
        self.address = address


class Returned(NamedTuple):
    """What a function returned: the value's bits as a signed integer, and the error number."""

    value: int
    error: int


class NativeImage:
    """A program in this process. Only functions given as entries can be called."""

    loaded = 0

    def __init__(self, program: op.Program, entries: list[str], level: int = 2) -> None:
        for name in entries:
            program.functions[name].attributes["gate"] = gate_symbol(name)
        program.assembly.append(SUPPORT)
        base = BASE + NativeImage.loaded * SPACING
        NativeImage.loaded += 1
        self.base = base
        code = emit(lower_program(program, "native", Conventions()), EXOKERNEL, level)
        image = link_image(code.object, native_layout(base), "native_call")
        self.elf, self.symbols = image.executable(), image.symbols
        self.optimised = code.optimised
        self.load()
        self.arguments = (ctypes.c_int64 * ARGUMENTS)()
        self.result = (ctypes.c_int64 * 3)()
        prototype = ctypes.CFUNCTYPE(None, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_void_p)
        self.enter = prototype(self.symbols["native_call"])

    def load(self) -> None:
        """Map the segments, all accesses allowed, and take the signals a failed check raises."""
        start, count = struct.unpack_from("<Q", self.elf, 32)[0], struct.unpack_from("<H", self.elf, 56)[0]
        for number in range(count):
            _, _, offset, address, _, size, extent, _ = PROGRAM_HEADER.unpack_from(self.elf, start + 56 * number)
            access = mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
            flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | FIXED
            if libc.mmap(address, extent, access, flags, -1, 0) != address:
                raise OSError(ctypes.get_errno(), f"the host does not give us {address:#x}")
            ctypes.memmove(address, self.elf[offset : offset + size], size)
        for one in HANDLED:
            action = SignalAction(self.symbols["native_handler"], flags=WITH_INFORMATION)
            previous = SignalAction()
            libc.sigaction(int(one), ctypes.byref(action), ctypes.byref(previous))
            self.word(self.symbols["native_previous"] + 8 * one).value = previous.handler or 0

    def unload(self) -> None:
        """Give the memory back. No function of the image may be called any more.

        Only the image loaded last can be unloaded: others' handlers of signals lead here.
        """
        for one in HANDLED:
            previous = self.word(self.symbols["native_previous"] + 8 * one).value
            libc.sigaction(int(one), ctypes.byref(SignalAction(previous, flags=WITH_INFORMATION)), None)
        libc.munmap(ctypes.c_void_p(self.base), ctypes.c_size_t(self.symbols["image_end"] - self.base))
        NativeImage.loaded -= 1

    def word(self, address: int) -> ctypes.c_uint64:
        """Eight bytes of memory."""
        return ctypes.c_uint64.from_address(address)

    def call(self, name: str, *arguments: int) -> Returned:
        """Call an entry.

        Raises:
            NativeFault: a check failed.
        """
        for position, argument in enumerate(arguments):
            self.arguments[position] = argument
        self.enter(self.symbols[gate_symbol(name)], self.arguments, self.result)
        value, error, fault = self.result
        if fault:
            raise NativeFault(kind_at(fault), fault)
        return Returned(value, error)


def gate_symbol(name: str) -> str:
    return f"gate of {name}"


def kind_at(address: int) -> op.Fault | None:
    """Which check an instruction ends, if it is one that ends a check."""
    found = ctypes.string_at(address, len(TRAP) + 1)
    return op.Fault(found[-1]) if found.startswith(TRAP) else None

"""The processor: memory as it sees it, and the crossings between user code and kernel.

Bodies of `@instruction` functions call `processor`, and places with absolute addresses are
loaded and stored through it. It runs user code by calling Python functions and enters the
kernel through a `Kernel`, which knows what the kernel's own assembly does. How a call stack
is saved and gone back to is `turns`'; which functions there are is `image`'s; registers are
in `hardware`.
"""

import os
import sys
from collections.abc import Callable
from inspect import signature
from typing import Any, NoReturn, Protocol

from exokernel.abi.faults import Fault
from exokernel.abi.x86_64 import TrapFrame, Vector
from exokernel.dialect import Record
from exokernel.dialect.unsafe import record_at
from exokernel.model.hardware import Hardware
from exokernel.model.image import ENTRY_SIZE, Image, entry_bytes, fault_symbol
from exokernel.model.traceback import name_of, show, text_of, text_of_stack
from exokernel.model.translation import PAGE, Access, NotCanonical, PageFault

MEMORY = 128 << 20  # bytes, unless somebody says otherwise
COUNTS_PER_ACCESS = 200  # of the timer; time passes when user code touches memory
USER_CODE, USER_DATA, KERNEL_CODE = 0x23, 0x1B, 0x08  # segment selectors
USER_FLAGS = 0x202
PANIC = 17  # what a kernel that gave up writes to the exit port
INSIDE = 2  # where in its sixteen bytes a function that runs is said to be

NOWHERE = 8  # an address no library maps

FAULTS = {
    IndexError: Fault.INDEX,
    OverflowError: Fault.OVERFLOW,
    ZeroDivisionError: Fault.DIVISION,
    AssertionError: Fault.ASSERTION,
    ValueError: Fault.VALUE,
}


class InterruptFrame(Record):
    """Where an exception or interrupt came from, and where it returns to."""

    instruction: int = 0
    code_segment: int = USER_CODE
    flags: int = USER_FLAGS
    stack: int = 0
    stack_segment: int = USER_DATA


class Kernel(Protocol):
    """What the kernel does when it is entered. Both run in kernel mode."""

    def on_exception(self, vector: int, error: int, frame: InterruptFrame) -> None: ...

    def on_system_call(self, number: int, arguments: tuple[Any, ...]) -> tuple[Any, int]: ...


class KernelFault(Exception):
    """The kernel broke a rule of the processor: what makes it panic."""


class KernelGaveUp(KernelFault):
    """The kernel stopped itself, and reported why."""


class Departing(BaseException):
    """The kernel is left, wherever on its stack it is."""


class Abandoning(BaseException):
    """A trap is given up: the reason and the vector are for the kernel."""

    def __init__(self, reason: int, vector: int) -> None:
        super().__init__(reason, vector)
        self.reason, self.vector = reason, vector


class Processor(Hardware):
    """The one processor of a machine. `reset` before use."""

    def __init__(self) -> None:
        self.kernel: Kernel | None = None
        self.kernel_image = self.user_image = Image()
        self.loading: Image | None = None  # the one whose modules are being imported
        self.programs: dict[str, Callable[[], int]] = {}  # `main` by name
        self.program = ""  # the one that runs
        super().__init__()

    def reset(self, memory_size: int) -> None:
        """Switch off and on: also no code runs yet, in kernel mode."""
        super().reset(memory_size)
        self.user = self.told = False  # told: a traceback has been shown of what this environment dies of
        self.instruction = self.stack = 0

    def trap(self) -> NoReturn:
        """Execute the undefined instruction, in the kernel: it has said why."""
        raise KernelGaveUp("the kernel gave up")

    def depart(self) -> NoReturn:
        """Abandon the kernel's stack and leave it."""
        raise Departing

    def abandon(self, reason: int, vector: int) -> NoReturn:
        """Abandon the kernel's stack, and the environment whose trap was being served."""
        raise Abandoning(reason, vector)

    # Memory, by linear address, with the rights of whoever runs

    @property
    def memory(self) -> "Processor":
        return self

    def load(self, address: int, size: int) -> int:
        if address % PAGE + size > PAGE:
            return int.from_bytes(self.read(address, size), "little")
        return self.ram.load(self._reach(address, Access.READ), size)

    def store(self, address: int, size: int, value: int) -> None:
        if address % PAGE + size > PAGE:
            self.write(address, value.to_bytes(size, "little"))
        else:
            self.ram.store(self._reach(address, Access.WRITE), size, value)

    def read(self, address: int, size: int) -> bytes:
        content = b""
        while size > 0:
            piece = min(size, PAGE - address % PAGE)
            content += self.ram.read(self._reach(address, Access.READ), piece)
            address, size = address + piece, size - piece
        return content

    def write(self, address: int, data: bytes) -> None:
        while data:
            piece = min(len(data), PAGE - address % PAGE)
            self.ram.write(self._reach(address, Access.WRITE), data[:piece])
            address, data = address + piece, data[piece:]

    def _reach(self, address: int, access: Access) -> int:
        """Translate; user code takes its exceptions and tries again."""
        if self.user:
            self._pass_time(COUNTS_PER_ACCESS)
        while True:
            try:
                return self.translator.physical(address, access, user=self.user)
            except PageFault as fault:
                self.fault_address = fault.address
                vector, error = Vector.PAGE_FAULT, int(fault.error)
            except NotCanonical:
                vector, error = Vector.GENERAL_PROTECTION, 0
            if not self.user:
                raise KernelFault(f"{vector.name} at {address % 2**64:#x}, error {error:#x}")
            self.exception(vector, error)

    # Symbols of whatever runs

    @property
    def image(self) -> Image:
        return self.loading or (self.user_image if self.user else self.kernel_image)

    def symbol_address(self, name: str) -> int:
        return self.image.symbol_address(name)

    def entry_address(self, function: Callable[..., object]) -> int:
        return self.image.entry_address(function)

    def assemble(self, text: str) -> None:
        if self.loading is not None:
            self.loading.assemble(text)

    # Into the kernel

    def exception(self, vector: int, error: int) -> None:
        """Interrupt user code, and let it go on where the kernel says."""
        frame = InterruptFrame(instruction=self.instruction, stack=self.stack)
        self._in_kernel(lambda kernel: kernel.on_exception(vector, error, frame))
        if frame.instruction != self.instruction:
            self._run_handler(frame)

    def refuse(self, vector: Vector) -> NoReturn:
        """Execute an instruction of user code that the processor lets nobody past."""
        while True:
            self.exception(vector, 0)

    def system_call(self, number: int, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        """Make a system call from user code."""
        if not self.user:
            raise KernelFault("the kernel makes no system calls")
        answer: tuple[Any, int] = self._in_kernel(
            lambda kernel: kernel.on_system_call(number, arguments)
        )
        self._pass_time(COUNTS_PER_ACCESS)
        return answer

    def wait(self) -> NoReturn:
        """Wait for interrupts, in the kernel, with nothing to run."""
        self.user = False
        while True:
            self.timer.now = max(self.timer.now, self.timer.deadline)
            if self.timer.take_interrupt():
                frame = InterruptFrame(code_segment=KERNEL_CODE)
                vector = self.timer.vector
                self._in_kernel(lambda kernel: kernel.on_exception(vector, 0, frame))
                self.user = False

    def _in_kernel(self, enter: Callable[[Kernel], Any]) -> Any:
        if self.kernel is None:
            raise RuntimeError("no kernel is loaded")
        self.user = False
        try:
            result = enter(self.kernel)
        except Exception as error:
            self.panic(error)
        self.user = True
        return result

    def panic(self, error: Exception) -> NoReturn:
        """End the machine because the kernel failed."""
        if not self.turns.running:
            raise error
        show(text_of(error), self.ports.console.report)
        said = "" if isinstance(error, KernelGaveUp) else "panic"
        os.write(self.ports.console.report, f"{said}\n".encode())
        self.end(PANIC)

    def _pass_time(self, counts: int) -> None:
        self.timer.now += counts
        if self.timer.take_interrupt():
            self.exception(self.timer.vector, 0)

    # User code

    def enter(self, entry: int, stack: int) -> NoReturn:
        """Leave the kernel to the code at `entry`."""
        self.user = True
        self.jump(entry, stack)

    def jump(self, entry: int, stack: int) -> NoReturn:
        """Go on at the code at `entry`, with a stack of its own."""
        self.instruction, self.stack = entry + INSIDE, stack
        try:
            self._call(entry)
        except Exception as error:
            if not self.user:
                raise
            self.told = True
            show(text_of(error), self.ports.console.report)
            self._fault(error)
        raise KernelFault("user code returned from where nothing called it")

    def _fault(self, error: Exception) -> None:
        """Raise the processor's exception that stands for one of Python's nobody caught."""
        if isinstance(error, RecursionError):  # a compiled program runs out of stack instead
            self.fault_address = NOWHERE
            while True:
                self.exception(Vector.PAGE_FAULT, 0)
        kinds = (kind for python, kind in FAULTS.items() if isinstance(error, python))
        self.instruction = self.user_image.symbol_address(fault_symbol(next(kinds, Fault.UNCAUGHT)))
        self.exception(Vector.INVALID_OPCODE, 0)

    def tell(self, trap: TrapFrame) -> None:
        """Show what the running environment dies of, while the frames are there in which it happened."""
        if not self.told:
            sentence = name_of(trap.vector, trap.error, trap.address, trap.stack)
            show(text_of_stack(sentence, Processor.jump.__code__), self.ports.console.report)

    def _run_handler(self, frame: InterruptFrame) -> None:
        """Run an exception handler until its `iretq`."""
        interrupted = self.instruction, self.stack
        self.instruction, self.stack = frame.instruction + INSIDE, frame.stack
        self._call(frame.instruction)
        record = record_at(TrapFrame, frame.stack)
        instruction, stack = record.instruction, record.stack
        if instruction != interrupted[0]:
            self.jump(instruction, stack)
        self.instruction, self.stack = interrupted

    def _call(self, entry: int) -> None:
        """Run the function whose code is at `entry`, if it really is there."""
        self._reach(entry, Access.FETCH)
        name = self.user_image.function_at(entry)
        if not name or self.read(entry, ENTRY_SIZE) != entry_bytes(entry):
            self.exception(Vector.INVALID_OPCODE, 0)
            raise KernelFault(f"no code at {entry:#x}")
        function = self.user_image.exports[name]
        if signature(function).parameters:
            function(record_at(TrapFrame, self.stack))
        else:
            function()

    def program_main(self) -> int:
        """Run the program of this environment."""
        return self.programs[self.program]()

    # Contexts

    def checkpoint(self, context: int) -> bool:
        """Save all registers, as a ticket of eight bytes at `context`; True when resumed."""
        ticket = self.turns.next_ticket()
        self.store(context, 8, ticket)
        state = self.turns.save(ticket)
        if state is None:
            return False
        self.adopt(state)
        self.user = True
        return True

    def resume(self, context: int) -> NoReturn:
        """Go back to where `context` was saved."""
        self.turns.resume(self.load(context, 8), self.state())


processor = Processor()
sys.setrecursionlimit(max(sys.getrecursionlimit(), 10_000))  # handlers nest on Python's stack

"""What the assembly of the kernel's ways in and out means, in Python.

`kernel/arch/x86_64/entry.py` has it in machine code: a trap goes to the function exported as
`trap_N`, a call through the gate, and whoever leaves the kernel goes where `departure` says.
What traps and calls mean is the kernel's own Python.
"""

from collections.abc import Callable
from inspect import signature
from typing import Any, get_type_hints

from exokernel.abi.errors import BadCall
from exokernel.dialect import Word, calls
from exokernel.model.processor import Abandoning, Departing, InterruptFrame, KernelFault, Processor

FIRST_INTERRUPT = 32  # vectors below are exceptions
IGNORED = (2,)  # NMI
ROUTINE, INSTRUCTION = 0, 16  # offsets in `departure`
TOP = 16  # offset in `running`


class Crossings:
    """Enters the kernel that the processor's kernel image is, and leaves it."""

    def __init__(self, processor: Processor, caller: Callable[[], Any]) -> None:
        self._processor = processor
        self._caller = caller  # who made the call being served
        self._exports = processor.kernel_image.exports

    def boot(self, start_info: int) -> None:
        """Run the kernel from its first function to the first environment."""
        try:
            self._exports["kernel_main"](start_info)
        except Departing:
            self._leave()

    def on_exception(self, vector: int, error: int, frame: InterruptFrame) -> None:
        if vector in IGNORED:
            return
        if frame.code_segment & 3 == 0 and vector < FIRST_INTERRUPT:
            raise KernelFault(f"exception {vector} in the kernel")
        handler = self._exports[f"trap_{vector}"]
        hints = get_type_hints(handler)
        first = next(iter(signature(handler).parameters))
        pushed = hints[first]._at(frame._memory, frame._address)
        try:
            if len(signature(handler).parameters) == 1:
                handler(pushed)
            else:
                handler(pushed, error)
        except Departing:
            self._leave()
        except Abandoning as death:
            self._die(death)

    def on_system_call(self, number: int, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        declaration = calls.declared_calls().get(number)
        if declaration is None:
            return 0, BadCall.number
        self._processor.store(self._departure + ROUTINE, 8, 0)  # as a call pushes where to return to
        answer = calls.dispatch(number, self._caller(), in_registers(declaration, arguments))
        self._leave()
        return answer.value, answer.error

    def _die(self, death: Abandoning) -> None:
        try:
            self._exports["trap_death"](death.reason, death.vector)
        except Departing:
            self._leave()

    def _leave(self) -> None:
        """Go where `departure` says; return when that is back to whoever entered."""
        load, symbol = self._processor.load, self._processor.symbol_address
        routine = load(self._departure + ROUTINE, 8)
        if routine == symbol("enter_environment"):
            self._processor.enter(load(self._departure + INSTRUCTION, 8), load(symbol("running") + TOP, 8))
        if routine == symbol("wait_for_interrupt"):
            self._processor.wait()

    @property
    def _departure(self) -> int:
        return self._processor.symbol_address("departure")


def in_registers(declaration: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Pass arguments as the machine does: as bits, which the kernel takes for what it expects."""
    kinds = get_type_hints(declaration)
    expected = (kinds[name] for name in signature(declaration).parameters)
    return tuple(_received(kind, int(each)) for kind, each in zip(expected, arguments))


def _received(kind: Any, register: int) -> Any:
    return kind.of(register) if isinstance(kind, type) and issubclass(kind, Word) else register

"""What the assembly of the kernel's ways in and out means, in Python.

`kernel/arch/x86_64/entry.py` has it in machine code: a trap goes to the function exported as
`trap_N`, a call through the gate, and whoever leaves the kernel looks at `departure` last.
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
        symbol = self._processor.symbol_address
        place = symbol("departure")
        routine, entry, stack = (self._processor.load(place + 8 * n, 8) for n in range(3))
        if routine == 0:
            return
        self._processor.store(place, 8, 0)
        if routine == symbol("enter_environment"):
            self._processor.enter(entry, stack)
        self._processor.wait()


def in_registers(declaration: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, ...]:
    """Pass arguments as the machine does: as bits, which the kernel takes for what it expects."""
    kinds = get_type_hints(declaration)
    expected = (kinds[name] for name in signature(declaration).parameters)
    return tuple(_received(kind, int(each)) for kind, each in zip(expected, arguments))


def _received(kind: Any, register: int) -> Any:
    return kind.of(register) if isinstance(kind, type) and issubclass(kind, Word) else register

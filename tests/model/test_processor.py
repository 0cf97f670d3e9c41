"""User code takes its exceptions, and the kernel gets them first."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from exokernel.abi.x86_64 import Entry, TrapFrame, Vector
from exokernel.dialect import memory, u8
from exokernel.dialect.unsafe import array_at, record_at
from exokernel.model.devices import PowerOff
from exokernel.model.image import Image, Region
from exokernel.model.processor import COUNTS_PER_ACCESS, InterruptFrame, KernelFault, Processor

ROOT, CODE, STACK, FREE = 1, 0x400000, 0x7FF000, 16
HEAP = 0x10000000
RECORD = STACK + 0x800


class ToyKernel:
    """Maps whatever is touched, after telling the user's handler, and knows one call."""

    def __init__(self, processor: Processor) -> None:
        self.processor = processor
        self.next_frame = FREE
        self.handler = self.stack_memory = 0
        self.vectors: list[int] = []

    def map(self, address: int, *, writable: bool = False) -> int:
        """Map a fresh frame, and the tables on the way to it."""
        table = ROOT
        for shift in (39, 30, 21):
            place = table * 4096 + 8 * (address >> shift & 511)
            entry = Entry.of(self.processor.ram.load(place, 8))
            if not entry.present:
                entry = Entry(present=True, writable=True, user=True, frame=self.fresh())
                self.processor.ram.store(place, 8, int(entry))
            table = entry.frame
        leaf = Entry(present=True, user=True, writable=writable, frame=self.fresh())
        self.processor.ram.store(table * 4096 + 8 * (address >> 12 & 511), 8, int(leaf))
        return leaf.frame * 4096

    def fresh(self) -> Any:
        self.next_frame += 1
        return self.next_frame

    def on_exception(self, vector: int, error: int, frame: InterruptFrame) -> None:
        self.vectors.append(vector)
        if self.handler == 0:
            self.map(self.processor.fault_address, writable=True)
            return
        record = self.processor.ram
        trap = (vector, error, self.processor.fault_address)
        pushed = (frame.instruction, frame.code_segment, frame.flags)
        for number, value in enumerate((*trap, *pushed, frame.stack, frame.stack_segment)):
            record.store(self.stack_memory + 0x800 + 8 * number, 8, value)
        frame.instruction, frame.stack = self.handler, RECORD

    def on_system_call(self, number: int, arguments: tuple[Any, ...]) -> tuple[Any, int]:
        if number == 1:
            self.map(arguments[0], writable=True)
        return number, 0


@pytest.fixture
def processor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Processor]:
    made = Processor()
    made.reset(4 << 20)
    made.load_cr3(ROOT * 4096)
    monkeypatch.setattr(memory, "machine", made)
    yield made


def run(processor: Processor, main: Callable[[], None], **handlers: Callable[..., None]) -> ToyKernel:
    """Run `main` as user code, until it ends the machine."""
    kernel = ToyKernel(processor)
    processor.kernel = kernel
    image = Image(code=Region(CODE, CODE + 4096))
    image.exports = {"main": main, **handlers}
    image.close()
    image.add_faults()
    processor.user_image = image
    code = kernel.map(CODE)
    for piece in image.pieces:
        processor.ram.write(code + piece.address % 4096, piece.content)
    kernel.stack_memory = kernel.map(STACK, writable=True)
    if handlers:
        kernel.handler = image.symbol_address("handler")
    with pytest.raises(PowerOff):
        processor.enter(image.symbol_address("main"), STACK + 0x1000)
    return kernel


def test_memory_comes_when_it_is_touched(processor: Processor) -> None:
    def main() -> None:
        octets = array_at(u8, HEAP, 8192)
        octets[4090:4100] = b"0123456789"
        assert bytes(octets[4090:4100]) == b"0123456789"
        processor.end(0)

    assert run(processor, main).vectors == [Vector.PAGE_FAULT, Vector.PAGE_FAULT]


def test_a_handler_repairs_and_the_access_goes_on(processor: Processor) -> None:
    told: list[tuple[int, int, int]] = []

    def handler(frame: TrapFrame) -> None:
        told.append((frame.vector, frame.error, frame.address))
        processor.system_call(1, (frame.address,))

    def main() -> None:
        octets = array_at(u8, HEAP, 16)
        octets[3] = 7
        assert octets[3] == 7 and processor.stack == STACK + 0x1000
        processor.end(0)

    run(processor, main, handler=handler)
    assert told == [(Vector.PAGE_FAULT, 0b110, HEAP + 3)]


def test_a_fault_of_python_is_an_undefined_instruction(
    processor: Processor, capfd: pytest.CaptureFixture[str]
) -> None:
    def handler(frame: TrapFrame) -> None:
        processor.end(0)

    def main() -> None:
        array_at(u8, HEAP, 16)[16]

    assert run(processor, main, handler=handler).vectors == [Vector.INVALID_OPCODE]
    assert "IndexError" in capfd.readouterr().err


def test_what_a_handler_gives_up_is_shown_where_it_happened(processor: Processor, capfd: pytest.CaptureFixture[str]) -> None:
    def handler(frame: TrapFrame) -> None:
        processor.tell(frame)
        processor.end(0)

    def main() -> None:
        processor.load(HEAP, 1)

    run(processor, main, handler=handler)
    said = [line for line in capfd.readouterr().err.splitlines() if not line.startswith("traceback ")]
    assert said[1].endswith("in main") and said[2].strip() == "processor.load(HEAP, 1)"
    assert said[-1] == f"MemoryFault: read of {HEAP:#x}, which is not mapped"


def test_what_python_has_shown_is_not_shown_again(processor: Processor, capfd: pytest.CaptureFixture[str]) -> None:
    def handler(frame: TrapFrame) -> None:
        processor.tell(frame)
        processor.end(0)

    def main() -> None:
        array_at(u8, HEAP, 16)[16]

    run(processor, main, handler=handler)
    assert capfd.readouterr().err.count("\ntraceback Traceback") == 1


def test_a_fault_of_the_kernel_is_not_delivered(processor: Processor) -> None:
    with pytest.raises(KernelFault, match="PAGE_FAULT"):
        record_at(TrapFrame, HEAP).vector = 1


def test_code_must_really_lie_where_it_is_entered(processor: Processor) -> None:
    def handler(frame: TrapFrame) -> None:
        processor.end(0)

    def main() -> None:
        processor.jump(CODE + 8, STACK + 0x1000)

    assert run(processor, main, handler=handler).vectors == [Vector.INVALID_OPCODE]


def test_time_passes_while_user_code_touches_memory(processor: Processor) -> None:
    ticks: list[int] = []

    def handler(frame: TrapFrame) -> None:
        if frame.vector == Vector.TIMER:
            ticks.append(processor.timer.now)
        else:
            processor.system_call(1, (frame.address,))

    def main() -> None:
        processor.timer.store(0x320, 4, 1 << 17 | Vector.TIMER)
        processor.timer.store(0x380, 4, 100_000)
        octets = array_at(u8, HEAP, 16)
        while len(ticks) < 3:
            octets[0] = 1
        processor.end(0)

    vectors = run(processor, main, handler=handler).vectors
    assert vectors == [Vector.PAGE_FAULT] + [Vector.TIMER] * 3
    assert ticks[2] - ticks[0] == pytest.approx(200_000, abs=COUNTS_PER_ACCESS)

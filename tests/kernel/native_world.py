"""The same kernel compiled for the host, in the same world.

The portable kernel's own source is compiled with another machine below it (`native/`), and its
tables lie at low addresses of this process; CPython's kernel and the specification see them
through `memory.machine`, moved. A call goes through the compiled gate.
"""

import ctypes
import mmap
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from exokernel.abi.layout import DIRECT_MAP, FRAMES_OFFSET, PUBLIC
from exokernel.abi.names import FIRST, FRAME_SIZE, EnvironmentId
from exokernel.abi.tables import FrameState
from exokernel.compiler.build.options import Options
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.native import NativeFault, NativeImage, libc
from exokernel.dialect import calls, memory, size_of
from exokernel.dialect.integers import as_signed
from tests.kernel import fake_machine
from tests.kernel.worlds import FRAMES, ROOT, World, numbers

HERE = {DIRECT_MAP: 0x2000000000, PUBLIC: 0xA000000000}  # where the kernel's two windows lie in this process
MODULES = ("gate", "capabilities", "frames", "tables", "translations", "environments", "slices", "console", "processor", "drivers.console")
TICK = "exokernel.kernel.slices.tick"
PREPARE = "exokernel.kernel.drivers.console.prepare"

LOG, LOG_WORDS = 0x1800000000, 2048
STREAMS, STREAM_SIZE = 0x1800010000, 0x4000
USED = STREAMS + 4 * STREAM_SIZE

RANGES = {  # address here -> bytes
    HERE[DIRECT_MAP]: FRAMES * FRAME_SIZE,
    HERE[PUBLIC]: FRAMES_OFFSET + FRAMES * size_of(FrameState),
    LOG: 0x21000,
}
ZERO = bytes(FRAME_SIZE)


def copy_source(target: Path) -> None:
    """Put together the kernel's source with the machine of the tests below it."""
    for package in ("abi", "kernel"):
        shutil.copytree(ROOT / "exokernel" / package, target / "exokernel" / package)
    layout = target / "exokernel" / "abi" / "layout.py"
    text = layout.read_text()
    for name, there, here in (("DIRECT_MAP", "-(2**47)", HERE[DIRECT_MAP]), ("PUBLIC", "-(2**30)", HERE[PUBLIC])):
        assert f"\n{name} = {there}" in text
        text = text.replace(f"\n{name} = {there}", f"\n{name} = {here:#x}")
    layout.write_text(text)
    for name in ("machine", "ports"):
        shutil.copy(Path(__file__).parent / "native" / f"{name}.py", target / "exokernel" / "kernel" / "arch")


@cache
def image() -> NativeImage:
    """Compile the kernel, once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        copy_source(Path(folder))
        options = Options(
            roots=(Path(folder),), kind="kernel", output="exokernel.kernel.drivers.console", entries=("tick", "prepare")
        )
        builder = ProgramBuilder(options)
        program = builder.build(["exokernel.abi.calls", *(f"exokernel.kernel.{name}" for name in MODULES)])
        made = NativeImage(program, [TICK, PREPARE])
    for address, size in RANGES.items():
        flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x100000  # not over anything
        if libc.mmap(address, size, mmap.PROT_READ | mmap.PROT_WRITE, flags, -1, 0) != address:
            raise OSError(ctypes.get_errno(), f"the host does not give us {address:#x}")
    return made


class NativeMemory(fake_machine.SparseMemory):
    """The compiled kernel's memory, by the addresses that CPython's kernel uses."""

    def __init__(self) -> None:
        super().__init__()
        self.windows = {there % 2**64: octets(here, RANGES[here]) for there, here in HERE.items()}

    def found(self, address: int, size: int) -> memoryview | None:
        """The bytes at an address, if they lie in a window."""
        for first, content in self.windows.items():
            offset = address % 2**64 - first
            if 0 <= offset <= len(content) - size:
                return content[offset : offset + size]
        return None

    def load(self, address: int, size: int) -> int:
        found = self.found(address, size)
        return super().load(address, size) if found is None else int.from_bytes(found, "little")

    def read(self, address: int, size: int) -> bytes:
        found = self.found(address, size)
        return super().read(address, size) if found is None else bytes(found)

    def write(self, address: int, data: bytes) -> None:
        found = self.found(address, len(data))
        if found is None:
            super().write(address, data)
        else:
            found[:] = data

    def snapshot(self) -> dict[int, bytes]:
        found = super().snapshot()
        for first, content in self.windows.items():
            whole = bytes(content)
            for offset in range(0, len(whole), FRAME_SIZE):
                page = whole[offset : offset + FRAME_SIZE]
                if page != ZERO[: len(page)]:
                    found[(first + offset) // FRAME_SIZE] = page
        return found

    def restore(self, snapshot: dict[int, bytes]) -> None:
        self.clear()
        self.pages = {}
        for number, page in snapshot.items():
            self.write(number * FRAME_SIZE, page)

    def clear(self) -> None:
        for first, size in RANGES.items():
            ctypes.memset(first, 0, size)


def words(address: int, count: int) -> Any:
    return (ctypes.c_int64 * count).from_address(address)


def octets(address: int, count: int) -> memoryview:
    return memoryview((ctypes.c_uint8 * count).from_address(address)).cast("B")


class NativeWorld(World):
    """A world whose calls and ticks are those of the compiled kernel."""

    def new_memory(self) -> fake_machine.SparseMemory:
        image()
        fresh = NativeMemory()
        fresh.clear()
        return fresh

    def boot(self) -> None:
        super().boot()
        image().call(PREPARE)

    def answer(self, name: str, *arguments: Any, by: int = FIRST) -> calls.Answer:
        memory.machine = self.memory  # type: ignore[assignment]
        self.machine.current = EnvironmentId(by)
        raw = [as_signed(int(argument)) for argument in arguments]
        answer = self.enter(image().symbols[f"syscall_{numbers[name]}"], raw)
        if name == "console_read" and answer.error == 0:
            del self.log.typed[0]
        return answer

    def tick(self) -> int:
        return self.enter(image().symbols[f"gate of {TICK}"], []).value  # type: ignore[no-any-return]

    def enter(self, address: int, raw: list[int]) -> calls.Answer:
        """Call a gate, and take over what the machine was asked."""
        native = image()
        self.log.clear()
        ctypes.memset(LOG, 0, 8 * LOG_WORDS)
        self.pass_on_what_was_typed()
        for place in range(6):
            native.arguments[place] = raw[place] if place < len(raw) else 0
        native.enter(address, native.arguments, native.result)
        value, error, fault = native.result
        self.take_over()
        if words(USED, 6)[5]:
            raise fake_machine.PoweredOff
        if fault:
            raise NativeFault(None, fault)
        return calls.Answer(value if not error else 0, error)

    def pass_on_what_was_typed(self) -> None:
        used = words(USED, 6)
        used[3] = len(self.log.typed)
        ctypes.memmove(STREAMS + 3 * STREAM_SIZE, bytes(self.log.typed), len(self.log.typed))

    def take_over(self) -> None:
        asked, used = words(LOG, LOG_WORDS), words(USED, 6)
        if asked[0]:
            self.log.departure = fake_machine.Departure(*asked[1:6])
        self.log.all_forgotten = bool(asked[6])
        for number in range(asked[7]):
            first, count = asked[16 + 2 * number : 18 + 2 * number]
            self.log.forgotten |= set(range(first, first + count))
        if asked[8]:
            self.log.registers_forgotten.append(asked[8])
        for stream in range(3):
            self.log.output[stream] = bytearray(ctypes.string_at(STREAMS + stream * STREAM_SIZE, used[stream]))

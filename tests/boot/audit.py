"""Is all as it must be, in the memory of a machine that was stopped? Asked of the specification itself.

The invariants that are proved of every call are functions of the kernel's tables; here they run
under CPython over a dump of real memory, for every frame, entry, slot, environment and slice
there is. Counters are counted, and the kernel's half must be the same in every address space.
What happened before is not asked.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from struct import pack
from typing import Any

from elftools.elf.elffile import ELFFile

from exokernel.abi.layout import DIRECT_MAP, FIRST_KERNEL_SLOT, FRAMES_OFFSET, LARGE_PAGE, PUBLIC, PUBLIC_PHYSICAL, SELF_SLOT
from exokernel.abi.names import ENVIRONMENTS, FIRST, FRAME_SIZE, NOBODY, SLICES, SLOTS, TABLE_ENTRIES, Frame, Index
from exokernel.abi.tables import FrameKind, FrameState, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import memory, offset_of, size_of
from exokernel.kernel.drivers.power import EXIT_PORT, ORDERLY
from tests.boot.debugger import Debugger
from tests.boot.guest import Computer, Ending, assemble, symbols_of
from tests.kernel.oracle import clauses, specification
from tests.kernel.worlds import modules

BYTES = 64 << 20  # of a machine that is to be audited
SELF = Entry(present=True, user=True, no_execute=True)  # the map of itself in a root, but for the frame
NOTED = Entry(accessed=True, dirty=True)
ENDING = "machine_runs_a_live_environment"  # is not true any more when the first environment has died


class Dump:
    """Physical memory, at the addresses where the kernel sees it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def load(self, address: int, size: int) -> int:
        return int.from_bytes(self.read(address, size), "little")

    def read(self, address: int, size: int) -> bytes:
        signed = (address + 2**63) % 2**64 - 2**63
        place = signed - PUBLIC + PUBLIC_PHYSICAL if signed >= PUBLIC else signed - DIRECT_MAP
        assert 0 <= place <= len(self.content) - size, f"nothing is at {address:#x}"
        return self.content[place : place + size]


@contextmanager
def seen(content: bytes) -> Iterator[None]:
    """Let the kernel's tables be those in a dump."""
    before = memory.machine
    memory.machine = Dump(content)  # type: ignore[assignment]
    try:
        yield
    finally:
        memory.machine = before


def audit(content: bytes) -> list[str]:
    """What is not as it must be."""
    with seen(content):
        return [*broken_clauses(), *miscounted(), *foreign_kernel_halves(), *lost_quota()]


def state() -> Any:
    return modules["state"]


def frame_count() -> int:
    return int(state().machine_state().frame_count)


def frames_in_use() -> list[tuple[int]]:
    """All frames but those that are free and say nothing more, and beyond memory, where the table's last page still has rows,
    those that are reserved and say nothing more."""
    size, kind = size_of(FrameState), offset_of(FrameState, "kind")
    content = FRAMES_OFFSET + frame_count() * size
    table = memory.machine.read(PUBLIC + FRAMES_OFFSET, content + -content % LARGE_PAGE - FRAMES_OFFSET)
    free = bytes(kind) + bytes([FrameKind.FREE]) + bytes(size - kind - 1)
    plain = [free] * frame_count() + [bytes(size)] * (len(table) // size - frame_count())
    return [(number,) for number, row in enumerate(plain) if table[number * size : (number + 1) * size] != row]


def entries_in_use() -> list[tuple[Frame, Index]]:
    found = []
    for (number,) in frames_in_use():
        if state().frames[number].kind >= FrameKind.TABLE_1:
            content = memory.machine.read(DIRECT_MAP + number * FRAME_SIZE, FRAME_SIZE)
            found += [(Frame(number), Index(index)) for index in range(TABLE_ENTRIES) if content[8 * index] & 1]
    return found


def names() -> dict[str, list[tuple[int, ...]]]:
    """All names there are of what a clause speaks of."""
    return {
        "Frame": [*frames_in_use()],
        "EnvironmentId": [(number,) for number in range(ENVIRONMENTS)],
        "Slice": [(number,) for number in range(SLICES)],
        "Frame Index": [*entries_in_use()],
        "EnvironmentId Slot": [(holder, slot) for holder in range(ENVIRONMENTS) for slot in range(SLOTS)],
        "": [()],
    }


def broken_clauses() -> Iterator[str]:
    known = names()
    ended = state().environments[FIRST].phase == Phase.DEAD
    for clause, kinds in clauses("invariants"):
        if ended and clause.__name__ == ENDING:
            continue
        yield from (f"{clause.__name__}{each}" for each in known[kinds] if not clause(*each))


def miscounted() -> Iterator[str]:
    """Counters that are not what they count."""
    counts = specification["counts"]
    known = names()
    owned = [each for each in known["Slice"] if state().slices[each[0]].owner != NOBODY]
    things: dict[str, list[tuple[int, ...]]] = {
        "entry": known["Frame Index"],
        "frame": known["Frame"],
        "root": known["EnvironmentId"],
        "page": known["EnvironmentId"],
        "environment": known["EnvironmentId"],
        "slice": owned,
    }
    for name in counts.AT_MOST:
        reader: Callable[..., int] = getattr(counts, name)
        counted: Counter[int] = Counter()
        for kind, found in things.items():
            counter = getattr(counts, f"{name}_by_{kind}", None)
            if counter is not None:
                counted.update(counter(*each) for each in found)
        for key, each in keys_of(name, known):
            if reader(*each) != counted[key]:
                yield f"{name}{each} is {reader(*each)}, not {counted[key]}"


def keys_of(name: str, known: dict[str, list[tuple[int, ...]]]) -> Iterator[tuple[int, tuple[int, ...]]]:
    match name:
        case "uses_of" | "entries_of" | "restricted_of":
            yield from ((each[0], each) for each in known["Frame"])
        case "mappings_under":
            yield from ((SLOTS * each[0] + each[1], each) for each in known["EnvironmentId Slot"])
        case _:
            yield from ((each[0], each) for each in known["EnvironmentId"])


def foreign_kernel_halves() -> Iterator[str]:
    """Roots whose upper half is not as the others', or whose map of itself is something else."""
    roots = [number for (number,) in frames_in_use() if state().frames[number].kind == FrameKind.TABLE_4]
    first = upper_half(roots[0])
    del first[SELF_SLOT]
    for number in roots:
        half = upper_half(number)
        own = half.pop(SELF_SLOT)
        if own != SELF.replace(frame=Frame(number)):
            yield f"root {number} has {own} for a map of itself"
        if half != first:
            yield f"root {number} has another kernel's half than root {roots[0]}"


def upper_half(root: int) -> dict[int, Entry]:
    """The kernel's entries in a root, but for what the walk notes in them."""
    content = memory.machine.read(DIRECT_MAP + root * FRAME_SIZE, FRAME_SIZE)
    return {
        slot: Entry.of(int.from_bytes(content[8 * slot : 8 * slot + 8], "little") & ~int(NOTED))
        for slot in range(FIRST_KERNEL_SLOT, TABLE_ENTRIES)
    }


def lost_quota() -> Iterator[str]:
    """Quota is moved and never made: together all may own what there is."""
    there = {
        "quota": sum(state().frames[number].kind != FrameKind.RESERVED for number in range(frame_count())),
        "slice_quota": SLICES,
        "name_quota": ENVIRONMENTS - 1,  # NOBODY is nobody's
    }
    for name, count in there.items():
        allowed = sum(getattr(each, name) for each in state().environments)
        if allowed != count:
            yield f"{name} for {allowed}, and there are {count}"


def ways_off(kernel: bytes) -> list[int]:
    """The instructions of a kernel that switch the machine off in good order."""
    text: Any = ELFFile(BytesIO(kernel)).get_section_by_name(".text")
    port, code = b"\xba" + pack("<I", EXIT_PORT), b"\xb8" + pack("<I", ORDERLY)  # movl to EDX, to EAX
    found = re.finditer(b"(%b|%b)\xef" % (re.escape(port + code), re.escape(code + port)), text.data())
    return [text["sh_addr"] + each.end() - 1 for each in found]


class Auditor:
    """Steers a machine: lets it run to its end, and dumps its memory just before that."""

    def __init__(self, computer: Computer, size: int = BYTES, counters: int = 0, count: int = 0) -> None:
        self.stops = ways_off(computer.kernel.read_bytes())
        self.dump = computer.folder / "dump"
        self.size = size  # of the machine's memory
        self.counters, self.count = counters, count  # words of the guest's, to be read as well
        self.counted: tuple[int, ...] = ()

    def __call__(self, debugger: Debugger) -> None:
        for address in self.stops:
            debugger.stop_at(address)
        if debugger.go_on():
            self.counted = debugger.words(self.counters, self.count) if self.count else ()
            debugger.command(f'pmemsave 0 {self.size} "{self.dump}"')
            debugger.pass_by(debugger.registers().instruction)
            debugger.go_on()

    def findings(self, ending: Ending) -> list[str]:
        """What was wrong at the end; of a kernel that stopped itself, that it did."""
        if not self.dump.exists():
            assert ending.halted is None, "the machine ended in good order, and was not stopped just before"
            return ending.reports
        content = self.dump.read_bytes()
        self.dump.unlink()
        return audit(content)


def audited(computer: Computer, text: str) -> tuple[Ending, list[str]]:
    """How a guest ended, and what was wrong then."""
    auditor = Auditor(computer)
    ending = computer.run(text, memory=BYTES, steer=auditor)
    return ending, auditor.findings(ending)


def counters(computer: Computer, text: str, name: str, count: int) -> tuple[int, ...]:
    """Some words of a guest's, when it ends."""
    auditor = Auditor(computer, counters=symbols_of(assemble(text))[name], count=count)
    computer.run(text, memory=BYTES, steer=auditor)
    return auditor.counted

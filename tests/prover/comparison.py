"""One call by the prover and by CPython, in the same state: in what the two disagree.

Compared are the error, the value, each cell that either has set, and all that the machine was
asked: translations and registers dropped, where the processor is sent, and whether it ends. That
nothing else was set on either side is compared with it. Which states are tried is not known here.

Not compared: which bytes the console is given, of which the prover knows nothing. Taken from the
kernel as it runs are the hash of seals, which has no meaning but its name to the prover, and what
was typed. The environment's pages and the requests of a batch are, to the prover, tables beside
memory which no call sets; here they are read from memory, and what becomes of their bytes is
compared as words of memory only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from exokernel.abi.environment_page import EnvironmentPage
from exokernel.abi.layout import DIRECT_MAP
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE, FRAMES, TABLE_ENTRIES
from exokernel.abi.tables import MapRequest
from exokernel.compiler.ir.types import Embedded
from exokernel.dialect import memory
from exokernel.prover import machine
from exokernel.prover.llvm.addresses import Leaf, Map, Region, leaf_at, leaves_of
from exokernel.prover.machine import KERNEL_ROOT, PAGES, PAGES_OF, REQUESTS
from exokernel.prover.system import System
from tests.kernel import fake_machine
from tests.kernel.moves import Move
from tests.kernel.try_mutants import Snapshot
from tests.kernel.worlds import World, mine, modules
from tests.prover.prediction import Disagreement, Prediction, Predictor, Unknowns

FORGOTTEN_PAGES, FORGOTTEN_REGISTERS = f"{machine.FORGOTTEN}[]", f"{machine.REGISTERS}[]"
SECRET, HASH = "exokernel.kernel.capabilities.secret|", "siphash"
ASKED_BEFORE = 2**64 - 99  # of the machine, before the call: nothing may depend on it


class Situation(NamedTuple):
    """A move in a state, and what somebody has typed."""

    before: Snapshot
    move: Move
    typed: tuple[int, ...] = ()


class Outcome(NamedTuple):
    """What CPython makes of a case."""

    error: int
    value: int
    is_off: bool
    after: Snapshot


class Cells:
    """Where CPython has the cells of the prover's tables."""

    def __init__(self, system: System) -> None:
        self.map = Map(system)
        self.map.regions.append(Region(fake_machine.KERNEL_ROOT, 8, TABLE_ENTRIES, [Leaf(f"{KERNEL_ROOT}[]", 0, 8)]))
        self.places = {leaf.family: (region, leaf) for region in self.map.regions for leaf in region.leaves}
        for name, kind, step in ((PAGES_OF, EnvironmentPage, FRAME_SIZE), (REQUESTS, MapRequest, 8)):
            storage = Embedded(f"{kind.__module__}.{kind.__qualname__}")
            leaves = list(leaves_of(system.program, f"{name}[]", storage, 0))
            region = Region(DIRECT_MAP, step, FRAMES * FRAME_SIZE // step, leaves)
            self.places.update({leaf.family: (region, leaf) for leaf in leaves})

    def read(self, pages: Snapshot, family: str, key: int) -> int:
        region, leaf = self.places[family]
        return load(pages, region.start + key * region.size + leaf.offset, leaf.size)

    def changed(self, before: Snapshot, after: Snapshot) -> Iterator[tuple[str, int]]:
        """Every cell that is not what it was, by family and key."""
        for number in before.keys() | after.keys():
            old, new = before.get(number, bytes(FRAME_SIZE)), after.get(number, bytes(FRAME_SIZE))
            if old != new:
                base = number * FRAME_SIZE - (2**64 if number >= 2**51 else 0)
                yield from {self.cell_at(base + place) for place in range(FRAME_SIZE) if old[place] != new[place]}

    def cell_at(self, address: int) -> tuple[str, int]:
        region = self.map.region_at(address)
        assert region is not None, f"{address:#x} is in no table"
        key, offset = divmod(address - region.start, region.size)
        return leaf_at(region, offset).family, key


def load(pages: Snapshot, address: int, size: int) -> int:
    number, offset = divmod(address % 2**64, FRAME_SIZE)
    return int.from_bytes(pages.get(number, bytes(FRAME_SIZE))[offset : offset + size], "little")


# What CPython does


def outcome_of(world: World, case: Situation) -> Outcome:
    """Make a move. What the machine ends with is its value."""
    memory.machine = world.memory  # type: ignore[assignment]
    world.memory.restore(case.before)
    world.log.typed, world.log.registers_forgotten = list(case.typed), []
    move, error, value, is_off = case.move, 0, None, False
    try:
        if move.method == "call":
            value, error = world.answer(*move.arguments, by=move.by)
        elif move.method == "tick":
            value = world.tick()
        else:
            world.log.clear()
            modules["processor"].die(*move.arguments)
    except fake_machine.PoweredOff as end:
        value, is_off = end.args[0], True
    return Outcome(error, 0 if value is None else int(value) % 2**64, is_off, world.snapshot())


def asked_of_machine(world: World, family: str, key: int) -> int:
    """What the machine was asked, as a cell of a table that the prover keeps of it."""
    log = world.log
    if family == FORGOTTEN_PAGES:
        return int(log.all_forgotten or key in log.forgotten)
    if family == FORGOTTEN_REGISTERS:
        return int(key in log.registers_forgotten)
    if log.departure is None:
        return machine.GOES_ON % 2**64
    return int(log.departure[machine.DEPARTURE.index(family)]) % 2**64


# The comparison


@dataclass
class Tally:
    """What was compared of a call."""

    successes: int = 0
    refusals: int = 0
    changed: int = 0  # cells of the kernel's tables, by CPython
    places: set[str] = field(default_factory=set)


class CallComparison:
    """One call, by the prover and by CPython."""

    def __init__(self, system: System, cells: Cells, world: World, name: str) -> None:
        self.predictor = Predictor(system, system.calls[name])
        self.cells, self.world, self.tally = cells, world, Tally()

    def unknowns(self, case: Situation) -> Unknowns:
        arguments = case.move.arguments[1:] if case.move.method == "call" else case.move.arguments
        predictor, secret = self.predictor, modules["capabilities"].secret
        given = zip(predictor.names, predictor.widths, arguments, strict=True)

        def find(name: str) -> Any:
            if name in self.cells.places:
                return lambda key: self.cells.read(case.before, name, key)
            if name.startswith(machine.GHOSTS):
                return (lambda key: 1) if name.endswith("[]") else ASKED_BEFORE
            if name.startswith("get!"):
                return (case.typed[0] if case.typed else -1) % 2**64
            if name.startswith(SECRET):
                return int(getattr(secret, name.removeprefix(SECRET)))
            if name == HASH:
                return lambda *words: mine["exokernel.kernel.siphash"].siphash(*words) % 2**64
            raise LookupError(name)

        return Unknowns({name: int(value) % 2**width for name, width, value in given}, find)

    def objections(self, case: Situation) -> list[str]:
        """In what the two disagree about a case."""
        try:
            outcome = outcome_of(self.world, case)
        except Exception as fault:
            return [f"error: CPython stops with {fault!r}"]
        unknowns = self.unknowns(case)
        refused = next((error for each in self.predictor.refused if (error := each(unknowns))), 0)
        if bool(refused) == self.predictor.known(unknowns):
            return [f"known: what is known of arguments {'holds' if refused else 'does not hold'}"]
        if refused:
            changed = [f"cell: {each} changed" for each in self.cells.changed(case.before, outcome.after)]
            return changed if refused == outcome.error else [f"error: {outcome.error}, not {refused}"]
        try:
            prediction = self.predictor.predict(unknowns)
        except Disagreement as way:
            return [f"way: {way}"]
        return [*self.answers(outcome, prediction), *self.contents(case, outcome, prediction)]

    def answers(self, outcome: Outcome, prediction: Prediction) -> Iterator[str]:
        place, tally = prediction.place, self.tally
        error = place.error(prediction.unknowns)
        if error != outcome.error or place.is_halt != outcome.is_off:
            yield f"error: {outcome.error}, not {error}; off {outcome.is_off}, not {place.is_halt}"
        value = 0 if error or place.value is None else place.value(prediction.unknowns)
        if value != outcome.value:
            yield f"value: {outcome.value:#x}, not {value:#x}"
        tally.refusals += error != 0
        tally.successes += error == 0
        tally.places |= {each.what for each in prediction.visited}

    def contents(self, case: Situation, outcome: Outcome, prediction: Prediction) -> Iterator[str]:
        """Every cell that either has set, and all that the machine was asked."""
        keys = prediction.touched
        for family, key in self.cells.changed(case.before, outcome.after):
            keys.setdefault(family, set()).add(key)
            self.tally.changed += 1
        keys[FORGOTTEN_PAGES] = keys.get(FORGOTTEN_PAGES, set()) | {0, PAGES - 1} | self.world.log.forgotten
        keys[FORGOTTEN_REGISTERS] = set(range(ENVIRONMENTS))
        keys.update({family: {0} for family in machine.DEPARTURE})
        for family in sorted(keys):
            for key in sorted(keys[family]):
                is_asked = family.startswith(machine.GHOSTS)
                found = asked_of_machine(self.world, family, key) if is_asked else self.cells.read(outcome.after, family, key)
                foreseen = prediction.at(family, key)
                if found != foreseen:
                    yield f"cell: {family} at {key} is {found:#x}, not {foreseen:#x}"

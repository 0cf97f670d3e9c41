"""What can be done to a kernel from outside, chosen at random and written down.

A Move is one step of a story: a call, a tick, or something a library writes into memory of its
own. Names often exist and values stand at every boundary. Who chooses is a `random.Random`:
Hypothesis's, whose choices it can shrink, or a seeded one, which is quick. Whether what came
of a move is right is `trial`'s business.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple, get_type_hints

from exokernel.abi import names
from exokernel.abi.capability import Capability, Rights
from exokernel.abi.console import Stream
from exokernel.abi.names import FIRST, NOBODY, ROOT_SLOT
from exokernel.abi.tables import FrameKind, MapRequest, Phase, Resource
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import calls, size_of
from tests.kernel.worlds import ENTRY, World, implemented, modules, named, numbers
from tests.kernel.worlds import data as data_entry

EXTREMES = (-1, 2**32, 2**63 - 1, -(2**63))
UNSPECIFIED = ("null", "machine_halt", "console_read", "console_write")
REQUEST_SIZE = size_of(MapRequest)
REQUESTS = names.FRAME_SIZE // REQUEST_SIZE + 1
SPECIFIED = sorted(set(implemented) - set(UNSPECIFIED))
GROUPS = (("capability",), ("frame", "table"), ("map", "protect", "repossess"), ("environment",), ("slice", "yield"))


class Move(NamedTuple):
    """One method of a Trial, and what it is given. `by` is who calls, where that matters."""

    method: str
    arguments: tuple[Any, ...] = ()
    by: int = 0

    def __str__(self) -> str:
        given = [spelt(each) for each in self.arguments] + ([f"by={int(self.by)}"] if self.by else [])
        return f"trial.{self.method}({', '.join(given)})"


def spelt(value: Any) -> str:
    if isinstance(value, (Capability, Entry)):
        return f"{type(value).__name__}.of({int(value) % 2**64:#x})"
    return repr(value) if isinstance(value, str) else str(int(value))


def call(name: str, *arguments: Any, by: int = FIRST) -> Move:
    return Move("call", (name, *arguments), by)


# Values


def often(chance: Random, usual: Any, unusual: Any) -> Any:
    """Mostly what may work, sometimes what must not."""
    return chance.choice(unusual if chance.randrange(16) == 15 else usual)


def among(usual: Any, *unusual: int) -> Callable[[Random], Any]:
    return lambda chance: often(chance, usual, (*unusual, *EXTREMES))


def any_capability(chance: Random) -> Capability:
    if chance.randrange(4) == 3:
        return Capability.of(chance.getrandbits(64))
    name = [chance.choice((1, 2)) for _ in range(chance.randrange(3))]
    return named(*name, rights=chance.choice(list(Rights)))


def plain_entry(chance: Random) -> Entry:
    return Entry(
        present=chance.randrange(4) != 3,
        user=True,
        writable=chance.randrange(2) == 1,
        frame=names.Frame(chance.randrange(16, 30)),
        key=names.Slot(chance.choice((0, 0, 0, 1, 2, 3))),
    )


def any_entry(chance: Random) -> Entry:
    entry = plain_entry(chance)
    return Entry.of(int(entry) ^ 1 << chance.randrange(64)) if chance.randrange(3) == 2 else entry


def entry_of_data(world: World, chance: Random) -> Entry:
    """Mostly one of a frame that can be mapped."""
    frames = fitting(world, "map", "frame")
    if not frames or chance.randrange(4) == 3:
        return any_entry(chance)
    return plain_entry(chance).replace(frame=names.Frame(chance.choice(frames)))


FLAGS = (Entry(), Entry(writable=True), Entry(dirty=True, software=3), Entry(no_execute=True), Entry(user=True))
VALUES: dict[str, Callable[[Random], Any]] = {
    "Frame": among((*range(16, 30), 8, 9), 0, 7, 63, 64, 65, 2**20 - 1, 2**20),
    "Slot": among(range(4), 4, 62, 63, 64, 65),
    "Index": among(range(3), 255, 256, 510, 511, 512, 513),
    "EnvironmentId": among((1, 2, 3), 0, 4, 5, 255, 256, 257),
    "Generation": among(range(3), 2**32 - 1, 2**32),
    "Slice": among(range(5), 126, 127, 128, 129),
    "Page": among((0, 0x200), names.USER_PAGES - 1, names.USER_PAGES, names.USER_PAGES + 1),
    "Rights": among(range(8), 8),
    "Resource": among(range(3), 3),
    "Stream": among(range(3), 3),
    "Capability": any_capability,
    "Entry": any_entry,
    "int": among(range(-1, 7), 256, 257, 511, 512, 513),
}
FRAMES_WANTED = {"table": FrameKind.TABLE_1, "root": FrameKind.FREE, "page": FrameKind.FREE}
PHASES_WANTED = {
    "environment_create": Phase.FREE,
    "environment_clone": Phase.FREE,
    "environment_start": Phase.EMBRYO,
    "capability_install": Phase.EMBRYO,
    "environment_free": Phase.DEAD,
}


def fitting(world: World, name: str, parameter: str) -> list[int]:
    """Names for a parameter with which the call may well succeed."""
    caller = world.machine.current
    match parameter:
        case "key" | "guard" | "authority":
            return [slot for slot in range(4) if world.held(caller, slot).capability.valid]
        case "slot":
            return [slot for slot in range(5) if world.held(caller, slot).capability.valid == (name == "capability_drop")]
        case "environment" | "receiver" | "donor":
            wanted = PHASES_WANTED.get(name, Phase.LIVE)
            return [each for each in range(1, 5) if world.environments[each].phase == wanted]
        case "generation":
            return [world.environments[each].generation for each in range(1, 5)]
        case "slice":
            return [each for each in range(4) if (world.slices[each].owner == NOBODY) == (name == "slice_alloc")]
        case "frame" if name == "frame_adopt":
            return [frame for frame in range(8, 30) if world.environments[world.frames[frame].owner].phase == Phase.DEAD]
        case "parent" | "table" | "source" | "requests" | "root" | "page" | "frame":
            return [frame for frame in range(8, 30) if world.frames[frame].kind == kind_wanted(world, name, parameter)]
        case _:
            return []


def kind_wanted(world: World, name: str, parameter: str) -> FrameKind:
    if parameter == "parent":
        return FrameKind.TABLE_2 if world.frames[18].kind == FrameKind.FREE else FrameKind.TABLE_4
    if parameter == "frame" and name in ("frame_alloc", "frame_copy", "table_alloc"):
        return FrameKind.FREE
    return FRAMES_WANTED.get(parameter, FrameKind.DATA)


def arguments_for(world: World, chance: Random, name: str) -> tuple[Any, ...]:
    """What a call may be given: by its declared types, and mostly what fits."""
    hints = get_type_hints(calls.declared_calls()[numbers[name]])
    hints.pop("return")
    given = []
    for parameter, kind in hints.items():
        fits = fitting(world, name, parameter)
        if fits and chance.randrange(8) != 7:
            given.append(chance.choice(fits))
        else:
            given.append(chance.choice(FLAGS) if name == "protect" and kind is Entry else VALUES[kind.__name__](chance))
    return tuple(given)


# Moves


COMMON, RARE = ("frames", "slice"), ("debt", "edge")  # see `scene`
SCENES = COMMON + RARE
LESS = (Rights.READ, Rights.READ, Rights.WRITE)  # than a frame's owner has


def furnishing(tables: bool, others: int, setting: str = "", rights: Rights = Rights.READ) -> Iterator[Move]:
    """Begin where something is possible at once: tables, keys that open frames for less than all, other environments
    that live, and a scene."""
    if tables:
        for parent, frame in ((8, 16), (16, 17), (17, 18)):
            yield call("table_alloc", parent, 0, frame, ROOT_SLOT)
        yield call("frame_alloc", 28, 0)
        yield call("frame_alloc", 29, 0)
        yield call("map", 18, 1, data_entry(28, writable=True), 0)
        yield call("capability_forge", 0, 2, named(rights=rights))
        yield call("capability_forge", 0, 3, named(rights=Rights.READ | Rights.WRITE))
        yield call("map", 18, 2, data_entry(29, key=2), 0)
    yield call("capability_forge", 0, 1, named(1))
    for name in range(2, 2 + others):
        yield call("environment_create", name, 16 + 2 * name, 17 + 2 * name, 0x200, ROOT_SLOT, 6)
        yield call("capability_install", name, ROOT_SLOT, ROOT_SLOT, 0)
        yield call("environment_quota", name, ROOT_SLOT, Resource.SLICES, 2)
        yield call("environment_quota", name, ROOT_SLOT, Resource.NAMES, 2)
        yield Move("set_page", (name, ENTRY, ENTRY))
        yield call("environment_start", name, ROOT_SLOT)
    if others or setting == "edge":
        yield from scene(setting, 1 + others)


def scene(name: str, last: int) -> Iterator[Move]:
    """What has happened before: the last environment died and left frames, or a slice; nobody can run but a debtor, who
    has given up; the last page that a library may map is mapped, and the one behind it was tried."""
    match name:
        case "frames":
            yield call("yield_to", last)
            yield call("frame_alloc", 26, 0, by=last)
            yield call("frame_alloc", 27, 0, by=last)
            yield call("environment_destroy", last, 0, by=last)
        case "slice":
            yield call("yield_to", last)
            yield call("slice_alloc", 3, 0, by=last)
            yield call("environment_destroy", last, 0, by=last)
        case "debt":
            yield call("slice_alloc", 1, ROOT_SLOT)
            yield call("slice_give", 1, ROOT_SLOT, last)
            yield Move("tick")
            yield Move("tick")
            for each in range(2, last + 1):
                yield Move("set_page", (each, 0, 0))
            yield call("yield_to", NOBODY)
        case "edge":
            for parent, index, frame in ((8, 255, 24), (24, 511, 25), (25, 511, 26)):
                yield call("table_alloc", parent, index, frame, ROOT_SLOT)
            yield call("map_range", 26, 510, 2, data_entry(28), 0)


def any_call(world: World, chance: Random, name: str) -> Iterator[Move]:
    caller = world.machine.current
    if name == "capability_unseal":
        token = any_capability(chance)
        seal = modules["capabilities"].seal_of(token) ^ chance.choice((0, 0, 1, 2**40))
        yield call(name, token, seal, chance.randrange(1, 4), by=caller)
        return
    given = arguments_for(world, chance, name)
    if name == "map_batch" and 0 <= given[0] < 64 and world.frames[given[0]].kind == FrameKind.DATA:
        tables = fitting(world, name, "table") or [18]
        for number in range(chance.randrange(5)):
            table = VALUES["Frame"](chance) if chance.randrange(8) == 7 else chance.choice(tables)
            index = VALUES["Index"](chance) if chance.randrange(8) == 7 else chance.randrange(4)
            yield Move("request", (given[0], number, table % 2**32, index % 2**32, entry_of_data(world, chance)))
        if chance.randrange(4):
            last = names.FRAME_SIZE - REQUEST_SIZE * (given[2] % REQUESTS)  # where so many requests just fit
            given = (given[0], chance.choice((0, 0, 0, last, last + 8)), *given[2:])
    yield call(name, *given, by=caller)


def call_of(world: World, chance: Random, group: tuple[str, ...]) -> Iterator[Move]:
    """Any call whose name begins so."""
    return any_call(world, chance, chance.choice([name for name in SPECIFIED if name.startswith(group)]))


def frame_to_map(world: World, chance: Random) -> Iterator[Move]:
    """What a library does all the time, in the order that works."""
    caller, frame = world.machine.current, chance.randrange(16, 30)
    yield call("frame_alloc", frame, 0, by=caller)
    tables = fitting(world, "map", "table")
    if tables:
        entry = plain_entry(chance).replace(frame=names.Frame(frame), present=True)
        yield call("map", tables[0], frame % 4, entry, 0, by=caller)


def written_page(world: World, chance: Random) -> Iterator[Move]:
    """Whoever has an environment's page mapped may write there what it likes."""
    begin = chance.choice((ENTRY, ENTRY, ENTRY, 0, 0, 2**47, -1))
    yield Move("set_page", (chance.randrange(1, 4), begin, chance.choice((ENTRY, ENTRY, ENTRY, 0, 2**47))))


def ticks(world: World, chance: Random) -> Iterator[Move]:
    yield from [Move("tick")] * chance.randrange(1, 4)


OTHERS = (frame_to_map, written_page, ticks)


def any_moves(world: World, chance: Random, favourite: str = "") -> Iterator[Move]:
    """What might come next; often the favourite call."""
    if favourite in SPECIFIED and chance.randrange(3) == 2:
        return any_call(world, chance, favourite)
    kind = chance.randrange(len(GROUPS) + len(OTHERS))
    return call_of(world, chance, GROUPS[kind]) if kind < len(GROUPS) else OTHERS[kind - len(GROUPS)](world, chance)

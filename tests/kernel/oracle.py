"""The specification, run beside the kernel: what a call must answer, and what every table must be then.

Rows are computed from the state before a call, and compared with the state after it, for all
that can have been touched in these small worlds; whatever lies outside must not have changed
at all. Then come the invariants and the counts, and what the machine may still remember.
"""

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, lru_cache, partial
from inspect import isfunction, signature
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from exokernel.abi.capability import Capability
from exokernel.abi.layout import ENVIRONMENTS_OFFSET, FIRST_KERNEL_SLOT, PUBLIC
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE, NOBODY, SLICES, SLOTS, TABLE_ENTRIES, Frame, Index
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import calls
from tests.kernel import fake_machine
from tests.kernel.worlds import FRAMES, World, admitting, loaded_with_the_kernel, numbers

GROUPS = ("gates", "capabilities", "frames", "tables", "translations", "environments", "slices", "devices")
ENVIRONMENT_NAMES = (*range(6), 255)
SLOT_NAMES = (*range(5), 62, 63)
SLICE_NAMES = (*range(6), 126, 127)
SOME = 50  # choices of names for which a consequence is asked
IN_STEPS = ("map_range", "map_batch", "protect")  # their counters follow from `counts`


def load_specification() -> dict[str, Any]:
    with loaded_with_the_kernel():
        names = ("rows", *GROUPS, "invariants", "counts", "totals", "views", "theorems", "consequences")
        found = {name: importlib.import_module(f"exokernel.spec.{name}") for name in names}
        found["state"] = importlib.import_module("exokernel.kernel.state")
    found["views"].departure = departure
    return found


def departure() -> Any:
    """What the specification cannot see by itself: where the fake machine was told to go."""
    noted = fake_machine.log.departure
    return views.ON if noted is None else views.Departure(*noted)


specification = load_specification()
rows, views, theorems, state = (specification[name] for name in ("rows", "views", "theorems", "state"))


class Expectation(NamedTuple):
    """What the specification says of one call in one state."""

    error: int
    done: int
    rows: dict[tuple[str, tuple[int, ...]], Any]


@cache
def find(name: str) -> Callable[..., Any] | None:
    for group in GROUPS:
        found: Callable[..., Any] | None = getattr(specification[group], name, None)
        if found is not None:
            return found
    return None


def admitted(name: str, caller: int, raw: tuple[Any, ...]) -> tuple[dict[str, Any], int]:
    """What the gate has to make of raw arguments, by their names, or its error."""
    parameters = signature(calls.declared_calls()[numbers[name]], eval_str=True).parameters.values()
    given = {"caller": caller}
    for parameter, argument in zip(parameters, raw, strict=True):
        admit = admitting.get(parameter.annotation)
        error = said_of_gate(admit, "error")(argument) if admit else 0
        if error:
            return {}, error
        given[parameter.name] = said_of_gate(admit, "value")(argument) if admit else argument
    return given, 0


def said_of_gate(admit: Callable[..., Any], what: str) -> Callable[..., Any]:
    """What the specification says of the gate that the kernel has for a type."""
    found = find(f"{admit.__name__}_{what}")
    assert found is not None
    return found


@cache
def asked_by(judge: Callable[..., Any]) -> tuple[str, ...]:
    """The names that a function of the specification asks for."""
    return tuple(signature(judge).parameters)


def told(judge: Callable[..., Any], given: dict[str, Any]) -> partial[Any]:
    """A function of the specification with those of the names it asks for."""
    return partial(judge, **{name: given[name] for name in asked_by(judge) if name in given})


def things() -> Iterator[tuple[str, tuple[int, ...]]]:
    """The names of all rows but words."""
    yield from (("frame", (frame,)) for frame in range(FRAMES))
    for environment in ENVIRONMENT_NAMES:
        yield from ((kind, (environment,)) for kind in ("identity", "account", "conduct"))
        yield from (("slot", (environment, slot)) for slot in SLOT_NAMES)
    yield from (("slice", (number,)) for number in SLICE_NAMES)
    yield "machine", ()


def row_of(kind: str, name: tuple[int, ...]) -> Any:
    return row_read(kind, name, record_of(kind, name))


@lru_cache(2**16)
def row_read(kind: str, name: tuple[int, ...], content: bytes) -> Any:
    """A row, read again only from a record with another content."""
    return getattr(rows, f"{kind}_row")(*name)


def record_of(kind: str, name: tuple[int, ...]) -> bytes:
    """The bytes that a row is read from."""
    match kind:
        case "frame":
            table, place = state.frames, name[0]
        case "slot":
            table, place = state.capabilities, name[0] * SLOTS + name[1]
        case "slice":
            table, place = state.slices, name[0]
        case "machine":
            table, place = state.machines, 0
        case _:
            table, place = state.environments, name[0]
    return bytes(table[place : place + 1])


def as_any(kind: str, name: tuple[int, ...]) -> dict[str, int]:
    """The name of a thing, as functions of the specification ask for that of any."""
    parameters = asked_by(getattr(rows, f"{kind}_row"))
    return {f"any_{parameter}": part for parameter, part in zip(parameters, name, strict=True)}


def expect(world: World, name: str, caller: int, raw: tuple[Any, ...]) -> Expectation:
    """Ask the specification, before the call."""
    given, error = admitted(name, caller, raw)
    if error:
        return Expectation(error, 0, {})
    judge = find(f"{name}_error")
    error = told(judge, given)() if judge else 0
    if error:
        return Expectation(error, 0, {})
    done = steps_done(name, given) if name in IN_STEPS else 0
    return Expectation(0, done, expected_rows(name, given))


def expected_rows(name: str, given: dict[str, Any]) -> dict[tuple[str, tuple[int, ...]], Any]:
    found = {}
    for kind, thing in things():
        after = find(f"{name}_{kind}")
        if after is None:
            found[kind, thing] = row_of(kind, thing)
        elif "after" in asked_by(after):
            found[kind, thing] = told(after, given)
        else:
            found[kind, thing] = told(after, given | as_any(kind, thing))()
    return found


def told_the_end(world: World, before: dict[int, bytes], judge: partial[Any]) -> Any:
    """What a function says that is told, as `after`, a view of the state in which the call ended."""
    kind = signature(judge.func, eval_str=True).parameters["after"].annotation
    functions = [each for group in GROUPS for each in vars(specification[group]).values() if isfunction(each)]
    view = next(each for each in functions if each.__annotations__.get("return") is kind and not asked_by(each))()
    after = world.snapshot()
    world.memory.restore(before)
    row = judge(after=view)
    world.memory.restore(after)
    return row


def steps_done(name: str, given: dict[str, Any]) -> int:
    judge = find(f"{name}_step_error")
    assert judge is not None
    refusal = told(judge, given)
    return next((step for step in range(given["count"]) if refusal(step=step)), given["count"])


def uncounted(kind: str, row: Any) -> Any:
    """A row without its counters, which a call in steps changes as `counts` says."""
    match kind:
        case "frame":
            return row._replace(uses=0, entries=0, restricted=0)
        case "slot" | "account":
            return row._replace(mappings=0)
        case _:
            return row


def check_rows(world: World, before: dict[int, bytes], name: str, expectation: Expectation) -> None:
    for (kind, thing), expected in expectation.rows.items():
        if isinstance(expected, partial):
            expected = told_the_end(world, before, expected)
        actual = row_of(kind, thing)
        if name in IN_STEPS:
            expected, actual = uncounted(kind, expected), uncounted(kind, actual)
        assert actual == expected, f"{name}: {kind} {thing}"


def expected_words(name: str, caller: int, raw: tuple[Any, ...], done: int) -> Callable[[int, int], Entry]:
    after = find(f"{name}_word")
    if after is None:
        return rows.word_row
    given, _ = admitted(name, caller, raw)
    word = told(after, given | {"done": done})
    return lambda frame, index: word(any_frame=frame, any_index=index)  # type: ignore[no-any-return]


def check_words(
    world: World, before: dict[int, bytes], after: dict[int, bytes], expected: Callable[[int, int], Entry], hints: set[int]
) -> None:
    """Compare every word of the frames that have changed; of tables, and frames that a call was told of, some."""
    changed = {page - fake_machine.FIRST_PAGE for page in before.keys() | after.keys() if before.get(page) != after.get(page)}
    changed = {frame for frame in changed if 0 <= frame < FRAMES}
    if expected is rows.word_row:
        assert not changed, f"words of {changed}"
        return

    tables = {frame for frame in range(FRAMES) if world.frames[frame].kind >= FrameKind.TABLE_1}
    told = {each for each in hints if 0 <= each < FRAMES}
    actual = {
        (frame, index): words[index]
        for frame, words in ((each, fake_machine.entries(Frame(each))) for each in changed | tables | told)
        for index in (range(TABLE_ENTRIES) if frame in changed else (0, 1, 2, 3, 255, 256, 510, 511))
    }
    world.memory.restore(before)
    wanted = {place: expected(*place) for place in actual}
    world.memory.restore(after)
    for place, word in actual.items():
        assert word == wanted[place], place


def check_nothing_else(before: dict[int, bytes], after: dict[int, bytes]) -> None:
    """Environments that no test names are untouched."""
    page = (PUBLIC + ENVIRONMENTS_OFFSET) % 2**64 // FRAME_SIZE
    assert before.get(page + 1) == after.get(page + 1)
    assert before.get(page + 2) == after.get(page + 2)


# Invariants and counts


def entries_in_use(world: World) -> list[tuple[Frame, Index]]:
    found = []
    for frame in range(FRAMES):
        if world.frames[frame].kind >= FrameKind.TABLE_1:
            content = bytes(fake_machine.bytes_in(Frame(frame)))
            found += [
                (Frame(frame), Index(index)) for index in range(TABLE_ENTRIES) if content[8 * index] & 1
            ]
    return found


def check_invariants(world: World) -> None:
    named = {
        "Frame": [(frame,) for frame in range(FRAMES)],
        "EnvironmentId": [(environment,) for environment in ENVIRONMENT_NAMES],
        "Slice": [(number,) for number in SLICE_NAMES],
        "Frame Index": entries_in_use(world),
        "EnvironmentId Slot": [(environment, slot) for environment in ENVIRONMENT_NAMES for slot in SLOT_NAMES],
        "": [()],
    }
    for clause, parameters in clauses("invariants"):
        for names in named[parameters]:
            assert clause(*names), f"{clause.__name__}{names}"


def clauses(module: str) -> Iterator[tuple[Callable[..., Any], str]]:
    for name, function in vars(specification[module]).items():
        if callable(function) and getattr(function, "__module__", "") == f"exokernel.spec.{module}":
            kinds = [str(each.annotation.__name__) for each in signature(function, eval_str=True).parameters.values()]
            if name != "span_below" and not isinstance(function, type):
                yield function, " ".join(kinds)


def check_consequences(world: World) -> None:
    """What is said to follow from the invariants, of some of the names that are in use."""
    for clause, parameters in clauses("consequences"):
        for names in names_in_use(world, parameters):
            assert clause(*names), f"{clause.__name__}{names}"


def names_in_use(world: World, parameters: str, count: int = SOME) -> Iterator[tuple[int, ...]]:
    """Choices of names for parameters of these types, the same each time."""
    places, chance = [place for place in entries_in_use(world) if place[1] < FIRST_KERNEL_SLOT], Random(0)
    everybody = [name for name in ENVIRONMENT_NAMES if world.environments[name].phase != Phase.FREE]
    named: dict[str, list[tuple[int, ...]]] = {
        "Frame": [(frame,) for frame in range(FRAMES) if world.frames[frame].kind > FrameKind.FREE],
        "Index": [(0,), *{(index,) for _, index in places}],
        "Place": [(0, 0), *places],
        "EnvironmentId": [(name,) for name in (*everybody, NOBODY)],
        "Slot": [(slot,) for slot in SLOT_NAMES],
        "Slice": [(number,) for number in SLICE_NAMES],
    }
    kinds = parameters.replace("Frame Index", "Place").split()
    for _ in range(count):
        yield tuple(chain.from_iterable(chance.choice(named[kind]) for kind in kinds))


def check_counts(world: World) -> None:
    counts = specification["counts"]
    in_use = entries_in_use(world)
    owned_slices = [(number,) for number in range(128) if world.slices[number].owner != 0]
    things_of: dict[str, list[tuple[int, ...]]] = {
        "entry": in_use,  # type: ignore[dict-item]
        "frame": [(frame,) for frame in range(FRAMES)],
        "root": [(environment,) for environment in ENVIRONMENT_NAMES],
        "page": [(environment,) for environment in ENVIRONMENT_NAMES],
        "slice": owned_slices,  # type: ignore[dict-item]
    }
    readers = {name: function for name, function in vars(counts).items() if name in counts.AT_MOST}
    for name, reader in readers.items():
        found = counted(name, things_of)
        for key, names in keys_of(name):
            assert reader(*names) == found[key], f"{name}{names}"


def counted(name: str, things: Mapping[str, Iterable[tuple[int, ...]]]) -> Counter[int]:
    """How much there is for each counter of a name to count."""
    counts, found = specification["counts"], Counter[int]()
    for kind, named in things.items():
        counter = getattr(counts, f"{name}_by_{kind}", None)
        if counter is not None:
            found.update(counter(*each) for each in named)
    del found[counts.NONE]
    return found


def keys_of(name: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    match name:
        case "uses_of" | "entries_of" | "restricted_of":
            yield from ((frame, (frame,)) for frame in range(FRAMES))
        case "mappings_under":
            yield from ((64 * holder + slot, (holder, slot)) for holder in ENVIRONMENT_NAMES for slot in SLOT_NAMES)
        case _:
            yield from ((environment, (environment,)) for environment in ENVIRONMENT_NAMES)


def check_conservation(world: World, quota: int) -> None:
    assert sum(world.environments[number].quota for number in ENVIRONMENT_NAMES) == quota
    assert sum(world.environments[number].slice_quota for number in ENVIRONMENT_NAMES) == SLICES
    assert sum(world.environments[number].name_quota for number in ENVIRONMENT_NAMES) == ENVIRONMENTS - 1
    owned = sum(world.environments[number].frames for number in ENVIRONMENT_NAMES)
    free = sum(world.frames[frame].kind == FrameKind.FREE for frame in range(FRAMES))
    reserved = sum(world.frames[frame].kind == FrameKind.RESERVED for frame in range(FRAMES))
    assert owned + free + reserved == FRAMES


def check_translations(world: World, root: Frame, remembered: dict[int, Entry]) -> None:
    """What the processor read before a call, and was not told to forget, still holds and gives no more."""
    if world.log.all_forgotten or world.log.departure is not None and world.log.departure.root != root:
        return
    now = dict(fake_machine.mapped_pages(root))
    for page, entry in remembered.items():
        if page in world.log.forgotten:
            continue
        assert page in now, f"page {page} is gone and remembered"
        assert now[page].frame == entry.frame
        assert now[page].writable or not entry.writable


def check_processor(before: Any, name: str) -> None:
    """The processor goes where the theorems say, from what was seen of it before a step."""
    after = views.see_processor()
    for theorem in (theorems.processor_goes_to_who_has_it, theorems.who_keeps_the_processor_goes_on):
        if name not in theorems.EXCEPT.get(theorem.__name__, ()):
            assert theorem(before.current, Capability(), before, after), f"{name}: {theorem.__name__}"

"""The kernel beside its specification: any calls in any order, on any arguments.

Hypothesis plays all environments at once. It calls, ticks, writes environment pages and
requests, with names that often exist and values at every boundary; the oracle says before
each call what must come of it, and the invariants are looked at after each.
"""

from typing import Any, get_type_hints

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from exokernel.abi import names
from exokernel.abi.capability import ROOT, Capability, Rights
from exokernel.abi.console import Stream
from exokernel.abi.names import FIRST, NOBODY, Frame
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import calls, memory
from tests.kernel import fake_machine, oracle
from tests.kernel.native_world import NativeWorld
from tests.kernel.worlds import ENTRY, QUOTA, World, implemented, modules, named, numbers
from tests.kernel.worlds import data as data_entry

EXTREMES = (-1, 2**32, 2**63 - 1, -(2**63))
UNSPECIFIED = ("null", "machine_halt", "console_read", "console_write")


def often(usual: Any, *unusual: Any) -> st.SearchStrategy[Any]:
    """Mostly what may work, sometimes what must not."""
    rare = st.sampled_from(unusual)
    return st.integers(0, 15).flatmap(lambda die: rare if die == 15 else usual)


frames = often(st.sampled_from([*range(16, 30), 8, 9]), 0, 7, 63, 64, 65, 2**20 - 1, 2**20, *EXTREMES)
slots = often(st.integers(0, 3), 4, 62, 63, 64, 65, *EXTREMES)
indices = often(st.integers(0, 2), 255, 256, 510, 511, 512, 513, *EXTREMES)
environments = often(st.integers(1, 3), 0, 4, 5, 255, 256, 257, *EXTREMES)
slices = often(st.integers(0, 4), 126, 127, 128, 129, *EXTREMES)
pages = often(st.sampled_from([0, 0x200]), names.USER_PAGES - 1, names.USER_PAGES, names.USER_PAGES + 1, *EXTREMES)
counts = often(st.integers(0, 6), 256, 257, 511, 512, 513, *EXTREMES)
capabilities = st.builds(
    lambda rights, name: named(*name, rights=rights), st.sampled_from(list(Rights)), st.lists(st.integers(1, 2), max_size=2)
) | st.builds(Capability.of, st.integers(0, 2**64 - 1))
plain_entries = st.builds(
    lambda frame, key, writable, present: Entry(present=present, user=True, writable=writable, frame=frame, key=key),
    st.sampled_from(range(16, 30)),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.booleans(),
    st.sampled_from([True, True, True, False]),
)
entries = plain_entries | plain_entries | st.builds(
    lambda entry, bit: Entry.of(int(entry) ^ 1 << bit), plain_entries, st.integers(0, 63)
)
flags = st.sampled_from([Entry(), Entry(writable=True), Entry(dirty=True, software=3), Entry(no_execute=True), Entry(user=True)])

STRATEGIES: dict[Any, st.SearchStrategy[Any]] = {
    names.Frame: frames,
    names.Slot: slots,
    names.Index: indices,
    names.EnvironmentId: environments,
    names.Generation: often(st.integers(0, 2), 2**32 - 1, 2**32, *EXTREMES),
    names.Slice: slices,
    names.Page: pages,
    Rights: often(st.integers(0, 7), 8, *EXTREMES),
    Stream: often(st.integers(0, 2), 3, *EXTREMES),
    Capability: capabilities,
    Entry: entries,
    int: counts,
}


def fitting(world: World, call: str, parameter: str) -> list[int]:
    """Names for a parameter with which the call may well succeed."""
    caller = world.machine.current
    kind_wanted = {
        "parent": FrameKind.TABLE_2 if world.frames[18].kind == FrameKind.FREE else FrameKind.TABLE_4,
        "table": FrameKind.TABLE_1,
        "source": FrameKind.DATA,
        "requests": FrameKind.DATA,
        "root": FrameKind.FREE,
        "page": FrameKind.FREE,
        "frame": FrameKind.FREE if call in ("frame_alloc", "frame_copy", "table_alloc") else FrameKind.DATA,
    }
    phase_wanted = {
        "environment_create": Phase.FREE,
        "environment_clone": Phase.FREE,
        "environment_start": Phase.EMBRYO,
        "capability_install": Phase.EMBRYO,
        "environment_free": Phase.DEAD,
    }
    match parameter:
        case "key" | "guard" | "authority":
            return [slot for slot in range(4) if world.held(caller, slot).capability.valid]
        case "slot":
            return [slot for slot in range(4) if world.held(caller, slot).capability.valid == (call == "capability_drop")]
        case "environment" | "receiver" | "donor":
            wanted = phase_wanted.get(call, Phase.LIVE)
            return [each for each in range(1, 5) if world.environments[each].phase == wanted]
        case "generation":
            return [world.environments[each].generation for each in range(1, 5)]
        case "slice":
            return [each for each in range(4) if (world.slices[each].owner == NOBODY) == (call == "slice_alloc")]
        case _ if parameter in kind_wanted:
            return [frame for frame in range(8, 30) if world.frames[frame].kind == kind_wanted[parameter]]
        case _:
            return []


def draw_arguments(data: st.DataObject, world: World, name: str) -> tuple[Any, ...]:
    """What a call may be given: by its declared types, and mostly what fits."""
    hints = get_type_hints(calls.declared_calls()[numbers[name]])
    hints.pop("return")
    drawn = []
    for parameter, kind in hints.items():
        fits = fitting(world, name, parameter)
        if fits and data.draw(st.integers(0, 7)) != 7:
            drawn.append(data.draw(st.sampled_from(fits)))
        else:
            drawn.append(data.draw(flags if name == "protect" and kind is Entry else STRATEGIES[kind]))
    return tuple(drawn)


def calls_on(*prefixes: str) -> st.SearchStrategy[str]:
    return st.sampled_from([name for name in sorted(implemented) if name.startswith(prefixes) and name not in UNSPECIFIED])


class Kernel(RuleBasedStateMachine):
    """All there is to do to a kernel from outside."""

    make_world: type[World] = World

    def __init__(self) -> None:
        super().__init__()
        self.machine_before = memory.machine
        self.world = self.make_world()
        self.is_off = False
        self.quota = QUOTA

    def teardown(self) -> None:
        memory.machine = self.machine_before

    @initialize(tables=st.sampled_from([True, True, False]), others=st.integers(0, 2))
    def furnish(self, tables: bool, others: int) -> None:
        """Begin where something is possible at once."""
        if tables:
            self.world.table_path(16)
            self.call("frame_alloc", (28, 0))
            self.call("frame_alloc", (29, 0))
            self.call("map", (18, 1, data_entry(28, writable=True), 0))
        self.call("capability_forge", (0, 1, named(1)))
        for number in range(others):
            self.world.living(2 + number, 20 + 2 * number, 21 + 2 * number, 6, ROOT)
        self.world.machine.current = FIRST

    # What environments do

    @rule(name=calls_on("capability"), data=st.data())
    def call_on_capabilities(self, name: str, data: st.DataObject) -> None:
        self.call(name, draw_arguments(data, self.world, name))

    @rule(name=calls_on("frame", "table"), data=st.data())
    def call_on_frames(self, name: str, data: st.DataObject) -> None:
        self.call(name, draw_arguments(data, self.world, name))

    @rule(name=calls_on("map", "protect", "repossess"), data=st.data())
    def call_on_entries(self, name: str, data: st.DataObject) -> None:
        self.call(name, draw_arguments(data, self.world, name))

    @rule(name=calls_on("environment"), data=st.data())
    def call_on_environments(self, name: str, data: st.DataObject) -> None:
        self.call(name, draw_arguments(data, self.world, name))

    @rule(name=calls_on("slice", "yield"), data=st.data())
    def call_on_slices(self, name: str, data: st.DataObject) -> None:
        self.call(name, draw_arguments(data, self.world, name))

    @rule(frame=st.sampled_from(range(16, 30)), entry=plain_entries)
    def prepare_and_map(self, frame: int, entry: Entry) -> None:
        """What a library does all the time, in the order that works."""
        tables = [each for each in range(16, 30) if self.world.frames[each].kind == FrameKind.TABLE_1]
        self.call("frame_alloc", (frame, 0))
        if tables:
            self.call("map", (tables[0], frame % 4, entry.replace(frame=Frame(frame), present=True), 0))

    @rule(frame=st.sampled_from(range(16, 30)), table=frames, requests=st.lists(st.tuples(indices, entries), max_size=4))
    def batch(self, frame: int, table: int, requests: list[tuple[int, Entry]]) -> None:
        """Write requests into a frame of data, and have them done."""
        if self.world.frames[frame].kind != FrameKind.DATA or not 0 <= table < 2**32:
            return
        for number, (index, entry) in enumerate(requests):
            request = fake_machine.map_request(Frame(frame), 16 * number)
            request.table, request.index, request.entry = table, index % 2**32, entry  # type: ignore[assignment]
        self.call("map_batch", (frame, 0, len(requests), 0))

    @rule(token=capabilities, slot=st.integers(1, 3), change=st.sampled_from([0, 0, 1, 2**40]))
    def unseal(self, token: Capability, slot: int, change: int) -> None:
        """Present a token, made by the kernel or not."""
        self.call("capability_unseal", (token, modules["capabilities"].seal_of(token) ^ change, slot))

    @rule(
        environment=st.integers(1, 3),
        begin=st.sampled_from([ENTRY, ENTRY, ENTRY, 0, 0, 2**47, -1]),
        end=st.sampled_from([ENTRY, ENTRY, ENTRY, 0, 2**47]),
    )
    def write_environment_page(self, environment: int, begin: int, end: int) -> None:
        """Whoever has it mapped may write there what it likes."""
        if self.world.environments[environment].phase in (Phase.EMBRYO, Phase.LIVE) and not self.is_off:
            page = self.world.page_of(environment)
            page.begin, page.end = begin, end

    @rule(times=st.integers(1, 3))
    def tick(self, times: int) -> None:
        for _ in range(times):
            if not self.is_off:
                self.step_tick()

    # How each step is judged

    def call(self, name: str, arguments: tuple[Any, ...]) -> None:
        caller = self.world.machine.current
        if self.is_off or caller == NOBODY:
            return
        expectation = oracle.expect(self.world, name, caller, arguments)
        if name == "environment_destroy" and not expectation.error and arguments[0] == FIRST:
            return  # the machine would end
        before = self.world.snapshot()
        root = self.world.environments[caller].root
        remembered = dict(fake_machine.mapped_pages(root))
        answer = self.world.answer(name, *arguments, by=caller)
        assert answer.error == expectation.error, f"{name}{arguments}: {answer.error}, not {expectation.error}"
        after = self.world.snapshot()
        if answer.error:
            assert after == before
            return
        if name in oracle.IN_STEPS:
            assert answer.value == expectation.done
        oracle.check_rows(name, expectation)
        hints = {each for each in arguments if isinstance(each, int)}
        oracle.check_words(self.world, before, oracle.expected_words(name, caller, arguments, expectation.done), hints)
        oracle.check_nothing_else(before, after)
        oracle.check_translations(self.world, root, remembered)

    def step_tick(self) -> None:
        expected = oracle.expected_rows("tick", ())
        told = oracle.find("hears_of_its_end"), oracle.find("wants_to_hear")
        current = self.world.machine.current
        hears = told[0](current) and told[1](current)  # type: ignore[misc]
        try:
            handler = self.world.tick()
        except fake_machine.PoweredOff:
            self.is_off = True
            assert expected["identity", (FIRST,)].phase == Phase.DEAD
            return
        assert (handler != 0) == hears
        oracle.check_rows("tick", oracle.Expectation(0, 0, expected))

    @invariant()
    def nothing_is_broken(self) -> None:
        if not self.is_off:
            oracle.check_invariants(self.world)
            oracle.check_counts(self.world)
            oracle.check_conservation(self.world, self.quota)


class NativeKernel(Kernel):
    """The same, compiled."""

    make_world = NativeWorld


QUICK = settings(max_examples=20, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
DEEP = settings(QUICK, max_examples=2000, stateful_step_count=50)
TestKernel = Kernel.TestCase
TestKernel.settings = QUICK
TestNativeKernel = NativeKernel.TestCase
TestNativeKernel.settings = QUICK


@pytest.mark.deep
@pytest.mark.parametrize("kernel", [Kernel, NativeKernel])
def test_many_more_of_the_same(kernel: type[Kernel]) -> None:
    run_state_machine_as_test(kernel, settings=DEEP)  # type: ignore[no-untyped-call]

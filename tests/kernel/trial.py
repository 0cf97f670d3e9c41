"""A kernel and its specification side by side, and a way to a story in which they part.

Each call and each tick is foreseen by the specification before it is made, and held against
it after. `walk` makes moves at random; `shortened` leaves out of a story all it can do without.
"""

from collections.abc import Callable, Collection, Iterable
from random import Random
from typing import Any

from exokernel.abi.names import FIRST, NOBODY, Frame
from exokernel.abi.tables import FrameKind, Phase
from exokernel.abi.x86_64 import Entry
from exokernel.dialect.calls import Answer
from tests.kernel import fake_machine, oracle
from tests.kernel.moves import COMMON, LESS, Move, any_moves, furnishing
from tests.kernel.worlds import FRAMES, QUOTA, World

STEPS = 60  # of a walk
WALKS = 60  # tried before we say that there is no story; each takes some 0.4 s


class Trial:
    """A world in which every step is judged. Moves that nobody could make there are let pass.

    `judged` restricts the judgement to some calls (and `tick`). With `every`, ticks, and all
    invariants and counts, are looked at only once in so many steps: that is slow.
    """

    def __init__(self, world: World | None = None, judged: Collection[str] | None = None, every: int = 1) -> None:
        self.world = world or World()
        self.judged, self.every = judged, every
        self.calls = self.steps = 0
        self.is_off = False

    def do(self, move: Move) -> bool:
        """Make a move; whether it could be made. Raises AssertionError when the kernel was wrong."""
        by = {"by": move.by} if move.by else {}
        return bool(getattr(self, move.method)(*move.arguments, **by))

    def call(self, name: str, *arguments: Any, by: int = FIRST) -> bool:
        if self.is_off or by == NOBODY or by != self.world.machine.current:
            return False
        if name == "environment_destroy" and arguments[0] == FIRST:
            return False  # the machine would end
        if not self.judges(name):
            self.answer(name, arguments, by)
            return True
        self.calls += 1
        expectation = oracle.expect(self.world, name, by, arguments)
        before = self.world.snapshot()
        root = self.world.environments[by].root
        remembered = dict(fake_machine.mapped_pages(root))
        self.world.log.clear()
        processor = oracle.views.see_processor()
        answer = self.answer(name, arguments, by)
        assert answer.error == expectation.error, f"{name}{arguments}: {answer.error}, not {expectation.error}"
        after = self.world.snapshot()
        oracle.check_processor(processor, name)
        if answer.error:
            assert after == before, f"{name} raised and changed something"
            return True
        if name in oracle.IN_STEPS:
            assert answer.value == expectation.done, f"{name} did {answer.value} steps, not {expectation.done}"
        oracle.check_rows(self.world, before, name, expectation)
        hints = {each for each in arguments if isinstance(each, int)}
        oracle.check_words(self.world, before, after, oracle.expected_words(name, by, arguments, expectation.done), hints)
        oracle.check_nothing_else(before, after)
        oracle.check_translations(self.world, root, remembered)
        self.look_around()
        return True

    def answer(self, name: str, arguments: tuple[Any, ...], by: int) -> Answer:
        try:
            return self.world.answer(name, *arguments, by=by)
        except fake_machine.PoweredOff:
            self.is_off = True
            raise AssertionError(f"{name} switched the machine off") from None

    def tick(self) -> bool:
        if self.is_off:
            return False
        self.steps += 1
        if not self.judges("tick") or self.steps % self.every:
            self.is_off = not survives(self.world.tick)
            return True
        expected = oracle.expected_rows("tick", {})
        told = oracle.find("tick_value")()  # type: ignore[misc]
        self.world.log.clear()
        processor = oracle.views.see_processor()
        before = self.world.snapshot()
        try:
            handler = self.world.tick()
        except fake_machine.PoweredOff:
            self.is_off = True
            assert expected["identity", (FIRST,)].phase == Phase.DEAD
            return True
        assert handler == told, f"the tick is told to {handler:x}, not {told:x}"
        oracle.check_processor(processor, "tick")
        oracle.check_rows(self.world, before, "tick", oracle.Expectation(0, 0, expected))
        self.look_around()
        return True

    def set_page(self, environment: int, begin: int, end: int) -> bool:
        """What an environment's library writes into its environment page."""
        if self.is_off or self.world.environments[environment].phase not in (Phase.EMBRYO, Phase.LIVE):
            return False
        page = self.world.page_of(environment)
        page.begin, page.end = begin, end
        return True

    def request(self, frame: int, number: int, table: int, index: int, entry: Entry) -> bool:
        """What a library writes into a frame of data, for `map_batch`."""
        if self.is_off or not 0 <= frame < FRAMES or self.world.frames[frame].kind != FrameKind.DATA:
            return False
        request = fake_machine.map_request(Frame(frame), 16 * number)
        request.table, request.index, request.entry = table, index, entry  # type: ignore[assignment]
        return True

    def judges(self, name: str) -> bool:
        return self.judged is None or name in self.judged

    def look_around(self) -> None:
        """Look whether anything at all is broken, now and then."""
        self.steps += 1
        if self.steps % self.every == 0:
            oracle.check_invariants(self.world)
            oracle.check_counts(self.world)
            oracle.check_conservation(self.world, QUOTA)


def survives(tick: Callable[[], int]) -> bool:
    try:
        tick()
    except fake_machine.PoweredOff:
        return False
    return True


def walk(trial: Trial, chance: Random, story: list[Move], steps: int = STEPS, favourite: str = "") -> None:
    """Make moves at random, and write down each before it is made. Raises what a wrong kernel raises."""

    def make(moves: Iterable[Move]) -> None:
        for move in moves:
            story.append(move)
            trial.do(move)

    make(furnishing(chance.randrange(3) != 2, chance.randrange(3), chance.choice(("", "", *COMMON)), chance.choice(LESS)))
    for _ in range(steps):
        if trial.is_off or trial.world.machine.current == NOBODY:
            make([Move("tick")])
        else:
            make(any_moves(trial.world, chance, favourite))


def goes_wrong(story: list[Move], judged: Collection[str] | None = None) -> str:
    """What a story that begins at boot comes to: "" when all is well."""
    trial = Trial(judged=judged)
    try:
        for move in story:
            trial.do(move)
    except Exception as wrong:
        return f"{type(wrong).__name__}: {wrong}".strip()
    return ""


def find_story(judged: Collection[str], favourite: str = "") -> list[Move]:
    """A short story in which one of these calls does wrong, the same on every host; [] if no walk comes to one."""
    for seed in range(WALKS):
        story: list[Move] = []
        try:
            walk(Trial(judged=judged), Random(seed), story, favourite=favourite)
        except Exception:
            return shortened(story, judged)
    return []


def shortened(story: list[Move], judged: Collection[str]) -> list[Move]:
    """The same story without what can be left out."""
    size = len(story) // 2
    while size:
        for start in range(len(story) - size, -1, -size):
            candidate = story[:start] + story[start + size :]
            if goes_wrong(candidate, judged):
                story = candidate
        size //= 2
    return story

"""What a call tells of private things: found in answers, in tables, and in what a loop carries along."""

from collections.abc import Callable

import pytest

from exokernel.prover import terms
from exokernel.prover.cells import State
from exokernel.prover.mutants import Changed, Workshop
from exokernel.prover.privacy import PRIVATE, Looks, everything_told
from exokernel.prover.prove import prove_call
from exokernel.prover.solver import Verdict, prove
from exokernel.prover.system import System
from exokernel.prover.terms import Term
from tests.prover.planted import planted
from tests.prover.small import run_of

TABLES = """
static @memory: u64[16][16]
static @public: u64[16]
static @exokernel.kernel.kept: u64[16]
"""

ANSWERS = """
function call() -> int:
block entry:
  %0: int = load @memory[3][0]: u64
  return %0
end
"""

ANSWERS_WITH_WHAT_IT_KEEPS = """
function call() -> int:
block entry:
  %0: int = load @exokernel.kernel.kept[3]: u64
  return %0
end
"""

REFUSES = """
function call() -> none raises 5:
block entry:
  %0: int = load @memory[3][0]: u64
  %1: bool = %0 == 7
  branch %1, refuse, done
block refuse:
  raise 5
block done:
  return
end
"""

WRITES = """
function call() -> none:
block entry:
  %0: int = load @memory[3][0]: u64
  store @public[%0]: u64, 1
  return
end
"""


def looping(body: str, first: str = "0", steps: int = 16) -> str:
    """A function that begins with something found, goes on for so many steps, and answers with what it found last."""
    return f"""
function call() -> int:
  local %i: int
  local %found: int
block entry:
  %i = 0
  %found = {first}
  jump head
block head:
  %0: bool = %i < {steps}
  branch %0, body, done
block body:
{body}
  %i = %i + 1
  jump head
block done:
  return %found
end
"""


CARRIES = looping("  %found = load @memory[%i][0]: u64")

FORGETS_LATE = """
  %1: bool = %i == 99
  branch %1, forget, next
block forget:
  %found = 0
  jump next
block next:
"""

BEGINS_WITH = looping(FORGETS_LATE, first="load @memory[3][0]: u64")

MOVES = """
function call() -> int:
block entry:
  %0: int = load @memory[3][0]: u64
  store @memory[4][0]: u64, %0
  %1: int = load @public[4]: u64
  return %1
end
"""

LOOKS_SOMETIMES = """
function call() -> int:
block entry:
  %0: int = load @public[0]: u64
  %1: bool = %0 == 7
  branch %1, look, done
block look:
  %2: int = load @memory[3][0]: u64
  return %2
block done:
  return 0
end
"""

MOVES_ONE = """
  %found = load @memory[3][0]: u64
  %1: int = load @memory[4][0]: u64
  store @memory[3][0]: u64, %1
"""

MOVES_FIRST = looping(MOVES_ONE, steps=15)


def tells_nothing_but(source: str, *frames: int, where: Callable[[State], Term] = lambda state: terms.TRUE) -> bool:
    """Whether a function tells no private word but those of these frames, and those only where that is so."""
    run, state = run_of(TABLES + source, "call")

    def may_be_learnt(thing: str, key: Term) -> Term:
        if thing != "memory":
            return terms.FALSE
        frame = terms.slice_bits(key, 7, 4)  # a key is of two numbers, four bits each: frame and index
        return terms.both((where(state), terms.either(terms.equal(frame, terms.number(each, 4)) for each in frames)))

    looks = Looks(may_be_learnt)
    told = [looks.told_of(*each) for each in everything_told(run, looks)]
    return all(prove(conditions, claim).verdict is Verdict.PROVED for conditions, claim in told)


@pytest.mark.parametrize("source", [ANSWERS, REFUSES, WRITES, BEGINS_WITH], ids=["answers", "refuses", "writes", "begins with"])
def test_a_leak_is_found(source: str) -> None:
    assert not tells_nothing_but(source)
    assert not tells_nothing_but(source, 4)
    assert tells_nothing_but(source, 3)


def test_what_the_kernel_keeps_to_itself_is_private() -> None:
    assert not tells_nothing_but(ANSWERS_WITH_WHAT_IT_KEEPS)


def test_what_a_loop_hands_on_is_told() -> None:
    assert not tells_nothing_but(CARRIES, *range(15))
    assert tells_nothing_but(CARRIES, *range(16))


def test_what_moves_from_frame_to_frame_is_told_to_nobody() -> None:
    assert tells_nothing_but(MOVES)


def test_a_loop_that_moves_what_its_next_step_may_tell_tells_it() -> None:
    assert not tells_nothing_but(MOVES_FIRST, 3)
    assert tells_nothing_but(MOVES_FIRST, 3, 4)


def test_a_look_matters_only_where_control_comes() -> None:
    def seven(state: State) -> Term:
        return terms.equal(state.table("public[]").read((terms.number(0),)), terms.number(7))

    assert tells_nothing_but(LOOKS_SOMETIMES, 3, where=seven)
    assert not tells_nothing_but(ANSWERS, 3, where=seven)


# The kernel


PLANTED = [  # call, module, function, what is done otherwise, text before, text after
    (
        "repossess", "translations", "repossess", "looks at a word of some frame",
        "    if not entry.present:\n"
        "        raise",
        "    if not entry.present or machine.entries(Frame(4000))[7].present:\n"
        "        raise",
    ),
    (
        "map", "translations", "map", "looks at another entry",
        "    require_step(caller, key, table, index, entry)\n"
        "\n",
        "    require_step(caller, key, table, index, entry)\n"
        "    if machine.entries(table)[index // 2].present:\n"
        "        raise BadEntry(index)\n"
        "\n",
    ),
    (
        "map", "translations", "map", "looks before it asks for the key",
        "    require_step(caller, key, table, index, entry)\n"
        "\n",
        "    if machine.entries(table)[index].present:\n"
        "        raise BadEntry(index)\n"
        "    require_step(caller, key, table, index, entry)\n"
        "\n",
    ),
    (
        "machine_halt", "console", "machine_halt", "shows a word of some frame",
        "status % 256)",
        "int(machine.entries(Frame(4000))[7]) % 256)",
    ),
    (
        "console_write", "console", "console_write", "shows bytes of some frame",
        "machine.bytes_in(frame)[offset",
        "machine.bytes_in(Frame(4000))[offset",
    ),
    (
        "console_write", "console", "console_write", "shows bytes behind those it is to show",
        "[offset : offset + length]",
        "[offset : offset + length + 1]",
    ),
    (
        "map_batch", "translations", "map_batch", "reads past the requests",
        "    progress = exchange_batch(",
        "    if count != 0 and machine.map_request(requests, offset + (count - 1) * REQUEST_SIZE + 8).index == 7:\n"
        "        raise BadEntry(0)\n"
        "    progress = exchange_batch(",
    ),
    (
        "map_batch", "translations", "map_batch", "reads requests that the key does not open",
        "    require(caller, key, Rights.READ, frames[requests].guard)\n",
        "",
    ),
    (
        "table_free", "tables", "table_free", "looks into the table below",
        "    if frames[link.frame].entries != 0:\n",
        "    if frames[link.frame].entries != 0 or machine.entries(link.frame)[0].accessed:\n",
    ),
    (
        "yield_to", "processor", "require_entry_of", "asks the dead",
        "state.phase != Phase.LIVE",
        "state.phase == Phase.FREE",
    ),
    (
        "frame_free", "frames", "frame_free", "looks at what it frees",
        "    require_data(frame)\n"
        "    require_unless_dead(",
        "    if machine.entries(frame)[0].present:\n"
        "        raise InUse(frame)\n"
        "    require_data(frame)\n"
        "    require_unless_dead(",
    ),
]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["map", "map_batch", "protect", "repossess", "table_free", "frame_free"])
def test_a_call_tells_only_what_it_may(system: System, name: str) -> None:
    assert prove_call(system, system.calls[name], PRIVATE).failures == []


@pytest.mark.slow
@pytest.mark.parametrize(("call", "module", "function", "what", "before", "after"), PLANTED, ids=[each[3] for each in PLANTED])
def test_a_planted_look_is_refuted(
    system: System, workshop: Workshop, call: str, module: str, function: str, what: str, before: str, after: str
) -> None:
    with Changed(system, workshop.changed_functions(system, planted(module, function, what, before, after))):
        (failure,) = prove_call(system, system.calls[call], PRIVATE, stop_early=True).failures
    assert failure.verdict == "refuted"


@pytest.mark.slow
def test_the_kernel_may_learn_nothing_that_is_not_said(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(system.specification.claims["privacy"], "map_may_learn_memory")
    (failure,) = prove_call(system, system.calls["map"], PRIVATE, stop_early=True).failures
    assert failure.verdict == "refuted"

"""What the functions of the machine mean to the prover, and nothing below them.

The portable kernel reaches the machine through `kernel.arch.machine` and its drivers; here
stands, for each function of theirs, its effect on the prover's state. That the code behind
them has this effect is trusted, and tested elsewhere. Three things are added to the tables:

- `memory[f][i]`: word i of frame f, which is entry i where f is a page table;
- `forgotten[p]`: whether the translation of page p was dropped since the call began;
- `departed`: the environment the processor is sent to, if `begin` was called.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3

from exokernel.abi.names import FRAMES, TABLE_ENTRIES
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Cell, Embedded, Run, Truth, Word, WordCell
from exokernel.prover import terms
from exokernel.prover.cells import State, Sweep
from exokernel.prover.execute import Executor, Model, Unsupported
from exokernel.prover.layout import Layout
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number
from exokernel.prover.values import Pointer, Span, Value, unknown

MEMORY, FORGOTTEN, DEPARTED = "memory", "forgotten", "departed"
WORDS = f"{MEMORY}[]"
PAGES = 2**36
MACHINE = ("exokernel.kernel.arch.", "exokernel.kernel.drivers.")
ENTRY = Word("exokernel.abi.x86_64.Entry", 64)
GHOSTS = (FORGOTTEN, DEPARTED)

Arguments = tuple[Any, ...]


def add_machine(layout: Layout) -> None:
    """Declare what the machine adds to the kernel's tables."""
    layout.add_root(MEMORY, Run(Run(WordCell(ENTRY), TABLE_ENTRIES), FRAMES))
    layout.add_root(FORGOTTEN, Run(Truth(), PAGES))
    layout.add_root(DEPARTED, Cell(64, signed=True))


def entries(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    (frame,) = arguments
    executor.demand(path, terms.within(frame, FRAMES), "the frame is one", function.location)
    executor.journal.access(WORDS, (frame,))
    return Span(f"{MEMORY}[]", (frame,), number(0), number(TABLE_ENTRIES))


def store(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    table, index, entry = arguments
    executor.demand(path, terms.within(index, table.length), "the index is within the table", function.location)
    indices = (*table.indices, terms.simplify(table.start + index))
    executor.journal.access(f"{table.path}[]", indices)
    path.state = path.state.with_table(f"{table.path}[]", path.state.table(f"{table.path}[]").write(indices, entry))
    return None


def clear(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return replace_frame(executor, path, function, arguments[0], None)


def copy(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return replace_frame(executor, path, function, arguments[0], (arguments[1],))


def replace_frame(
    executor: Executor, path: Path, function: op.Function, frame: Term, source: tuple[Term] | None
) -> Value:
    for each in (frame, *(source or ())):
        executor.demand(path, terms.within(each, FRAMES), "the frame is one", function.location)
    name = f"{WORDS}[]"
    path.state = path.state.with_table(name, path.state.table(name).fill((frame,), source))
    return None


def forget(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    first, count = arguments
    return sweep(path, f"{FORGOTTEN}[]", terms.low_bits(first, 36), terms.low_bits(count, 36))


def forget_all(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return sweep(path, f"{FORGOTTEN}[]", number(0, 36), number(2**36 - 1, 36))


def sweep(path: Path, name: str, first: Term, count: Term) -> None:
    table = path.state.table(name).updated(Sweep(first, count, number(1, 1)))
    path.state = path.state.with_table(name, table)


def share_kernel_half(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    (root,) = arguments
    name = f"{WORDS}[]"
    first = terms.joined((terms.low_bits(root, 20), number(TABLE_ENTRIES // 2, 9)))
    kernel = terms.table_term(executor.fresh("kernel half"), 29, 64)
    table = path.state.table(name).updated(Sweep(first, number(TABLE_ENTRIES // 2, 29), None, kernel))
    path.state = path.state.with_table(name, table)
    return None


def begin(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    path.state = path.state.with_table(DEPARTED, path.state.table(DEPARTED).write((), arguments[0]))
    return None


def idle(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    path.state = path.state.with_table(DEPARTED, path.state.table(DEPARTED).write((), number(0)))
    return None


def unreachable(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    executor.demand(path, terms.FALSE, f"{function.name} is never reached", function.location)
    return None


def power_off(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    path.assume(terms.FALSE)  # control does not come back
    return None


def anything(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return unknown(executor.fresh(function.name.rpartition(".")[2]), function.result)


def nothing(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return None


def foreign(storage: str) -> Model:
    """A record that a library wrote into a frame of its own: the kernel may read anything there."""

    def model(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
        root = executor.fresh(storage)
        executor.layout.add_root(root, Embedded(storage))
        return Pointer(root, ())

    return model


def foreign_bytes(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    root = executor.fresh("bytes of a frame")
    executor.layout.add_root(root, Run(Cell(8), 4096))
    return Span(root, (), number(0), number(4096))


def is_entry(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return z3.LShR(arguments[0] - 1, 47) == 0


def seal(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    word = z3.BitVecSort(64)
    return z3.Function("siphash", word, word, word, word)(*arguments)


MODELS: dict[str, Model] = {
    "paging.entries": entries,
    "paging.store": store,
    "paging.clear": clear,
    "paging.copy": copy,
    "paging.forget": forget,
    "paging.forget_all": forget_all,
    "paging.share_kernel_half": share_kernel_half,
    "paging.bytes_in": foreign_bytes,
    "paging.map_request": foreign("exokernel.abi.tables.MapRequest"),
    "running.environment_page": foreign("exokernel.abi.environment_page.EnvironmentPage"),
    "running.is_entry": is_entry,
    "running.begin": begin,
    "entry.wait": idle,
    "panic.panic": unreachable,
    "power.power_off": power_off,
    "floating_point.forget": nothing,
    "console.write": nothing,
    "console.write_bytes": nothing,
    "console.read": anything,
}


def model_of(name: str) -> Model | None:
    """The meaning of a function of the machine, or None for a function of the portable kernel."""
    if name == "exokernel.kernel.siphash.siphash":
        return seal
    if not name.startswith(MACHINE):
        return None
    ending = ".".join(name.rsplit(".", 2)[-2:])
    if ending not in MODELS:
        raise Unsupported(f"{name} is of the machine and has no model in prover/machine.py")
    return MODELS[ending]


def initial_state(layout: Layout, tag: str = "") -> State:
    """Any state at the moment a call begins: no translation dropped yet, nowhere to go yet."""
    state = State(layout, tag)
    nothing_forgotten = state.table(f"{FORGOTTEN}[]").updated(Sweep(number(0, 36), number(-1, 36), number(0, 1)))
    state = state.with_table(f"{FORGOTTEN}[]", nothing_forgotten)
    return state.with_table(DEPARTED, state.table(DEPARTED).write((), number(-1)))


Registry = Callable[[str], Model | None]

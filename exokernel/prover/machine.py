"""What the functions of the machine mean to the prover, and nothing below them.

The portable kernel reaches the machine through `kernel.arch.machine` and its drivers; here
stands, for each function of theirs, its effect on the prover's state. That the code behind
them has this effect is trusted, and tested elsewhere. Added to the tables are what libraries write
into frames of data, as the kernel and its drivers read it (`pages`, `requests`, `bytes`), the kernel's root, and:

- `memory[f][i]`: word i of frame f, which is entry i where f is a page table;
- `forgotten[p]`: whether the translation of page p was dropped since memory was last written in this call;
- `registers_forgotten[e]`: whether the floating-point registers of environment e were;
- `departed`: where the processor is sent when the kernel is left, if it does not just go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import z3

from exokernel.abi.layout import SELF_SLOT
from exokernel.abi.names import ENVIRONMENTS, FRAME_SIZE, FRAMES, TABLE_ENTRIES
from exokernel.abi.tables import MapRequest
from exokernel.abi.x86_64 import Entry
from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.types import Cell, Embedded, Run, Truth, Word, WordCell
from exokernel.dialect import size_of
from exokernel.prover import terms
from exokernel.prover.cells import Anew, State, Sweep, Table
from exokernel.prover.execute import Executor, Model, Unsupported, ended
from exokernel.prover.layout import Layout
from exokernel.prover.paths import Path
from exokernel.prover.terms import Term, number
from exokernel.prover.values import Pointer, Span, Value, unknown

MEMORY, FORGOTTEN, REGISTERS, DEPARTED = "memory", "forgotten", "registers_forgotten", "departed"
PAGES_OF, REQUESTS = "pages", "requests"  # frames of data as the kernel reads them
BYTES = "bytes"  # of frames, as drivers are given them
WORDS = f"{MEMORY}[]"
PAGES = 2**36
DRIVERS = "exokernel.kernel.drivers."  # they answer anything, and touch no table
MACHINE = ("exokernel.kernel.arch.", DRIVERS)
ENTRY = Word("exokernel.abi.x86_64.Entry", 64)
KERNEL_ROOT = "exokernel.kernel.arch.x86_64.paging.kernel_root"  # never changes after boot
SELF_LINK = int(Entry(present=True, user=True, no_execute=True))
GHOSTS = (FORGOTTEN, REGISTERS, DEPARTED)
DEPARTURE = tuple(f"{DEPARTED}.{each}" for each in ("environment", "root", "page", "at", "entry"))
GOES_ON, WAITS = -1, -2  # in the place of an environment: the processor goes nowhere else, or waits for the timer
NOTHING, ALL = Anew(lambda key: number(0, 1)), Anew(lambda key: number(1, 1))  # is forgotten
PAGE_BITS = (PAGES - 1).bit_length()

Arguments = tuple[Any, ...]


def add_machine(layout: Layout) -> None:
    """Declare what the machine adds to the kernel's tables."""
    layout.add_root(MEMORY, Run(Run(WordCell(ENTRY), TABLE_ENTRIES), FRAMES))
    layout.add_root(FORGOTTEN, Run(Truth(), PAGES))
    layout.add_root(REGISTERS, Run(Truth(), ENVIRONMENTS))
    if KERNEL_ROOT not in layout.roots:
        layout.add_root(KERNEL_ROOT, Run(WordCell(ENTRY), TABLE_ENTRIES))
    for name in DEPARTURE:
        layout.add_root(name, Cell(64, signed=True))
    layout.add_root(PAGES_OF, Run(Embedded("exokernel.abi.environment_page.EnvironmentPage"), FRAMES))
    layout.add_root(BYTES, Run(Run(Cell(8), FRAME_SIZE), FRAMES))
    layout.add_root(REQUESTS, Run(Embedded("exokernel.abi.tables.MapRequest"), FRAMES * TABLE_ENTRIES))


def entries(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    (frame,) = arguments
    demand_frame(executor, path, function, frame)
    executor.journal.access(WORDS, (frame,))
    return Span(f"{MEMORY}[]", (frame,), number(0), number(TABLE_ENTRIES))


def demand_frame(executor: Executor, path: Path, function: op.Function, frame: Term) -> None:
    executor.demand(path, terms.within(frame, FRAMES), "the frame is one", function.location, frame)


def store(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    table, index, entry = arguments
    executor.demand(path, terms.within(index, table.length), "the index is within the table", function.location)
    indices = (*table.indices, terms.simplify(table.start + index))
    executor.journal.access(f"{table.path}[]", indices)
    write_memory(path, f"{table.path}[]", path.state.table(f"{table.path}[]").write(indices, entry))
    return None


def write_memory(path: Path, name: str, words: Table) -> None:
    """Memory becomes this. Until now the processor may have looked at it, and remember again what it was told to forget."""
    path.state = path.state.with_table(name, words)
    path.state = path.state.with_table(f"{FORGOTTEN}[]", path.state.table(f"{FORGOTTEN}[]").updated(NOTHING))


def clear(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return replace_frame(executor, path, function, arguments[0], None)


def copy(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    return replace_frame(executor, path, function, arguments[0], (arguments[1],))


def replace_frame(
    executor: Executor, path: Path, function: op.Function, frame: Term, source: tuple[Term] | None
) -> Value:
    for each in (frame, *(source or ())):
        demand_frame(executor, path, function, each)
    write_memory(path, f"{WORDS}[]", path.state.table(f"{WORDS}[]").fill((frame,), source))
    return None


def forget(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    first, count = arguments
    fits = terms.both((terms.within(first, PAGES), terms.within(count, PAGES), terms.within(first + count, PAGES + 1)))
    executor.demand(path, fits, "the pages are some", function.location)
    sweep(path, f"{FORGOTTEN}[]", terms.low_bits(first, PAGE_BITS), terms.low_bits(count, PAGE_BITS))
    return None


def forget_all(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    path.state = path.state.with_table(f"{FORGOTTEN}[]", path.state.table(f"{FORGOTTEN}[]").updated(ALL))
    return None


def forget_registers(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    (environment,), name = arguments, f"{REGISTERS}[]"
    executor.demand(path, terms.within(environment, ENVIRONMENTS), "the environment has a name", function.location)
    path.state = path.state.with_table(name, path.state.table(name).write(arguments, number(1, 1)))
    return None


def sweep(path: Path, name: str, first: Term, count: Term) -> None:
    table = path.state.table(name).updated(Sweep(first, count, lambda key: number(1, 1)))
    path.state = path.state.with_table(name, table)


def share_kernel_half(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """The upper half of a root becomes as in every root, with a read-only link of the root to itself."""
    (root,), name = arguments, f"{WORDS}[]"
    demand_frame(executor, path, function, root)
    first = terms.joined((terms.low_bits(root, 20), number(TABLE_ENTRIES // 2, 9)))
    kernel = path.state.table(f"{KERNEL_ROOT}[]").base
    table = path.state.table(name)
    half = Sweep(first, number(TABLE_ENTRIES // 2, 29), lambda key: terms.element(kernel, terms.low_bits(key, 9)))
    itself = terms.slice_bits(terms.low_bits(SELF_LINK | (root << 12), 64), 63, 0)
    write_memory(path, name, table.updated(half).write((root, number(SELF_SLOT)), itself))
    return None


def begin(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    _, root, page, *_ = arguments
    for each in (root, page):
        demand_frame(executor, path, function, each)
    path.state = sent(path.state, arguments)
    return None


def idle(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    path.state = sent(path.state, [number(WAITS), *[number(0)] * (len(DEPARTURE) - 1)])
    return None


def sent(state: State, where: Sequence[Term]) -> State:
    for name, part in zip(DEPARTURE, where, strict=True):
        state = state.with_table(name, state.table(name).write((), part))
    return state


def unreachable(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    executor.demand(path, terms.FALSE, f"{function.name} is never reached", function.location)
    return None


def power_off(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    executor.journal.halts.append(ended(path, arguments[0], number(0)))
    path.assume(terms.FALSE)  # control does not come back
    return None


def anything(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    executor.journal.said.append((ended(path, number(0), number(0)), tuple(arguments)))
    return unknown(executor.fresh(function.name.rpartition(".")[2]), function.result)


def environment_page(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """What a library wrote into its page: anything, and the same as long as the library does not run."""
    demand_frame(executor, path, function, arguments[0])
    return Pointer(f"{PAGES_OF}[]", arguments)


def map_request(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """What a library wrote there: anything. Requests that overlap are held to be unrelated, which forbids nothing."""
    frame, offset = arguments
    demand_frame(executor, path, function, frame)
    assert size_of(MapRequest) == 2 * 8
    last = number(FRAME_SIZE - 8)  # at the last word of a frame half a request has room
    aligned = terms.both((terms.within(offset, FRAME_SIZE), offset & 7 == 0, terms.negate(terms.equal(offset, last))))
    executor.demand(path, aligned, "a request lies aligned in a frame", function.location)
    return Pointer(f"{REQUESTS}[]", (terms.simplify((frame << 9) + (offset >> 3)),))


def foreign_bytes(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    demand_frame(executor, path, function, arguments[0])
    return Span(f"{BYTES}[]", arguments, number(0), number(FRAME_SIZE))


def forgotten(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """Of the specification: whether a page's translation was dropped since the step began."""
    return terms.equal(path.state.table(f"{FORGOTTEN}[]").read(arguments), number(1, 1))


def registers_forgotten(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """Of the specification: whether an environment's floating-point registers were dropped since the step began."""
    return terms.equal(path.state.table(f"{REGISTERS}[]").read(arguments), number(1, 1))


def departure(executor: Executor, path: Path, function: op.Function, arguments: Arguments) -> Value:
    """Of the specification: where the processor is sent since the step began."""
    return tuple(path.state.table(name).read(()) for name in DEPARTURE)


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
    "paging.map_request": map_request,
    "running.environment_page": environment_page,
    "running.begin": begin,
    "departure.idle": idle,
    "panic.panic": unreachable,
    "power.power_off": power_off,
    "floating_point.forget": forget_registers,
}

EXECUTED = ("running.is_entry",)  # by their own source
PURE: dict[str, Model] = {
    "exokernel.kernel.siphash.siphash": seal,
    "exokernel.spec.views.departure": departure,
    "exokernel.spec.views.forgotten": forgotten,
    "exokernel.spec.views.registers_forgotten": registers_forgotten,
}


def model_of(name: str) -> Model | None:
    """The meaning of a function of the machine, or None for a function of the portable kernel."""
    if name in PURE:
        return PURE[name]
    if not name.startswith(MACHINE):
        return None
    ending = ".".join(name.rsplit(".", 2)[-2:])
    if ending in EXECUTED:
        return None
    if ending not in MODELS and name.startswith(DRIVERS):
        return anything
    if ending not in MODELS:
        raise Unsupported(f"{name} is of the machine and has no model in prover/machine.py")
    return MODELS[ending]


def initial_state(layout: Layout, tag: str = "") -> State:
    """Any state at the moment a call begins: nothing dropped yet, nowhere to go yet."""
    state = State(layout, tag)
    for name in (f"{FORGOTTEN}[]", f"{REGISTERS}[]"):
        state = state.with_table(name, state.table(name).updated(NOTHING))
    return sent(state, [number(GOES_ON)] * len(DEPARTURE))


Registry = Callable[[str], Model | None]

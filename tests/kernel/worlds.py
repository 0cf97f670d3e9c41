"""A kernel in a test's hands: its modules on a fake machine, and a world to begin in.

The modules are imported once, beside whatever else may have imported the kernel, so that other
tests of a run keep theirs.
"""

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from exokernel.abi.calls import __name__ as DECLARATIONS
from exokernel.abi.capability import ROOT as ALL
from exokernel.abi.capability import Capability, Rights, extended
from exokernel.abi.errors import KernelError
from exokernel.abi.names import ENVIRONMENTS, FIRST, ROOT_SLOT, SLICES, EnvironmentId, Frame, Index, Page, Slice, Slot
from exokernel.abi.tables import EnvironmentState, FrameKind, FrameState, MachineState, Phase, Resource
from exokernel.abi.x86_64 import Entry
from exokernel.dialect import Array, calls, checked, memory
from tests.kernel import fake_machine

ROOT = Path(__file__).parents[2]
PREFIXES = ("exokernel.kernel", "exokernel.spec")
FRAMES = 64  # frames of the world; the first eight are the kernel's
RESERVED = 8
QUOTA = FRAMES - RESERVED
SHARE = 4  # slices that one made here may own, and names it may use besides its own
ENTRY = 0x400000
FAKES = ("arch.machine", "drivers.console", "drivers.power")
MODULES = ("state", "gate", "capabilities", "frames", "tables", "translations", "environments", "processor", "slices", "console")


def packages() -> dict[str, ModuleType]:
    """The kernel's packages, with the fakes in place and nothing else loaded."""
    found = {}
    for name in ("exokernel.kernel", "exokernel.kernel.arch", "exokernel.kernel.drivers"):
        found[name] = ModuleType(name)
        found[name].__path__ = [str(ROOT.joinpath(*name.split(".")))]
    for name in FAKES:
        package, _, own = f"exokernel.kernel.{name}".rpartition(".")
        found[f"{package}.{own}"] = fake_machine
        setattr(found[package], own, fake_machine)
    return found


mine: dict[str, ModuleType] = packages()


@contextmanager
def loaded_with_the_kernel() -> Iterator[None]:
    """Import modules that see this kernel; when that is done, everybody else sees what they saw before."""
    others = {name: module for name, module in sys.modules.items() if name.startswith(PREFIXES)}
    for name in others:
        del sys.modules[name]
    sys.modules.update(mine)
    try:
        yield
    finally:
        mine.update({name: module for name, module in sys.modules.items() if name.startswith(PREFIXES)})
        for name in mine:
            sys.modules.pop(name, None)
        sys.modules.update(others)


def load_kernel() -> tuple[dict[str, ModuleType], dict[str, Any], dict[Any, Any]]:
    """Import the portable kernel with fakes for all that is below it, and what it registers."""
    checked.install("exokernel.kernel", "exokernel.spec")
    registered = dict(calls._implemented), dict(calls._admitting)
    with loaded_with_the_kernel():
        modules = {name: importlib.import_module(f"exokernel.kernel.{name}") for name in MODULES}
    own = dict(calls._implemented), dict(calls._admitting)
    restore(*registered)
    return modules, *own


def restore(implementations: dict[str, Any], admissions: dict[Any, Any]) -> None:
    """Let `dispatch` find these, and no others."""
    calls._implemented.clear()
    calls._admitting.clear()
    calls._implemented.update(implementations)
    calls._admitting.update(admissions)


modules, implemented, admitting = load_kernel()
numbers = {
    declaration.__name__: number
    for number, declaration in calls.declared_calls().items()
    if declaration.__module__ == DECLARATIONS
}


class World:
    """The kernel's tables and its calls, as environment FIRST finds them after boot."""

    def __init__(self) -> None:
        self.memory = self.new_memory()
        self.log = fake_machine.log
        self.log.__init__()  # type: ignore[misc]
        state = modules["state"]
        self.frames: Array[FrameState] = state.frames
        self.environments: Array[EnvironmentState] = state.environments
        self.capabilities = state.capabilities
        self.slices = state.slices
        memory.machine = self.memory  # type: ignore[assignment]
        self.boot()

    def new_memory(self) -> fake_machine.SparseMemory:
        return fake_machine.SparseMemory()

    @property
    def machine(self) -> MachineState:
        state: MachineState = modules["state"].machine_state()
        return state

    def boot(self) -> None:
        """Do what the boot sequence does, in the same order, through the kernel's own functions."""
        fake_machine.prepare_kernel_half()
        self.machine.frame_count = FRAMES
        for number in range(RESERVED, FRAMES):
            self.frames[number].kind = FrameKind.FREE
        environments = modules["environments"]
        environments.conceive(FIRST, Frame(8), Frame(9), Page(0x200), ALL, QUOTA)
        environments.make_root(FIRST, Frame(8), ALL)
        environments.make_page(FIRST, Frame(9), ALL)
        self.environments[FIRST].slice_quota = SLICES
        self.environments[FIRST].name_quota = ENVIRONMENTS - 1
        self.environments[FIRST].phase = Phase.LIVE
        modules["capabilities"].held(FIRST, ROOT_SLOT).capability = ALL
        modules["slices"].own(Slice(0), FIRST)
        self.slices[0].guard = ALL
        self.machine.current = FIRST
        self.entry_points(FIRST)
        self.log.clear()

    # What a test asks

    def call(self, name: str, *arguments: Any, by: int = FIRST) -> Any:
        """Make a system call. Raises the KernelError it answers."""
        value, error = self.answer(name, *arguments, by=by)
        if error:
            raise calls.error_numbered(error)
        return value

    def answer(self, name: str, *arguments: Any, by: int = FIRST) -> calls.Answer:
        memory.machine = self.memory  # type: ignore[assignment]
        self.machine.current = EnvironmentId(by)
        self.log.clear()
        with registered():
            return calls.dispatch(numbers[name], EnvironmentId(by), arguments)

    def tick(self) -> int:
        self.log.clear()
        handler: int = modules["slices"].tick()
        return handler

    def snapshot(self) -> dict[int, bytes]:
        return self.memory.snapshot()

    def held(self, environment: int, slot: int) -> Any:
        return modules["capabilities"].held(EnvironmentId(environment), Slot(slot))

    def entry(self, table: int, index: int) -> Entry:
        return fake_machine.entries(Frame(table))[index]

    def page_of(self, environment: int) -> Any:
        return fake_machine.environment_page(self.environments[environment].page)

    def entry_points(self, environment: int) -> None:
        page = self.page_of(environment)
        page.begin, page.end = ENTRY, ENTRY + 8

    # Ready-made pieces of a world

    def table_path(self, first: int = 16, by: int = FIRST) -> Frame:
        """Link tables of three levels down to the region at page 0; return the level-1 table."""
        parent = self.environments[by].root
        for level in range(3):
            self.call("table_alloc", parent, Index(0), Frame(first + level), ROOT_SLOT, by=by)
            parent = Frame(first + level)
        return parent

    def embryo(self, name: int = 2, root: int = 24, page: int = 25, quota: int = 8, by: int = FIRST) -> EnvironmentId:
        self.call("environment_create", name, root, page, 0x200, ROOT_SLOT, quota, by=by)
        return EnvironmentId(name)

    def living(self, name: int = 2, root: int = 24, page: int = 25, quota: int = 8, rights: Capability = ALL) -> EnvironmentId:
        """An environment that lives, can run, and holds `rights` in slot 0."""
        self.embryo(name, root, page, quota)
        self.held(name, 0).capability = rights
        self.entry_points(name)
        self.call("environment_quota", name, ROOT_SLOT, Resource.SLICES, SHARE)
        self.call("environment_quota", name, ROOT_SLOT, Resource.NAMES, SHARE)
        self.call("environment_start", name, ROOT_SLOT)
        return EnvironmentId(name)


@contextmanager
def registered() -> Iterator[None]:
    """Let `dispatch` find this kernel."""
    before = dict(calls._implemented), dict(calls._admitting)
    restore(implemented, admitting)
    try:
        yield
    finally:
        restore(*before)


def named(*name: int, rights: Rights = Rights.ALL) -> Capability:
    """The capability with these bytes for a name."""
    capability = ALL.replace(rights=rights)
    for byte in name:
        capability = extended(capability, byte)
    return capability


def data(frame: int, key: int = 0, **flags: Any) -> Entry:
    """An entry that maps a frame of data."""
    return Entry(present=True, user=True, frame=Frame(frame), key=Slot(key), **flags)


def error_of(answer: calls.Answer) -> type[KernelError]:
    return type(calls.error_numbered(answer.error))  # type: ignore[return-value]

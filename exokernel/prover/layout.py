"""Where the kernel's state is: one cell family for each scalar field of each static.

`frames: Array[FrameState]` becomes a family for each field of FrameState, indexed by the
frame; nested arrays give families with several indices. The name of a family is the path to
it, `frames[].owner`, so a place in the source and its family are spelt alike. Nothing here
knows what the fields mean, but for where memory ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from exokernel.compiler.ir.operations import Program
from exokernel.compiler.ir.types import Cell, Embedded, Run, Storage, Truth, WordCell

FRAME_ROWS = "exokernel.kernel.state.frames[]"  # declared for all the frames there can be
MACHINE_ROWS = "exokernel.kernel.state.machines[]"  # one, which says where memory ends


class UnknownPlace(Exception):
    """A place that the layout has no family for."""


@dataclass(frozen=True)
class Family:
    """All the cells one path leads to."""

    name: str
    lengths: tuple[int, ...]  # of the arrays on the path, outermost first
    storage: Cell | Truth | WordCell

    @cached_property
    def widths(self) -> tuple[int, ...]:
        return tuple(max(1, (length - 1).bit_length()) for length in self.lengths)

    @cached_property
    def bits(self) -> int:
        match self.storage:
            case Cell():
                return self.storage.bits
            case WordCell():
                return self.storage.word.width
            case Truth():
                return 1


def record_of(name: str) -> str:
    """The path to the innermost element a family's name passes through: what a trigger names."""
    return name[: name.rindex("[]") + 2] if "[]" in name else name


class Layout:
    """The families of a program's statics and records, found when they are first asked for."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.roots: dict[str, Storage] = {}
        self.aliases: dict[str, str] = {}  # a static at the address of another -> that other
        placed: dict[int | str, str] = {}
        for name, static in program.statics.items():
            self.roots[name] = static.storage
            if static.address is not None:
                self.aliases[name] = placed.setdefault(static.address, name)
        self.families: dict[str, Family] = {}

    def names_like(self, ending: str) -> str:
        """The one root whose qualified name ends so. Raises UnknownPlace."""
        found = {self.static(name) for name in self.roots if name == ending or name.endswith("." + ending)}
        if len(found) != 1:
            raise UnknownPlace(f"{ending}: {sorted(found)}")
        return found.pop()

    def add_root(self, name: str, storage: Storage) -> None:
        """Declare storage that is no static: a frame slot, physical memory, a ghost."""
        self.roots[name] = storage

    def static(self, name: str) -> str:
        """The name under which a static's cells are kept."""
        return self.aliases.get(name, name)

    def family(self, name: str) -> Family:
        if name not in self.families:
            storage, lengths = self.resolve(name)
            if not isinstance(storage, (Cell, Truth, WordCell)):
                raise UnknownPlace(f"{name} is no scalar")
            self.families[name] = Family(name, lengths, storage)
        return self.families[name]

    def resolve(self, name: str) -> tuple[Storage, tuple[int, ...]]:
        """What lies at a path, and the lengths of the arrays on it."""
        root = name if name in self.roots else self.root_of(name)
        storage: Storage = self.roots[root]
        lengths: tuple[int, ...] = ()
        for step in steps(name[len(root) :]):
            if step == "[]":
                if not isinstance(storage, Run):
                    raise UnknownPlace(name)
                lengths, storage = (*lengths, storage.length), storage.element
            else:
                storage = self.fields(storage, name)[step]
        return storage, lengths

    def root_of(self, name: str) -> str:
        for end in range(len(name) - 1, 0, -1):
            if name[end] in "[|" and name[:end] in self.roots:
                return name[:end]
        raise UnknownPlace(name)

    def fields(self, storage: Storage, name: str) -> dict[str, Storage]:
        if not isinstance(storage, Embedded):
            raise UnknownPlace(name)
        return {each: part.storage for each, part in self.program.records[storage.record].fields.items()}

    def scalars(self, path: str, storage: Storage) -> list[str]:
        """The families below a path."""
        match storage:
            case Embedded():
                found = self.fields(storage, path).items()
                return [leaf for name, part in found for leaf in self.scalars(f"{path}|{name}", part)]
            case Run():
                return self.scalars(f"{path}[]", storage.element)
            case _:
                return [path]


def steps(path: str) -> list[str]:
    """The steps of a path below its root: `[]` or a field's name."""
    return path.replace("[]", "|[]").strip("|").split("|") if path else []

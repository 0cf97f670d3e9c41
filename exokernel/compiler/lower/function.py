"""One function of the IR as one LLVM function.

Sends each operation to the module that lowers it and gives each instruction the source line of
its operation. What an operation means is not decided here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from exokernel.compiler.ir import operations as op
from exokernel.compiler.lower import arithmetic, control, places
from exokernel.compiler.lower.emitter import Emitter
from exokernel.compiler.lower.scalars import result_scalars, returned, scalars

if TYPE_CHECKING:
    from exokernel.compiler.lower.module import ModuleLowering

CONVENTIONS = {"cold": "cold", "inline": "alwaysinline", "never_inline": "noinline", "noreturn": "noreturn"}


def assign(emitter: Emitter, item: op.Assign) -> None:
    emitter.assign(item.target, *emitter.value(item.value))


def is_none(emitter: Emitter, item: op.IsNone) -> None:
    emitter.assign(item.target, emitter.define(f"icmp eq ptr {emitter.scalar(item.reference)}, null"))


def make_tuple(emitter: Emitter, item: op.MakeTuple) -> None:
    emitter.assign(item.target, *(piece for one in item.items for piece in emitter.value(one)))


def take_item(emitter: Emitter, item: op.Item) -> None:
    kinds = getattr(item.value.type, "items")
    start = sum(len(scalars(kind)) for kind in kinds[: item.index])
    pieces = emitter.value(item.value)[start : start + len(scalars(kinds[item.index]))]
    emitter.assign(item.target, *pieces)


def bytes_of(emitter: Emitter, item: op.BytesOf) -> None:
    emitter.assign(item.target, *emitter.value(item.value))


def symbol_address(emitter: Emitter, item: op.SymbolAddress) -> None:
    symbol = emitter.module.symbol(item.symbol, item.is_function)
    emitter.assign(item.target, emitter.define(f"ptrtoint ptr {symbol} to i64"))


LOWERINGS: dict[type[op.Operation], Callable[[Emitter, Any], None]] = {
    op.Assign: assign,
    op.Unary: arithmetic.unary,
    op.Binary: arithmetic.binary,
    op.Compare: arithmetic.compare,
    op.IsNone: is_none,
    op.Extract: arithmetic.extract,
    op.Insert: arithmetic.insert,
    op.WordOf: arithmetic.convert,
    op.IntegerOf: arithmetic.convert,
    op.MakeTuple: make_tuple,
    op.Item: take_item,
    op.Load: places.load,
    op.Store: places.store,
    op.Refer: places.refer,
    op.Slice: places.part,
    op.Length: places.length,
    op.Octet: places.octet,
    op.BytesOf: bytes_of,
    op.CopyRecord: places.copy_record,
    op.CopyElements: places.copy_elements,
    op.Zero: places.zero,
    op.Call: control.call,
    op.Instruct: control.instruct,
    op.AtAddress: places.at_address,
    op.AddressOf: places.address_of,
    op.SymbolAddress: symbol_address,
    op.Assume: control.assume,
    op.Jump: control.jump,
    op.Branch: control.branch,
    op.Switch: control.switch,
    op.Return: control.return_,
    op.Raise: control.raise_,
    op.Stop: control.stop,
}


class FunctionLowering:
    """Lowers one function."""

    def __init__(self, module: ModuleLowering, function: op.Function) -> None:
        self.module = module
        self.function = function
        self.emitter = Emitter(module, function)
        self.scope = module.debug.subprogram(function) if function.location else None
        self.here = self.position(function.location)  # the last line of the function proper
        self.inlined: tuple[int, int] = (0, 0)  # that position, as the call of what was expanded

    def position(self, location: op.Location | None) -> int:
        if location is None or self.scope is None:
            return 0
        return self.module.debug.location(location, self.scope, 0)

    def locate(self, location: op.Location | None) -> None:
        """Let what is emitted next come from this place in the source."""
        if self.scope is None:
            return
        if location is None:
            number = self.here
        elif location.function and self.function.location is not None:
            number = self.expanded(location)
        else:
            number = self.here = self.position(location)
        self.emitter.debug = f", !dbg !{number}"

    def expanded(self, location: op.Location) -> int:
        debug = self.module.debug
        if self.inlined[0] != self.here:
            call = debug.distinct(debug.nodes[self.here])
            self.inlined = (self.here, call)
        return debug.location(location, debug.expanded(location), self.inlined[1])

    def text(self) -> str:
        if "naked" in self.function.attributes:
            return self.naked()
        emitter = self.emitter
        self.parameters()
        for name, storage in self.function.slots.items():
            size, alignment = self.module.size_of(storage), self.module.alignment_of(storage)
            emitter.entry.append(f'  %".slot.{name}" = alloca [{size} x i8], align {max(alignment, 8)}')
        self.locate(None)
        for block in self.function.blocks:
            emitter.start(control.block_label(block.name))
            for operation in block.operations:
                self.locate(operation.location)
                LOWERINGS[type(operation)](emitter, operation)
        if any(isinstance(block.operations[-1], op.Return | op.Raise) for block in self.function.blocks):
            control.return_block(emitter)
        self.describe_locals()
        first = f"  br label %{control.block_label(self.function.blocks[0].name)}"
        body = "\n".join([*emitter.entry, first, *emitter.lines, *emitter.faults])
        return f'{self.head()} {{\n".entry":\n{body}\n}}\n'

    # The frame

    def arguments(self) -> list[tuple[str, str]]:
        """The scalars the function is given: type and name."""
        found: list[tuple[str, str]] = []
        for parameter in self.function.parameters:
            kinds = scalars(parameter.type)
            for part, kind in enumerate(kinds):
                name = parameter.name if len(kinds) == 1 else f"{parameter.name}:{part}"
                found.append((kind, f'%".given.{name}"'))
        return found

    def parameters(self) -> None:
        """Store the arguments into their locals."""
        emitter, arguments = self.emitter, iter(self.arguments())
        for parameter in self.function.parameters:
            for address in emitter.allocate(parameter.name, parameter.type):
                kind, name = next(arguments)
                if parameter.name == self.module.interrupt_frame(self.function):
                    name = self.laundered(name)
                emitter.entry.append(f"  store {kind} {name}, ptr {address}")
        for local in self.function.locals:
            if local.name not in emitter.memory:
                emitter.allocate(local.name, local.type)

    def laundered(self, frame: str) -> str:
        """The interrupt's frame as a pointer LLVM knows nothing about, if it is passed on.

        LLVM takes the frame for a private copy and deletes stores to it. Accesses through a
        place are volatile; those of a function it is passed to are not.
        """
        passed = any(
            isinstance(part, op.Local) and part.name == self.function.parameters[0].name
            for block in self.function.blocks
            for operation in block.operations
            for value in vars(operation).values()
            for part in (value if isinstance(value, tuple) else (value,))
        )
        if not passed:
            return frame
        self.emitter.entry.append(f'  %.frame = call ptr asm sideeffect "", "=r,0"(ptr {frame})')
        return "%.frame"

    def describe_locals(self) -> None:
        if self.scope is None:
            return
        names = {local.name: at + 1 for at, local in enumerate(self.function.parameters)}
        where = self.position(self.function.location)
        for local in [*self.function.parameters, *self.function.locals]:
            described = self.module.debug.local(self.function, self.scope, local, names.get(local.name, 0))
            for address, (variable, expression) in zip(self.emitter.memory[local.name], described):
                self.emitter.entry.append(f"    #dbg_declare(ptr {address}, !{variable}, {expression}, !{where})")

    # The head

    def head(self) -> str:
        function, attributes = self.function, self.function.attributes
        parameters = [f"{kind} {name}" for kind, name in self.arguments()]
        convention = ""
        if "interrupt" in attributes:
            convention = "x86_intrcc "
            size = self.module.size_of(self.module.frame_storage(function))
            parameters[0] = f"ptr byval([{size} x i8]) align 8 {parameters[0].split()[1]}"
        words = [CONVENTIONS[one] for one in CONVENTIONS if one in attributes]
        if self.function.raises and "noreturn" in words:
            words.remove("noreturn")  # it does return: with an error
        elif "noreturn" in words:
            words.append("nomerge")  # each call keeps its line, for the traceback
        if "section" in attributes:
            words.insert(0, f'section "{attributes["section"]}"')
        if self.scope is not None:
            words.append(f"!dbg !{self.scope}")
        symbol = self.module.function_symbol(function.name)
        linkage = "dso_local" if self.module.is_visible(function) else "internal"
        return (
            f"define {linkage} {convention}{returned(result_scalars(function))} "
            f"{symbol}({', '.join(parameters)}) #0 {' '.join(words)}".rstrip()
        )

    def naked(self) -> str:
        """A function that is all assembly: no prologue, no epilogue, arguments untouched."""
        assembly = control.escaped(self.function.attributes["naked"].replace("$", "$$"))
        self.locate(None)
        debug = self.emitter.debug
        head = self.head().replace(" #0", " #0 naked noinline", 1)
        return (
            f'{head} {{\n  call void asm sideeffect "{assembly}", "~{{memory}}"(){debug}\n'
            f"  unreachable{debug}\n}}\n"
        )

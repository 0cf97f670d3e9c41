"""A whole program as one LLVM module.

One module for everything lets LLVM inline and discard across files, and keeps linking trivial.
Functions and statics are internal unless they are exported or assembly mentions them. What
differs between kernel and programs comes in by `Conventions`; nothing here knows a target.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.extents import alignment_of, size_of
from exokernel.compiler.ir.types import Embedded, Reference, Storage
from exokernel.compiler.lower import support
from exokernel.compiler.lower.control import escaped, escaped_octets
from exokernel.compiler.lower.debug import DebugInfo
from exokernel.compiler.lower.function import FunctionLowering
from exokernel.compiler.lower.gates import gates
from exokernel.compiler.lower.scalars import scalars

IDENTIFIER = re.compile(r"[A-Za-z_][\w.$]*")


@dataclass(frozen=True)
class Conventions:
    """What the code may rely on where it will run."""

    alone: bool = False  # nobody else changes the memory of statics that were placed at an address
    red_zone: bool = True  # nothing interrupts on the current stack
    raise_sites: bool = False  # note where an exception was raised last, for the report of one nobody catches


def lower_program(program: op.Program, name: str, conventions: Conventions) -> str:
    """The LLVM IR text of a program; `name` names it in the debug information."""
    return ModuleLowering(program, conventions).text(name)


class ModuleLowering:
    def __init__(self, program: op.Program, conventions: Conventions) -> None:
        self.program = program
        self.conventions = conventions
        self.debug = DebugInfo(program.records)
        self.literals: dict[bytes, str] = {}
        self.outside: dict[str, None] = {}  # link symbols that somebody else defines
        naked = [one.attributes.get("naked", "") for one in program.functions.values()]
        self.mentioned = set(IDENTIFIER.findall("\n".join([*program.assembly, *naked])))
        exports = {one.attributes["exported"] for one in program.functions.values() if "exported" in one.attributes}
        self.defined = exports | set(program.statics)

    # What functions ask for

    def size_of(self, storage: Storage) -> int:
        return size_of(storage, self.program.records)

    def alignment_of(self, storage: Storage) -> int:
        return alignment_of(storage, self.program.records)

    def is_visible(self, function: op.Function) -> bool:
        """Whether the linker may see the function's symbol."""
        return "exported" in function.attributes or function.name in self.mentioned

    def function_symbol(self, name: str) -> str:
        exported = self.program.functions[name].attributes.get("exported", name)
        return f'@"{escaped(exported)}"'

    def interrupt_frame(self, function: op.Function) -> str:
        """The parameter that is the frame an interrupt pushed, if the function is an interrupt's."""
        return function.parameters[0].name if "interrupt" in function.attributes else ""

    def frame_storage(self, function: op.Function) -> Storage:
        kind = function.parameters[0].type
        if not isinstance(kind, Reference):
            raise TypeError(f"{function.name}: an interrupt's first parameter is its frame")
        return Embedded(kind.record)

    def static_address(self, name: str) -> str:
        address = self.program.statics[name].address
        if isinstance(address, int):
            return f"inttoptr (i64 {address} to ptr)"
        return f'@"{escaped(name)}"' if address is None else self.symbol(address, False)

    def symbol(self, name: str, is_function: bool) -> str:
        """What a name stands for at link time."""
        if is_function:
            return self.function_symbol(name)
        if name not in self.defined:
            self.outside[name] = None
        return f'@"{escaped(name)}"'

    def constant(self, item: op.Constant) -> tuple[str, ...]:
        """The scalars of a constant."""
        match item.value:
            case None:
                return ("null",)
            case str():
                return self.literal(item.value.encode())
            case bytes():
                return self.literal(item.value)
        if scalars(item.type) == ("i1",):
            return ("true" if item.value else "false",)
        return (str(int(item.value)),)

    def literal(self, content: bytes) -> tuple[str, str]:
        if not content:
            return "null", "0"
        symbol = self.literals.setdefault(content, f"@literal.{len(self.literals)}")
        return symbol, str(len(content))

    # The text

    def text(self, name: str) -> str:
        functions = [FunctionLowering(self, one).text() for one in self.program.functions.values()]
        functions += gates(self)
        # Small ones first: what is used together then shares pages and cache lines.
        placed = [one for one in self.program.statics.values() if one.address is None]
        statics = [self.static(one) for one in sorted(placed, key=lambda one: self.size_of(one.storage))]
        literals = [
            f'{symbol} = private unnamed_addr constant [{len(content)} x i8] c"{as_text(content)}", align 1\n'
            for content, symbol in self.literals.items()
        ]
        outside = [f'@"{escaped(one)}" = external dso_local global i8\n' for one in self.outside]
        parts = [self.assembly(), *statics, *literals, *outside, support.DECLARATIONS, *functions, self.attributes()]
        return "".join([f'source_filename = "{escaped(name)}"\n', *parts, self.debug.text(name)])

    def assembly(self) -> str:
        lines = "\n".join([*self.program.assembly, support.ASSEMBLY]).splitlines()
        return "".join(f'module asm "{escaped(line)}"\n' for line in lines if line.strip())

    def attributes(self) -> str:
        # Tail calls would take callers out of tracebacks. A frame touches each of its pages, so none reaches over the
        # unmapped ones below a stack; the kernel's stack is bounded instead.
        kept = ' "probe-stack"="inline-asm"' if self.conventions.red_zone else " noredzone"
        return (
            f'attributes #0 = {{ nounwind null_pointer_is_valid{kept} "disable-tail-calls"="true" }}\n'
            "attributes #1 = { nomerge noreturn nounwind }\n"
            "attributes #2 = { nounwind willreturn memory(argmem: read) }\n"
        )

    def static(self, static: op.StaticVariable) -> str:
        size = self.module_size(static)
        value = "zeroinitializer" if not static.initial or not any(static.initial) else f'c"{as_text(static.initial)}"'
        linkage = "dso_local" if static.name in self.mentioned else "internal"
        kind = "constant" if static.constant else "global"
        section = f', section "{static.section}"' if static.section else ""
        alignment = static.alignment or max(self.alignment_of(static.storage), 16 if size >= 64 else 1)
        described = self.debug.static(static.name, static.storage)
        return (
            f'@"{escaped(static.name)}" = {linkage} {kind} [{size} x i8] {value}{section}, '
            f"align {alignment}, !dbg !{described}\n"
        )

    def module_size(self, static: op.StaticVariable) -> int:
        size = self.size_of(static.storage)
        if static.initial is not None and len(static.initial) != size:
            raise ValueError(f"{static.name} has {size} bytes, its initial value {len(static.initial)}")
        return size

def as_text(content: bytes) -> str:
    """Bytes between the quotes of an LLVM string."""
    return escaped_octets(content)

"""Debug information: every function, operation, local and static, as DWARF wants it described.

LLVM turns these nodes into DWARF 4. Code of a generator or context manager that the front end
expanded stands as an inlined call at the last line of the function proper before it. File
names stay relative, so that the image does not depend on where it was built.
"""

from __future__ import annotations

import re

from exokernel.compiler.ir import operations as op
from exokernel.compiler.ir.extents import cell_bits, size_of
from exokernel.compiler.ir.types import U8, Boolean, Bytes, Cell, Embedded, Integer, Nothing, Record, Reference
from exokernel.compiler.ir.types import Run, Storage, Text, Truth, Tuple, Value, View, Word, WordCell
from exokernel.compiler.lower.control import quoted
from exokernel.compiler.lower.scalars import scalars

PRODUCER = "exokernel"
SHORT_NAME = re.compile(r"(?:[A-Z]\w*(?:\[.*\])?\.)?\w+(?:\[.*\])?\Z")


def short_name(name: str) -> str:
    """The function's name as a reader of the file knows it: with its class, without its module."""
    found = SHORT_NAME.search(name)
    return found.group() if found else name


def bits_of(scalar: str) -> int:
    return {"ptr": 64, "i1": 8}.get(scalar) or int(scalar[1:])


class DebugInfo:
    """The metadata of one module. Nodes are numbered as they are first wanted."""

    def __init__(self, records: dict[str, Record]) -> None:
        self.records = records
        self.nodes: list[str] = []
        self.known: dict[str, int] = {}
        self.functions: dict[tuple[str, str], int] = {}
        self.types: dict[Value | Storage, int] = {}
        self.statics: list[int] = []
        self.unit = self.reserve()
        self.locations: dict[tuple[int, int, int, int], int] = {}

    def reserve(self) -> int:
        self.nodes.append("")
        return len(self.nodes) - 1

    def node(self, text: str) -> int:
        """A node with this text; two of the same text are one."""
        number = self.known.get(text)
        if number is None:
            self.nodes.append(text)
            number = self.known[text] = len(self.nodes) - 1
        return number

    def distinct(self, text: str) -> int:
        self.nodes.append(f"distinct {text}")
        return len(self.nodes) - 1

    def file(self, name: str) -> int:
        return self.node(f'!DIFile(filename: {quoted(name)}, directory: "")')

    def listed(self, items: list[int | None]) -> int:
        return self.node(f"!{{{', '.join('null' if one is None else f'!{one}' for one in items)}}}")

    # Types

    def value_type(self, kind: Value) -> int | None:
        if isinstance(kind, Nothing):
            return None
        if kind not in self.types:
            self.types[kind] = self.new_value_type(kind)
        return self.types[kind]

    def new_value_type(self, kind: Value) -> int:
        match kind:
            case Integer():
                return self.basic("int", 64, "DW_ATE_signed")
            case Boolean():
                return self.basic("bool", 8, "DW_ATE_boolean")
            case Word():
                return self.word(kind)
            case Reference():
                return self.pointer(self.storage_type(Embedded(kind.record)))
            case View():
                return self.run_view(str(kind), self.storage_type(kind.element))
            case Text():
                return self.run_view("str", self.basic("char", 8, "DW_ATE_UTF"))
            case Bytes():
                return self.run_view("bytes", self.storage_type(U8))
            case Tuple():
                return self.tuple_type(kind)
            case _:
                raise TypeError(f"{kind} has no values")

    def basic(self, name: str, bits: int, encoding: str) -> int:
        return self.node(f"!DIBasicType(name: {quoted(name)}, size: {bits}, encoding: {encoding})")

    def word(self, kind: Word) -> int:
        bits = cell_bits(WordCell(kind))
        base = self.basic(f"u{bits}", bits, "DW_ATE_unsigned")
        name = quoted(short_name(kind.name))
        return self.node(f"!DIDerivedType(tag: DW_TAG_typedef, name: {name}, baseType: !{base})")

    def pointer(self, base: int) -> int:
        return self.node(f"!DIDerivedType(tag: DW_TAG_pointer_type, baseType: !{base}, size: 64)")

    def run_view(self, name: str, element: int) -> int:
        integer = self.basic("int", 64, "DW_ATE_signed")
        return self.structure(name, 128, [("data", self.pointer(element), 64, 0), ("length", integer, 64, 64)])

    def tuple_type(self, kind: Tuple) -> int:
        """Each scalar of the tuple takes eight bytes, as in `local`."""
        members: list[tuple[str, int, int, int]] = []
        offset = 0
        for number, item in enumerate(kind.items):
            size = 64 * len(scalars(item))
            described = self.value_type(item)
            if described is not None:
                members.append((f"_{number}", described, size, offset))
            offset += size
        return self.structure(str(kind), offset, members)

    def structure(self, name: str, bits: int, members: list[tuple[str, int, int, int]]) -> int:
        parts: list[int | None] = [
            self.node(
                f"!DIDerivedType(tag: DW_TAG_member, name: {quoted(member)}, "
                f"baseType: !{kind}, size: {size}, offset: {offset})"
            )
            for member, kind, size, offset in members
        ]
        return self.node(
            f"!DICompositeType(tag: DW_TAG_structure_type, name: {quoted(name)}, "
            f"size: {bits}, elements: !{self.listed(parts)})"
        )

    def storage_type(self, storage: Storage) -> int:
        if storage not in self.types:
            self.types[storage] = self.new_storage_type(storage)
        return self.types[storage]

    def new_storage_type(self, storage: Storage) -> int:
        match storage:
            case Cell():
                return self.basic(str(storage), storage.bits, f"DW_ATE_{'' if storage.signed else 'un'}signed")
            case Truth():
                return self.basic("bool", 8, "DW_ATE_boolean")
            case WordCell():
                return self.word(storage.word)
            case Embedded():
                return self.record(self.records[storage.record])
            case Run():
                element = self.storage_type(storage.element)
                extent = self.listed([self.node(f"!DISubrange(count: {storage.length})")])
                bits = 8 * size_of(storage, self.records)
                return self.node(
                    f"!DICompositeType(tag: DW_TAG_array_type, baseType: !{element}, size: {bits}, elements: !{extent})"
                )

    def record(self, record: Record) -> int:
        members = [
            (part.name, self.storage_type(part.storage), 8 * size_of(part.storage, self.records), 8 * part.offset)
            for part in record.fields.values()
        ]
        return self.structure(short_name(record.name), 8 * record.size, members)

    # Scopes and locations

    def subprogram(self, function: op.Function) -> int:
        """The scope of a function; it must have a location."""
        assert function.location is not None
        kinds = [self.value_type(function.result), *(self.value_type(one.type) for one in function.parameters)]
        return self.scope(function.name, function.location, self.listed(kinds))

    def scope(self, name: str, location: op.Location, types: int) -> int:
        file = self.file(location.file)
        signature = self.node(f"!DISubroutineType(types: !{types})")
        return self.distinct(
            f"!DISubprogram(name: {quoted(short_name(name))}, linkageName: {quoted(name)}, "
            f"scope: !{file}, file: !{file}, line: {location.line}, scopeLine: {location.line}, "
            f"type: !{signature}, spFlags: DISPFlagLocalToUnit | DISPFlagDefinition | DISPFlagOptimized, unit: !{self.unit})"
        )

    def expanded(self, location: op.Location) -> int:
        """The scope of a generator or context manager that was expanded."""
        key = (location.file, location.function)
        if key not in self.functions:
            self.functions[key] = self.scope(location.function, location, self.listed([None]))
        return self.functions[key]

    def location(self, location: op.Location, scope: int, inlined_at: int) -> int:
        """A source position in a scope; `inlined_at` is that of the call, or 0."""
        key = (location.line, location.column, scope, inlined_at)
        number = self.locations.get(key)
        if number is None:
            within = f", inlinedAt: !{inlined_at}" if inlined_at else ""
            text = f"!DILocation(line: {location.line}, column: {location.column}, scope: !{scope}{within})"
            number = self.locations[key] = self.node(text)
        return number

    def local(self, function: op.Function, scope: int, local: op.Local, argument: int) -> list[tuple[int, str]]:
        """The variable of a local: for each of its scalars, the variable and the expression."""
        assert function.location is not None
        kind = self.value_type(local.type)
        number = f", arg: {argument}" if argument else ""
        variable = self.node(
            f"!DILocalVariable(name: {quoted(local.name)}{number}, scope: !{scope}, "
            f"file: !{self.file(function.location.file)}, line: {function.location.line}, type: !{kind})"
        )
        pieces = scalars(local.type)
        if len(pieces) == 1:
            return [(variable, "!DIExpression()")]
        return [
            (variable, f"!DIExpression(DW_OP_LLVM_fragment, {64 * at}, {bits_of(scalar)})")
            for at, scalar in enumerate(pieces)
        ]

    def static(self, name: str, storage: Storage) -> int:
        """The description of a static, to be attached to its global."""
        variable = self.distinct(
            f"!DIGlobalVariable(name: {quoted(name.rpartition('.')[2])}, linkageName: {quoted(name)}, "
            f"scope: !{self.unit}, type: !{self.storage_type(storage)}, isLocal: true, isDefinition: true)"
        )
        number = self.node(f"!DIGlobalVariableExpression(var: !{variable}, expr: !DIExpression())")
        self.statics.append(number)
        return number

    def text(self, name: str) -> str:
        """All nodes; `name` names the compilation unit."""
        statics = self.listed(list(self.statics))
        self.nodes[self.unit] = (
            f"distinct !DICompileUnit(language: DW_LANG_Python, file: !{self.file(name)}, "
            f"producer: {quoted(PRODUCER)}, isOptimized: true, runtimeVersion: 0, "
            f"emissionKind: FullDebug, globals: !{statics}, splitDebugInlining: false)"
        )
        flags = [self.node(f'!{{i32 {behaviour}, !"{flag}", i32 {value}}}') for behaviour, flag, value in FLAGS]
        lines = [f"!{number} = {text}" for number, text in enumerate(self.nodes)]
        lines.append(f"!llvm.dbg.cu = !{{!{self.unit}}}")
        lines.append(f"!llvm.module.flags = !{{{', '.join(f'!{one}' for one in flags)}}}")
        return "\n".join(lines) + "\n"


FLAGS = (
    (2, "Debug Info Version", 3),
    (7, "Dwarf Version", 4),
    (1, "override-stack-alignment", 8),  # nothing here needs 16: no vector registers
)

"""What an ELF's debug information says about an address: file, line, functions, and the caller's registers.

Reads DWARF 4 and 5 through pyelftools. Functions inlined into one another come apart again.
It knows one image; following a stack through several is `traceback`'s.
[DWARF 5 §2.17 ranges, §3.3.8 inlined subroutines, §6.2 lines, §6.4 call frames; System V ABI,
x86-64 supplement §3.6]
"""

from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from elftools.dwarf.callframe import FDE, RegisterRule
from elftools.dwarf.descriptions import describe_form_class
from elftools.dwarf.ranges import BaseAddressEntry
from elftools.elf.elffile import ELFFile

Registers = Mapping[str, int]
DWARF_REGISTERS = ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", *(f"r{n}" for n in range(8, 16)), "rip")
WORD = 8  # bytes
WRAP = 1 << 64


class Place(NamedTuple):
    file: str
    line: int
    function: str


class Memory(NamedTuple):
    """A piece of the stopped machine's memory."""

    address: int
    data: bytes

    def word(self, address: int) -> int | None:
        start = address - self.address
        if 0 <= start <= len(self.data) - WORD:
            return int.from_bytes(self.data[start : start + WORD], "little")
        return None


class Symbols:
    """The debug information of one ELF file, and the names of the exceptions its code raises, by number."""

    def __init__(self, path: Path, exceptions: Mapping[int, str] | None = None) -> None:
        self.exceptions = exceptions or {}
        self.elf: Any = ELFFile(BytesIO(path.read_bytes()))
        self.dwarf: Any = self.elf.get_dwarf_info() if self.elf.has_dwarf_info() else None

    def covers(self, address: int) -> bool:
        """Whether the address lies in code of this image."""
        return any(section["sh_addr"] <= address < section["sh_addr"] + section["sh_size"] for section in self.code())

    def code(self) -> Iterator[Any]:
        return (section for section in self.elf.iter_sections() if section["sh_flags"] & 0x4)  # SHF_EXECINSTR

    def bytes_at(self, address: int, size: int) -> bytes:
        for section in self.code():
            if section["sh_addr"] <= address < section["sh_addr"] + section["sh_size"]:
                start = address - section["sh_addr"]
                return bytes(section.data()[start : start + size])
        return b""

    # Places

    def places(self, address: int) -> list[Place]:
        """Where the address is in the source, innermost inlined function first; empty when unknown."""
        if self.dwarf is None:
            return []
        for unit in self.dwarf.iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                if die.tag == "DW_TAG_subprogram" and self.contains(die, address):
                    return self.places_within(unit, die, address)
        return []

    def functions(self, name: str) -> list[tuple[str, str]]:
        """The functions of a short name: their full names, and the files they stand in."""
        found: dict[str, str] = {}
        for unit in self.dwarf.iter_CUs() if self.dwarf else ():
            for die in unit.get_top_DIE().iter_children():
                attributes = die.attributes
                if die.tag == "DW_TAG_subprogram" and "DW_AT_linkage_name" in attributes and name_of(die) == name:
                    program = self.dwarf.line_program_for_CU(unit)
                    file = file_name(unit, program, attributes["DW_AT_decl_file"].value)
                    found[decoded(attributes["DW_AT_linkage_name"].value)] = file
        return list(found.items())

    def places_within(self, unit: Any, function: Any, address: int) -> list[Place]:
        program = self.dwarf.line_program_for_CU(unit)
        chain = [function, *self.inlined(function, address)]
        file, line = row(program, address)
        found: list[Place] = []
        for die in reversed(chain):
            if not found or line != declaration_line(die):  # else the compiler's own: a gate, an entry
                found.append(Place(file_name(unit, program, file), line, name_of(die)))
            if die is not function:
                file, line = die.attributes["DW_AT_call_file"].value, die.attributes["DW_AT_call_line"].value
        return found

    def inlined(self, die: Any, address: int) -> Iterator[Any]:
        """The inlined functions that hold the address, outermost first."""
        for child in die.iter_children():
            if child.tag in ("DW_TAG_inlined_subroutine", "DW_TAG_lexical_block") and self.contains(child, address):
                if child.tag == "DW_TAG_inlined_subroutine":
                    yield child
                yield from self.inlined(child, address)
                return

    def contains(self, die: Any, address: int) -> bool:
        return any(low <= address < high for low, high in self.ranges(die))

    def ranges(self, die: Any) -> Iterator[tuple[int, int]]:
        attributes = die.attributes
        if "DW_AT_high_pc" in attributes:
            low, high = attributes["DW_AT_low_pc"].value, attributes["DW_AT_high_pc"]
            yield low, high.value if describe_form_class(high.form) == "address" else low + high.value
        elif "DW_AT_ranges" in attributes:
            top = die.cu.get_top_DIE().attributes
            base = top["DW_AT_low_pc"].value if "DW_AT_low_pc" in top else 0
            for entry in self.dwarf.range_lists().get_range_list_at_offset(attributes["DW_AT_ranges"].value, cu=die.cu):
                if isinstance(entry, BaseAddressEntry):
                    base = entry.base_address
                else:
                    start = 0 if entry.is_absolute else base
                    yield start + entry.begin_offset, start + entry.end_offset

    # Callers

    def caller(self, registers: Registers, memory: Memory, address: int) -> dict[str, int] | None:
        """The registers as they were in the caller of the function that holds `address`; None when unknown."""
        frame = self.frame_description(address)
        if frame is None:
            return None
        rules = [rule for rule in frame.get_decoded().table if rule["pc"] <= address][-1]
        if rules["cfa"].reg is None:
            return None
        base = registers.get(DWARF_REGISTERS[rules["cfa"].reg])
        if base is None:
            return None
        frame_address = (base + rules["cfa"].offset) % WRAP
        found = dict(registers)
        found.pop("rip", None)
        found["rsp"] = frame_address
        for number, rule in rules.items():
            if isinstance(number, int) and number < len(DWARF_REGISTERS):
                recovered = recover(rule, frame_address, registers, memory, DWARF_REGISTERS[number])
                found.pop(DWARF_REGISTERS[number], None)
                if recovered is not None:
                    found[DWARF_REGISTERS[number]] = recovered
        return found if "rip" in found else None

    def frame_description(self, address: int) -> FDE | None:
        entries: list[Any] = []
        if self.dwarf is not None and self.dwarf.has_CFI():
            entries += self.dwarf.CFI_entries()
        if self.dwarf is not None and self.dwarf.has_EH_CFI():
            entries += self.dwarf.EH_CFI_entries()
        for entry in entries:
            if isinstance(entry, FDE):
                start = entry.header["initial_location"]
                if start <= address < start + entry.header["address_range"]:
                    return entry
        return None

    def is_interrupted(self, address: int) -> bool:
        """Whether the frame at the address was entered by an interrupt, so that its caller made no call."""
        frame = self.frame_description(address)
        return frame is not None and frame.cie is not None and b"S" in frame.cie.header["augmentation"]


def recover(rule: Any, frame_address: int, registers: Registers, memory: Memory, name: str) -> int | None:
    """A caller's register, by the rule that says where it went."""
    match rule.type:
        case RegisterRule.OFFSET:
            return memory.word((frame_address + rule.arg) % WRAP)
        case RegisterRule.VAL_OFFSET:
            return int(frame_address + rule.arg) % WRAP
        case RegisterRule.SAME_VALUE:
            return registers.get(name)
        case RegisterRule.REGISTER:
            return registers.get(DWARF_REGISTERS[rule.arg])
        case _:
            return None


def row(program: Any, address: int) -> tuple[int, int]:
    """File number and line of an address, by the line table."""
    previous = None
    for entry in program.get_entries():
        state = entry.state
        if state is None:
            continue
        if previous is not None and previous.address <= address < state.address:
            return previous.file, previous.line
        previous = None if state.end_sequence else state
    return 0, 0


def file_name(unit: Any, program: Any, number: int) -> str:
    """The path of a file of the line table, as the compiler wrote it, with its folder."""
    first = 0 if program.header.version >= 5 else 1
    entries = program.header["file_entry"]
    if not first <= number < len(entries) + first:
        return "?"
    entry = entries[number - first]
    top = unit.get_top_DIE().attributes
    base = top["DW_AT_comp_dir"].value if "DW_AT_comp_dir" in top else b""
    folders = [*([base] if first == 1 else []), *program.header["include_directory"]]
    folder = decoded(folders[entry.dir_index]) if entry.dir_index < len(folders) else ""
    return str(Path(folder) / decoded(entry.name))


def declared(die: Any) -> Any:
    """Where a function's name and line stand: with itself, or with what it is an instance of."""
    for link in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if link in die.attributes:
            return declared(die.get_DIE_from_attribute(link))
    return die


def name_of(die: Any) -> str:
    attributes = declared(die).attributes
    return decoded(attributes["DW_AT_name"].value) if "DW_AT_name" in attributes else "?"


def declaration_line(die: Any) -> int:
    attributes = declared(die).attributes
    return int(attributes["DW_AT_decl_line"].value) if "DW_AT_decl_line" in attributes else 0


def decoded(name: bytes | str) -> str:
    return name.decode(errors="replace") if isinstance(name, bytes) else name

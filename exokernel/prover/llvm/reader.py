"""LLVM's textual IR, as far as the optimised kernel uses it: functions, blocks, instructions.

An instruction stays text, split into its result, its operation and the rest, without debug
records and metadata. What an instruction means is the business of `execute`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NAME = r'[%@](?:"[^"]*"|[\w.$-]+)'
HEAD = re.compile(rf"^define .*?(?P<name>@(?:\"[^\"]*\"|[\w.$-]+))\((?P<parameters>.*)\)[^()]*\{{$")
RANGE = re.compile(rf"range\(i64 (-?\d+), (-?\d+)\) ({NAME})(?:,|$)")
CONSTANT = re.compile(
    r'^(@"?[\w.$-]+"?) = private unnamed_addr constant \[\d+ x (?:i\d+|ptr)\] (?:\[([^\]]*)\]|c"([^"]*)")', re.MULTILINE
)
LABEL = re.compile(r'^(?P<name>"[^"]*"|[\w.$-]+):')
RESULT = re.compile(rf"^({NAME}) = (.*)$")
METADATA = re.compile(r",?\s*!\w[\w.]* !\d+|,?\s*!\w+ !\{\}|,?\s*!dbg !\d+")


@dataclass(frozen=True)
class Instruction:
    result: str  # "" when there is none
    operation: str
    rest: str


@dataclass
class Code:
    """One function."""

    name: str
    parameters: list[str]
    ranges: dict[str, tuple[int, int]] = field(default_factory=dict)  # of parameters: the least, and above the greatest
    blocks: dict[str, list[Instruction]] = field(default_factory=dict)


def read_module(text: str) -> dict[str, Code]:
    """Every function a module defines, by its name without the `@`."""
    found: dict[str, Code] = {}
    code: Code | None = None
    block: list[Instruction] = []
    for line in joined_lines(text):
        head = HEAD.match(line.split(" !dbg")[0].rstrip(" {") + " {") if line.startswith("define") else None
        if head is not None:
            ranges = {name: (int(least), int(above)) for least, above, name in RANGE.findall(head["parameters"])}
            code = Code(plain(head["name"]), re.findall(r'(%(?:"[^"]*"|[\w.$-]+))(?:,|$)', head["parameters"]), ranges)
            found[code.name] = code
            block = code.blocks.setdefault("0", [])
        elif line.startswith("}"):
            code = None
        elif code is not None:
            label = LABEL.match(line)
            if label is not None:
                name = label["name"].strip('"')
                if code.blocks == {"0": []}:
                    code.blocks = {}
                block = code.blocks.setdefault(name, [])
            elif line.strip() and not line.strip().startswith(("#dbg", ";")):
                block.append(instruction(line.strip()))
    return found


def read_constants(text: str) -> dict[str, list[Any]]:
    """The constant tables, by name: of numbers, of bytes, or of the names of other tables."""
    found = {}
    for name, items, octets in CONSTANT.findall(text):
        last = [each.split()[-1] for each in items.split(",")] if items else []
        found[plain(name)] = [plain(each) if each.startswith("@") else int(each) for each in last] or octets_of(octets)
    return found


def octets_of(text: str) -> list[int]:
    """The bytes of a string as LLVM writes it."""
    return [int(each[1:], 16) if each[0] == "\\" else ord(each) for each in re.findall(r"\\[0-9A-F]{2}|.", text)]


def joined_lines(text: str) -> list[str]:
    """Lines, those of a switch or a wrapped call put together."""
    lines: list[str] = []
    open_switch = False
    for line in text.splitlines():
        if open_switch:
            lines[-1] += " " + line.strip()
            open_switch = "]" not in line
        else:
            lines.append(line)
            open_switch = line.strip().startswith("switch ") and "]" not in line
    return lines


def plain(name: str) -> str:
    return name[1:].strip('"')


def instruction(line: str) -> Instruction:
    line = METADATA.sub("", line)
    line = re.sub(r"\s+;.*$", "", line)
    line = re.sub(r" #\d+$", "", line)
    found = RESULT.match(line)
    result, rest = (found.group(1), found.group(2)) if found else ("", line)
    operation, _, rest = rest.partition(" ")
    while operation in ("tail", "musttail", "notail"):
        operation, _, rest = rest.partition(" ")
    return Instruction(result, operation, rest)

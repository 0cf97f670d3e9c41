"""LLVM's textual IR, as far as the optimised kernel uses it: functions, blocks, instructions.

An instruction stays text, split into its result, its operation and the rest, without debug
records and metadata. What an instruction means is the business of `execute`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

NAME = r'[%@](?:"[^"]*"|[\w.$-]+)'
HEAD = re.compile(rf"^define (?P<before>.*?)(?P<name>@(?:\"[^\"]*\"|[\w.$-]+))\((?P<parameters>.*)\)[^()]*\{{$")
LIMITS = re.compile(r"range\(i\d+ (-?\d+), (-?\d+)\) ")
RANGE = re.compile(rf"{LIMITS.pattern}({NAME})(?:,|$)")
KIND = re.compile(r"(\{[^}]*\}|\w+)\s*$")
CONSTANT = re.compile(
    r'^(@"?[\w.$-]+"?) = .*?constant \[\d+ x (i\d+|ptr)\] (?:\[([^\]]*)\]|c"([^"]*)")', re.MULTILINE
)
NUMBER = re.compile(r"^(@[\w.$-]+) = [\w ]*constant i(\d+) (\d+)", re.MULTILINE)
LABEL = re.compile(r'^(?P<name>"[^"]*"|[\w.$-]+):')
RESULT = re.compile(rf"^({NAME}) = (.*)$")
METADATA = re.compile(r",?\s*!\w[\w.]* !\d+|,?\s*!\w+ !\{\}|,?\s*!dbg !\d+")


@dataclass(frozen=True)
class Instruction:
    result: str  # "" when there is none
    operation: str
    rest: str


Limits = tuple[int, int]  # the least, and above the greatest


@dataclass(frozen=True)
class Form:
    """How a function is called, as far as that must be the same where it is defined and where it is called."""

    is_fast: bool
    kind: str  # of what it returns


@dataclass
class Code:
    """One function."""

    name: str
    parameters: list[str]
    form: Form = Form(False, "void")
    ranges: dict[str, Limits] = field(default_factory=dict)  # of parameters
    returns: Limits | None = None
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
            parameters = re.findall(r'(%(?:"[^"]*"|[\w.$-]+))(?:,|$)', head["parameters"])
            code = Code(plain(head["name"]), parameters, form_of(head["before"]), ranges, limits_of(head["before"]))
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


def form_of(before: str) -> Form:
    """How a function is called, from what stands before its name."""
    kind = KIND.search(before)
    return Form("fastcc" in before.split(), kind.group(1) if kind else "")


def limits_of(before: str) -> Limits | None:
    """Between what a value lies, from what stands before it."""
    found = LIMITS.search(before)
    return (int(found.group(1)), int(found.group(2))) if found else None


@dataclass(frozen=True)
class Constants:
    """A constant table: of numbers, of bytes, or of names; one number is a table, too."""

    size: int  # of each, in bytes
    items: list[Any]


def read_constants(text: str) -> dict[str, Constants]:
    """The constant tables, by name."""
    found = {plain(name): Constants(int(bits) // 8, [int(value)]) for name, bits, value in NUMBER.findall(text)}
    for name, kind, items, octets in CONSTANT.findall(text):
        last = [each.split()[-1] for each in items.split(",")] if items else []
        listed = [plain(each) if each.startswith("@") else int(each) for each in last] or octets_of(octets)
        found[plain(name)] = Constants(8 if kind == "ptr" else int(kind[1:]) // 8, listed)
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

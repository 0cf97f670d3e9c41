"""What optimisation left: the checks that survive, and who calls whom.

Read off the text of the optimised module, where each remaining check is one call of
`llvm.ubsantrap` with its source position. Says nothing about whether a check can fail.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from exokernel.compiler.ir.operations import Fault

DEFINITION = re.compile(r'define [^@]*@("(?:[^"]*)"|[\w.$-]+)\(')
CALL = re.compile(r'\bcall [^@"]*@("(?:[^"]*)"|[\w.$-]+)\(')
TRAP = re.compile(r"@llvm\.ubsantrap\(i8 (?:noundef )?(\d+)\).*?(?:!dbg !(\d+))?$")
NODE = re.compile(r"^!(\d+) = (?:distinct )?!(DILocation|DISubprogram|DIFile)\((.*)\)$", re.MULTILINE)
PART = re.compile(r'(\w+): (?:!(\d+)|"([^"]*)"|(\d+))')


@dataclass(frozen=True)
class SurvivingCheck:
    """One check left in the code: where it was written, and in which function it ended up."""

    kind: Fault
    file: str
    line: int
    function: str  # as the source has it
    inside: str  # the compiled function, after inlining


@dataclass
class Survey:
    checks: list[SurvivingCheck] = field(default_factory=list)
    calls: dict[str, set[str]] = field(default_factory=dict)


def survey(optimised: str) -> Survey:
    """The checks and the call graph of an optimised module."""
    nodes = {number: (kind, parts) for number, kind, parts in NODE.findall(optimised)}
    found = Survey()
    current = ""
    for line in optimised.splitlines():
        if line.startswith("define "):
            match = DEFINITION.match(line)
            current = match.group(1).strip('"') if match else ""
            found.calls[current] = set()
        elif "call " in line and current:
            trap = TRAP.search(line)
            callee = CALL.search(line)
            if trap:
                found.checks.append(check_at(nodes, int(trap.group(1)), trap.group(2) or "", current))
            elif callee and not callee.group(1).startswith("llvm."):
                found.calls[current].add(callee.group(1).strip('"'))
            elif callee and callee.group(1).startswith(("llvm.mem",)):
                found.calls[current].add(callee.group(1).split(".")[1])
    return found


def check_at(nodes: dict[str, tuple[str, str]], kind: int, location: str, inside: str) -> SurvivingCheck:
    where = parts_of(nodes, location)
    scope = parts_of(nodes, where.get("scope", ""))
    file = parts_of(nodes, scope.get("file", ""))
    return SurvivingCheck(
        Fault(kind), file.get("filename", ""), int(where.get("line", "0")), scope.get("linkageName", inside), inside
    )


def parts_of(nodes: dict[str, tuple[str, str]], number: str) -> dict[str, str]:
    """The fields of a metadata node."""
    _, text = nodes.get(number, ("", ""))
    return {name: node or string or integer for name, node, string, integer in PART.findall(text)}

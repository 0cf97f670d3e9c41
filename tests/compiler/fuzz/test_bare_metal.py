"""Generated programs print the same on our kernel as under CPython, and end in the same fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.compiler.fuzz.machines import Case, OnCPython, cases
from tests.compiler.fuzz.richer import RichGenerator

ROOT = Path(__file__).parents[3]
SEEDS = int(os.environ.get("EXOK_FUZZ_SEEDS", "3"))
FIRST = int(os.environ.get("EXOK_FUZZ_FIRST", "1000"))
IN_A_FUNCTION = 8  # calls
CRASHED = 132  # the status of a program that a fault has ended
FORMATS = ("", ":x", ":24", ":024", ":o", ":b", ":*>26", ":08x", ":d")


def calling(case: Case) -> list[str]:
    """Source lines that make a call and print what came of it."""
    arguments = ", ".join(map(str, case.arguments))
    one, other = FORMATS[sum(case.arguments) % 9], FORMATS[case.arguments[0] % 9]
    return [
        "    refuel()",
        "    try:",
        f"        value = {case.function}({arguments})",
        f'        print(f"{{value{one}}} {{digest(){other}}} {{value < 0}}", value)',
        "    except Broken:",
        '        print("Broken", digest())',
        "    except Missing:",
        '        print("Missing", digest())',
    ]


def program(seed: int) -> str:
    """The generated program, with a `main` that makes those of its calls that do not fault, and at last one that does.

    Instead of the others that do, the statics are cleared, as `OnCPython.run` does after one.
    """
    source = RichGenerator(seed).program()
    interpreter = OnCPython(source, "generated")
    interpreter.names["clear"]()
    made = [calling(case) if interpreter.run(case).fault is None else ["    clear()"] for case in cases(seed)]
    lines, groups = [], [made[at : at + IN_A_FUNCTION] for at in range(0, len(made), IN_A_FUNCTION)]
    for number, group in enumerate(groups):
        lines += ["", "", f"def calls{number}() -> None:"]
        lines += [line for call in group for line in call]
    lines += ["", "", "def main() -> int:", "    clear()"]
    lines += [f"    calls{number}()" for number in range(len(groups))]
    last = next(case for case in cases(seed) if faults(interpreter, case))
    lines += ["    clear()", "    refuel()", f"    return {last.function}({', '.join(map(str, last.arguments))})"]
    return source + "\n".join(lines) + "\n"


def faults(interpreter: OnCPython, case: Case) -> bool:
    """Whether a call ends in a fault when nothing was called before it."""
    interpreter.names["clear"]()
    return interpreter.run(case).fault is not None


@pytest.mark.boot
@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_a_generated_program_prints_the_same_on_bare_metal(
    seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"generated{seed}.py"
    path.write_text(program(seed))
    fault = OnCPython(path.read_text(), path.stem).fault()
    expected = capsys.readouterr().out
    assert fault
    assert len(expected.splitlines()) > 20
    command = [sys.executable, "-m", "exokernel", "run", str(path)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False)
    assert (ran.stdout, ran.returncode) == (expected, CRASHED), ran.stderr
    assert [line for line in ran.stderr.splitlines() if line.startswith(fault)], ran.stderr

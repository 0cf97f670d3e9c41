"""The IR in `cases/lower/*.ir` becomes the LLVM IR beside it.

`EXOK_UPDATE=1` writes what the compiler says now, for review with `git diff`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from exokernel.compiler.ir.reader import read_program
from exokernel.compiler.ir.verify import verify
from exokernel.compiler.lower.module import Conventions, lower_program

CASES = sorted((Path(__file__).parent / "cases" / "lower").glob("*.ir"))
PART = re.compile(r"^(?:define .*?^\}|@.*?$)", re.MULTILINE | re.DOTALL)
OURS = re.compile(r'.*@"?(?:t\.|trap_|syscall_|system_call)')


def own_parts(text: str) -> str:
    """What a case itself gave rise to, without what every module has."""
    return "\n".join(part + "\n" for part in PART.findall(text) if OURS.match(part))


@pytest.mark.parametrize("path", CASES, ids=[path.stem for path in CASES])
def test_the_llvm_text_of_a_case(path: Path) -> None:
    program = read_program(path.read_text())
    verify(program)
    text = own_parts(lower_program(program, path.stem, Conventions(red_zone=False)))
    expected = path.with_suffix(".ll")
    if os.environ.get("EXOK_UPDATE"):
        expected.write_text(text)
    assert text == expected.read_text()

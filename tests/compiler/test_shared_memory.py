"""What the kernel writes under a program's eyes is read each time; in the kernel it is memory like any other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exokernel.compiler.build.program import build_program
from exokernel.compiler.lower.module import Conventions, lower_program
from exokernel.compiler.pipeline import kernel_recipe, program_recipe

READERS = {
    "a record": "machine().ticks",
    "a record of a table": "frames[Frame(7)].uses",
    "a word of a table": "int(entries_1[Page(7)])",
}
PROGRAM = """
from exokernel.abi.names import Frame, Page
from exokernel.libos.kernel import entries_1, frames, machine

def main() -> int:
    before = {read}
    while {read} == before:
        pass
    return 0
"""


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_a_program_that_watches_a_table_reads_it_each_time(read: str, tmp_path: Path) -> None:
    path = tmp_path / "watcher.py"
    path.write_text(PROGRAM.format(read=read))
    recipe = program_recipe(path, "exokernel")
    text = lower_program(build_program(recipe.roots, recipe.options), "watcher", Conventions())
    main = re.search(r'^define [^\n]*@"watcher\.main"\(.*?^\}', text, re.MULTILINE | re.DOTALL)
    assert main is not None
    assert main.group().count("load volatile") == 2


def test_the_kernel_reads_its_tables_as_memory() -> None:
    recipe = kernel_recipe()
    records = build_program(recipe.roots, recipe.options).records
    assert not records["exokernel.abi.tables.MachineState"].device
    assert records["exokernel.kernel.arch.x86_64.timer.Controller"].device

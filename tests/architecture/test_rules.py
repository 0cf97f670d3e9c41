"""Every rule bites: a sample that breaks it is found, one that keeps to it is not."""

from collections.abc import Callable, Iterator
from pathlib import PurePath

import pytest

from tests.architecture import rules
from tests.architecture.rules import Source

Rule = Callable[[Source], Iterator[str]]
LONG = "def long():\n" + "    pass\n" * 50
KERNEL, ARCH, LIBOS, HOST = "exokernel/kernel/frames.py", "exokernel/kernel/arch/x86_64/paging.py", "exokernel/libos/exos/memory.py", "exokernel/host/run.py"

BREAKS: list[tuple[Rule, str, str]] = [
    (rules.forbidden_imports, KERNEL, "from exokernel.libos.bare import main"),
    (rules.forbidden_imports, LIBOS, "import exokernel.kernel.frames"),
    (rules.forbidden_imports, LIBOS, "from exokernel import kernel"),
    (rules.forbidden_imports, KERNEL, "from exokernel.model import processor"),
    (rules.forbidden_imports, KERNEL, "from . import traps"),
    (rules.forbidden_imports, "programs/wc.py", "from exokernel.host import run"),
    (rules.forbidden_imports, "exokernel/compiler/driver.py", "import tests.conftest"),
    (rules.tests_named, HOST, "TRIER = 'tests.kernel.try_mutants'"),
    (rules.machines_named_outside_arch, KERNEL, "from exokernel.kernel.arch.x86_64 import paging"),
    (rules.unsafe_imports, KERNEL, "from exokernel.dialect.unsafe import record_at"),
    (rules.unsafe_imports, "programs/wc.py", "from exokernel.dialect import unsafe"),
    (rules.endless_loops, KERNEL, "while frames[0].uses: pass"),
    (rules.policy_words, KERNEL, "process_count = 1"),
    (rules.policy_words, KERNEL, "class PipeTable: pass"),
    (rules.policy_words, KERNEL, "def free(inodes): pass"),
    (rules.policy_words, "exokernel/kernel/sockets.py", "'''Docstring.'''"),
    (rules.words_of_the_building_site, KERNEL, "# see iss" + "ue 12"),
    (rules.words_of_the_building_site, KERNEL, "# left for the next ses" + "sion"),
    (rules.words_of_the_building_site, KERNEL, "# /wo" + "rk/main"),
    (rules.vague_names, "exokernel/host/utils.py", ""),
    (rules.shifts, KERNEL, "x = 1 << 3"),
    (rules.shifts, LIBOS, "x >>= 3"),
    (rules.masks, KERNEL, "x = int(entry) & ~int(other)"),
    (rules.masks, KERNEL, "x |= 32"),
    (rules.too_long, KERNEL, LONG),
    (rules.too_long, KERNEL, "x = 1\n" * 401),
    (rules.missing_docstrings, KERNEL, "x = 1"),
    (rules.calls_without_contract, "exokernel/abi/calls.py", "@system_call(1)\ndef f(x): 'Do. Source: here.'"),
    (rules.calls_without_contract, "exokernel/abi/calls.py", "@system_call(1)\ndef f(x): 'Do. Raises: it.'"),
]
KEEPS: list[tuple[Rule, str, str]] = [
    (rules.forbidden_imports, KERNEL, "from exokernel.abi import names\nimport exokernel.dialect"),
    (rules.forbidden_imports, "exokernel/kernel/arch/x86_64/instructions.py", "from exokernel.model import processor"),
    (rules.forbidden_imports, "programs/wc.py", "from exokernel.libos.exos import files"),
    (rules.tests_named, "exokernel/prover/mutants.py", "TRIER = 'tests.kernel.try_mutants'"),
    (rules.tests_named, HOST, "text = 'written by python -m tests.programs.characters'"),
    (rules.machines_named_outside_arch, ARCH, "from exokernel.kernel.arch.x86_64 import paging"),
    (rules.machines_named_outside_arch, KERNEL, "from exokernel.kernel.arch import machine"),
    (rules.unsafe_imports, ARCH, "from exokernel.dialect.unsafe import record_at"),
    (rules.policy_words, KERNEL, "processor = filed = 1"),
    (rules.words_of_the_building_site, KERNEL, "# a framework at work issues an instruction"),
    (rules.shifts, ARCH, "x = 1 << 3"),
    (rules.masks, ARCH, "x = 1 & 3"),
    (rules.masks, KERNEL, "x: Thing | None = needed(rights | Rights.GRANT)"),
    (rules.shifts, HOST, "x = 1 << 3"),
    (rules.too_long, KERNEL, LONG.removesuffix("    pass\n")),
    (rules.too_long, KERNEL, "x = 1\n\n" * 400),
    (rules.missing_docstrings, KERNEL, "'''It is one.'''"),
    (rules.calls_without_contract, "exokernel/abi/calls.py", "@system_call(0)\ndef null(): 'Do nothing.'"),
]


@pytest.mark.parametrize(("rule", "path", "text"), BREAKS)
def test_what_breaks_a_rule_is_found(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(PurePath(path), text)))


@pytest.mark.parametrize(("rule", "path", "text"), KEEPS)
def test_what_keeps_to_a_rule_is_not(rule: Rule, path: str, text: str) -> None:
    assert list(rule(Source(PurePath(path), text))) == []


def test_an_undeclared_call_is_found() -> None:
    source = Source(PurePath(KERNEL), "@syscall\ndef frame_alloc(): pass")
    assert list(rules.undeclared_calls(source, {"frame_free"}))
    assert not list(rules.undeclared_calls(source, {"frame_alloc"}))

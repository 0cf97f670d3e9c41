"""Generated programs mean the same under CPython and compiled, whatever they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.compiler.fuzz.machines import OnCPython, OnTheProcessor, cases, generated

FIRST = int(os.environ.get("EXOK_FUZZ_FIRST", "0"))
SEEDS, CASES_DEEP = 12, 10_000  # programs, and with `--deep` calls


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    deep = metafunc.config.getoption("--deep")
    seeds = -(-CASES_DEEP // len(cases(FIRST))) if deep else SEEDS
    seeds = int(os.environ.get("EXOK_FUZZ_SEEDS", seeds))
    metafunc.parametrize("seed", range(FIRST, FIRST + seeds))


def test_a_generated_program_means_the_same_compiled(seed: int, tmp_path: Path) -> None:
    source, path = generated(seed, tmp_path)
    compiled = OnTheProcessor(path)
    interpreted = OnCPython(source, path.stem)
    for case in cases(seed):
        assert compiled.run(case) == interpreted.run(case), f"seed {seed}: {case.function}{case.arguments}\n{source}"
    compiled.image.unload()

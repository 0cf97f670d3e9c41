"""The front end on small programs: the IR it makes, and what it refuses, with the place it points at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiler.case_files import CASES, WRITING, Case, all_cases, outcome, write_back

if WRITING:

    @pytest.mark.parametrize("file", sorted(CASES.glob("*.case")), ids=lambda file: file.stem)
    def test_write_cases(file: Path, tmp_path: Path) -> None:
        write_back(file, tmp_path)

else:

    @pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.file.stem}: {case.title[4:]}")
    def test_the_front_end_does_as_the_case_says(case: Case, tmp_path: Path) -> None:
        assert outcome(case, tmp_path).splitlines() == case.expected.splitlines()

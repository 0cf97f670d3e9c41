"""The driver: nothing is compiled twice, everything is compiled again when it must be, and alike everywhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from exokernel.compiler import cache, driver, pipeline
from exokernel.compiler.build.program import ProgramBuilder
from exokernel.compiler.lower.module import lower_program
from exokernel.compiler.targets import TARGETS

ROOT = Path(__file__).parents[2]
PROGRAM = """\
from exokernel.libos.bare import shut_down


def main() -> int:
    print("one")
    return 0
"""
WARM = """
import sys
from exokernel.compiler import driver
driver.build_program(sys.argv[1])
assert not driver.made
print(*sys.modules)
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "CACHE", tmp_path / "cache")
    path = tmp_path / "one.py"
    path.write_text(PROGRAM)
    return path


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The phases that ran, in order."""
    ran: list[str] = []
    begin = pipeline.Timer.begin

    def note(timer: pipeline.Timer, phase: str) -> None:
        ran.append(phase)
        begin(timer, phase)

    monkeypatch.setattr(pipeline.Timer, "begin", note)
    return ran


def test_nothing_is_compiled_twice(source: Path, compiled: list[str]) -> None:
    image = driver.build_program(source)
    assert compiled == ["check", "lower", "generate code", "link", "survey"] and image in driver.made
    assert driver.build_program(source) == image
    assert len(compiled) == 5
    assert set(driver.report(image)) >= {"checks", "stack", "timings"}


def test_a_file_with_a_new_time_only_is_not_compiled(source: Path, compiled: list[str]) -> None:
    image = driver.build_program(source)
    os.utime(source, ns=(1, 1))
    assert driver.build_program(source) == image and len(compiled) == 5


def test_a_change_is_compiled_and_a_change_back_is_found(source: Path, compiled: list[str]) -> None:
    first = driver.build_program(source)
    source.write_text(PROGRAM.replace("one", "two"))
    second = driver.build_program(source)
    assert first.read_bytes() != second.read_bytes()
    source.write_text(PROGRAM)
    del compiled[:]
    assert driver.build_program(source) == first
    assert compiled == ["check", "lower"], "the code is filed under what it was made from"


def test_a_broken_manifest_is_no_more_than_a_missing_one(source: Path) -> None:
    image = driver.build_program(source)
    for manifest in (cache.CACHE / "requests").iterdir():
        manifest.write_text("{")
    assert driver.build_program(source) == image


def test_the_oldest_images_are_dropped(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "KEPT_IMAGES", 1)
    first = driver.build_program(source)
    os.utime(first.parent, (1, 1))
    os.utime(cache.manifest_path(f"exokernel 2 {source}"), (1, 1))
    second = driver.build_program(source, level=0)
    assert second.exists() and not first.exists()
    assert len(list((cache.CACHE / "requests").iterdir())) == 1
    assert driver.build_program(source).exists(), "what was dropped is compiled again"


def test_a_warm_answer_loads_no_compiler(tmp_path: Path) -> None:
    source = tmp_path / "one.py"
    source.write_text(PROGRAM)
    driver.build_program(source)
    ran = subprocess.run([sys.executable, "-c", WARM, source], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"llvmlite", "elftools", "exokernel.compiler.pipeline"} & set(ran.stdout.split())


@pytest.mark.slow
def test_two_checkouts_give_the_same_bytes(tmp_path: Path) -> None:
    images = []
    for number, name in enumerate(("one", "another")):
        checkout = tmp_path / name
        shutil.copytree(ROOT / "exokernel", checkout / "exokernel", ignore=shutil.ignore_patterns("__pycache__"))
        code = "from exokernel.compiler import driver; print(driver.build_kernel())"
        environment = {**os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": str(checkout), "TZ": f"UTC{number}"}
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=checkout, env=environment, capture_output=True, text=True, check=True
        )
        images.append(Path(ran.stdout.strip()).read_bytes())
    assert images[0] == images[1]
    assert images[0] == driver.build_kernel().read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(("target", "source"), [("kernel", ""), ("exokernel", "programs/grep.py")])
def test_compiling_costs_no_more_a_line(target: str, source: str) -> None:
    """What compiling costs, counted, which no load of the host changes.

    With 650 calls and 6 lines of LLVM IR a line, 10,000 lines take 5 to 7 s of processor time.
    """
    recipe = pipeline.kernel_recipe() if target == "kernel" else pipeline.program_recipe(ROOT / source, target)
    calls: Counter[str] = Counter()
    sys.setprofile(lambda frame, event, argument: calls.update((event,)))
    try:
        builder = ProgramBuilder(recipe.options)
        lowered = lower_program(builder.build(recipe.roots), "counted", TARGETS[target].conventions)
    finally:
        sys.setprofile(None)
    texts = [module.text for module in builder.world.loader.modules.values() if "dialect" not in module.name]
    lines = sum(bool(line.strip()) for text in texts for line in text.splitlines())
    assert calls["call"] + calls["c_call"] < 720 * lines
    assert lowered.count("\n") < 7 * lines

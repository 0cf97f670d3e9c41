"""The benchmark: what is made of its samples, and that no operation has become dearer than its bound."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from exokernel.host import bench
from exokernel.host.bench import Figures, Sample, Subject, figures, parsed, rows
from exokernel.host.cargo import Cargo, pack
from exokernel.host.errors import ToolError
from exokernel.host.programs import compile_all, locate
from exokernel.host.provision import provide_qemu
from tests.host.conftest import Exok, FakeDriver

CEILINGS = {  # guest instructions of one operation
    "boot": 8_000_000,
    "null_call": 36,
    "exception": 50,
    "fault_unprotect_protect": 300,
    "protect_1": 110,
    "protect_100": 1000,
    "unprotect_100": 1000,
    "zero_fill": 900,
    "cow_fault": 1100,
    "yield": 80,
    "fork_exit_wait": 60_000,
    "matmul_150": 27_500_000,
}


@pytest.mark.boot
@pytest.mark.slow
def test_every_operation_keeps_to_its_ceiling() -> None:
    compiled = compile_all(locate("benchmark"), quiet=True)
    with closing(pack(Cargo(compiled.program, "benchmark"), None)) as archive:
        counts = Subject(provide_qemu(), str(compiled.kernel), archive).counts()
    assert counts.keys() >= CEILINGS.keys()
    assert {name: counts[name] for name, ceiling in CEILINGS.items() if counts[name] > ceiling} == {}


@contextmanager
def closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_a_line_of_the_report_is_a_sample_or_nothing() -> None:
    assert parsed("ours null_call 30000 1000") == Sample("ours", "null_call", 30000, 1000)
    assert parsed("floor empty 5 1") == Sample("floor", "empty", 5, 1)
    assert parsed("exit 0") is parsed("ours null_call") is parsed("") is None


def test_a_figure_is_the_lowest_without_its_loop() -> None:
    samples = [
        Sample("ours", "empty", 5000, 1000),
        Sample("ours", "empty", 4000, 1000),
        Sample("ours", "call", 30000, 1000),
        Sample("ours", "call", 28000, 1000),
        Sample("ours", "boot", 700, 1),  # is no loop
    ]
    assert figures(samples) == {"empty": 0.0, "call": 24.0, "boot": 700.0}
    assert figures([Sample("ours", "call", 30, 10)]) == {"call": 3.0}


@pytest.mark.parametrize("second", [[("call", 31)], [("other", 30)], [("call", 30), ("other", 30)]])
def test_two_boots_that_disagree_are_no_count(monkeypatch: pytest.MonkeyPatch, second: list[tuple[str, int]]) -> None:
    boots = iter([[("call", 30)], second])
    monkeypatch.setattr(Subject, "samples", lambda *_, **__: [Sample("ours", name, ticks, 1) for name, ticks in next(boots)])
    with pytest.raises(ToolError, match="two boots disagree about (call|other)"):
        Subject("", "", None).counts()


def test_rows_have_the_floor_beside_them_where_there_is_one() -> None:
    counts: Figures = {"empty": 0.0, "call": 24.0, "fork": 900.0, "floor call": 7.0}
    times: Figures = {"call": 40.0, "fork": 2000.0, "floor call": 30.0}
    assert [tuple(row) for row in rows(counts, times)] == [("call", 24.0, 7.0, 40.0, 30.0), ("fork", 900.0, None, 2000.0, None)]


def test_json_has_rows_and_circumstances(driver: FakeDriver, exok: Exok, monkeypatch: pytest.MonkeyPatch) -> None:
    samples = [Sample("ours", "empty", 0, 10), Sample("ours", "call", 240, 10)]
    monkeypatch.setattr(Subject, "samples", lambda *_, **__: samples)
    monkeypatch.setattr(bench, "floor_image", lambda: "floor.elf")
    monkeypatch.setattr(bench, "provide_qemu", lambda: "true")
    status, output, _ = exok("bench", "--json", "--boots", "1", "-q")
    told = json.loads(output)
    assert status == 0
    assert told.keys() == {"rows", "qemu", "processor", "accelerator", "counted", "memory", "boots", "host", "commit"}
    assert [(row["name"], row["ours"], row["floor"]) for row in told["rows"]] == [("call", 24.0, 24.0)]
    assert exok("bench", "--boots", "0")[0] == 125

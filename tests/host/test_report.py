"""Reports and the exit status that follows from them."""

import pytest

from exokernel.host.report import Report, parse, verdict

CRASH, PANIC = "crash vector=e error=4 rip=400010 rsp=3ff000 memory=00ff program=bin/cat", "panic vector=6 rip=ffffffff80000000"


def test_a_line_is_a_report() -> None:
    assert parse(b"exit 3\n\ncrash vector=e\nbench {\"a\": 1}") == [
        Report("exit", "3"),
        Report("crash", "vector=e"),
        Report("bench", '{"a": 1}'),
    ]


def test_registers_are_hexadecimal_and_unsigned() -> None:
    [report] = parse(CRASH.encode())
    assert report.registers() == {"vector": 14, "error": 4, "rip": 0x400010, "rsp": 0x3FF000}
    assert report.memory() == b"\0\xff"
    assert report.fields()["program"] == "bin/cat"
    assert Report("panic", "rip=-1").registers() == {"rip": 2**64 - 1}


@pytest.mark.parametrize("text", ["rip=xyz", "memory=zz", "memory=0", "=", "rip"])
def test_a_garbled_report_is_survived(text: str) -> None:
    report = Report("crash", text)
    assert report.registers() == {} and report.memory() == b""


@pytest.mark.parametrize(
    ("lines", "machine_status", "status", "outcome"),
    [
        (["exit 0"], 33, 0, "exit"),
        (["exit 255"], 33, 255, "exit"),
        (["exit 256"], 33, 0, "exit"),
        ([CRASH], 33, 139, "crash"),
        (["crash vector=6"], 33, 132, "crash"),
        (["crash vector=0"], 33, 136, "crash"),
        (["crash"], 33, 137, "crash"),
        (["crash vector=0 reason=overstayed"], 33, 137, "crash"),
        (["crash vector=e reason=no-handler"], 33, 139, "crash"),
        ([CRASH, "exit 4"], 33, 4, "exit"),
        ([CRASH, "exit 139"], 33, 139, "crash"),
        (["exit 139"], 33, 139, "exit"),
        ([PANIC], 33, 134, "panic"),
        (["exit 0", PANIC], 33, 134, "panic"),
        ([], 33, 134, "reset"),
        ([], 0, 134, "reset"),
        ([], 1, 125, "machine"),
        (["exit"], 33, 125, "exit"),
        (["exit x"], 33, 125, "exit"),
    ],
)
def test_the_verdict(lines: list[str], machine_status: int, status: int, outcome: str) -> None:
    end = verdict(parse("\n".join(lines).encode()), machine_status)
    assert (end.status, end.outcome) == (status, outcome)


def test_where_a_crash_happened_may_be_told_before_it() -> None:
    reports = parse(b"fault rip=400000 rsp=7000\ncrash environment=1 vector=6 reason=no-handler\ncrash vector=3\n")
    assert [report.kind for report in reports] == ["crash", "crash"]
    assert reports[0].registers()["rip"] == 0x400000 and "rip" not in reports[1].registers()

"""Addresses become lines of Python, through inlined functions and up the stack."""

from pathlib import Path

import pytest

from exokernel.abi.faults import Fault
from exokernel.host.report import Report
from exokernel.host.symbols import Memory, Place, Symbols
from exokernel.host.traceback import asserted, render, repeated

FAILED_CHECK = bytes.fromhex("670fb94001")
CALL = b"\xe8"


def text_section(image: Symbols) -> bytes:
    return bytes(image.elf.get_section_by_name(".text").data())


def address_of(image: Symbols, name: str) -> int:
    return int(image.elf.get_section_by_name(".symtab").get_symbol_by_name(name)[0]["st_value"])


def return_address(image: Symbols) -> int:
    """Where main goes on after its second call, the one of middle."""
    start = address_of(image, "main")
    code = text_section(image)
    return code.index(CALL, code.index(CALL, start) + 1) + 5


def stopped_in_get(image: Symbols) -> tuple[int, bytes]:
    """Address of the failed check and the stack there: middle has pushed rbx, nothing else."""
    stack = (0xB).to_bytes(8, "little") + return_address(image).to_bytes(8, "little") + bytes(64)
    return text_section(image).index(FAILED_CHECK), stack


def test_a_traceback_goes_through_inlined_functions_and_callers(image: Symbols, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    address, stack = stopped_in_get(image)
    text = render(Report("crash", f"vector=6 rip={address:x} rsp=7000 rbx=5 memory={stack.hex()}"), [image])
    assert text == (
        "Traceback (most recent call last):\n"
        '  File "cells.py", line 11, in main\n'
        "    middle(9)  # line 11\n"
        '  File "cells.py", line 6, in middle\n'
        "    first = get(index)  # line 6\n"
        '  File "cells.py", line 2, in get\n'
        "    return cells[index]  # line 2\n"
        "IndexError: index out of range\n"
    )


def test_the_callers_registers_come_back(image: Symbols) -> None:
    address, stack = stopped_in_get(image)
    caller = image.caller({"rip": address, "rsp": 0x7000, "rbx": 5, "r14": 6}, Memory(0x7000, stack), address)
    assert caller == {"rip": return_address(image), "rsp": 0x7010, "rbx": 0xB, "r14": 6}


def test_a_stack_that_was_not_dumped_ends_the_traceback(image: Symbols) -> None:
    address, _ = stopped_in_get(image)
    text = render(Report("crash", f"vector=6 rip={address:x} rsp=7000 memory=00"), [image])
    assert "in get" in text and "in main" not in text


def test_what_is_not_known_is_left_out(image: Symbols) -> None:
    assert image.places(0xDEAD_0000) == []
    assert not image.covers(0xDEAD_0000)
    text = render(Report("crash", "vector=e error=6 cr2=10 rip=dead0000 rsp=9000 memory="), [image])
    assert text == "MemoryFault: write of 0x10, which is not mapped\n"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ("vector=e error=5 cr2=ffff800000000000", "MemoryFault: read of 0xffff800000000000, which is protected"),
        ("vector=e error=14 cr2=0", "MemoryFault: execution of 0x0, which is not mapped"),
        ("vector=d", "ProtectionFault: the processor forbids this instruction here"),
        ("vector=11", "ProcessorException: alignment"),
        ("vector=6 rip=0", "InvalidInstruction: these bytes are no instruction"),
        ("vector=d reason=no-handler", "ProtectionFault: the processor forbids this instruction here, and the program has no handler for it"),
        ("vector=0 reason=overstayed", "exok: the program kept the processor past the end of its slice"),
        ("", "stopped for a reason it did not report"),
    ],
)
def test_each_exception_has_its_sentence(fields: str, sentence: str) -> None:
    assert render(Report("crash", fields), []) == sentence + "\n"


def test_a_panic_with_a_reason_is_named_by_it() -> None:
    assert render(Report("panic", "reason=no_archive vector=6 rip=0"), []) == "KernelPanic: no archive\n"


def test_places_are_innermost_first(image: Symbols, tmp_path: Path) -> None:
    trap = text_section(image).index(FAILED_CHECK)
    file = str(tmp_path / "cells.py")
    assert image.places(trap) == [Place(file, 2, "get"), Place(file, 6, "middle")]


def test_what_the_compiler_made_itself_is_not_shown(image: Symbols, tmp_path: Path) -> None:
    start = address_of(image, "entry")
    call = text_section(image).index(CALL, start)
    assert image.places(call) == [Place(str(tmp_path / "cells.py"), 11, "main")]


def test_an_exception_nobody_caught_is_named(image: Symbols) -> None:
    code = text_section(image)
    with_kind = code.index(FAILED_CHECK)
    image.exceptions = {4097: "programs.cells.Mishap"}
    image.bytes_at = lambda address, size: FAILED_CHECK[:-1] + bytes([Fault.UNCAUGHT])  # type: ignore[method-assign]
    cause = Report("crash", f"vector=6 rip={with_kind:x} rsp=0 rdx=1001")
    assert render(cause, [image]).endswith("Mishap: nothing caught it\n")
    cause = Report("crash", f"vector=6 rip={with_kind:x} rsp=0 rdx=1002")
    assert render(cause, [image]).endswith("an exception that nothing caught\n")


def test_an_exception_nobody_caught_is_followed_from_its_raise(image: Symbols) -> None:
    address, stack = stopped_in_get(image)
    fields = f"vector=6 rip=0 rsp=9000 raised={address:x} raised_stack=7000 memory={stack.hex()}"
    text = render(Report("crash", fields), [image])
    assert text.index("in main") < text.index("in middle") < text.index("in get")


def test_recursion_is_shown_short() -> None:
    assert repeated("x", 3) == ["x"] * 3
    assert repeated("x", 10) == ["x", "x", "x", "  [Previous line repeated 7 more times]\n"]
    deep = Report("crash", "vector=e error=6 cr2=2fffc8 rip=dead0000 rsp=2fffd0")
    assert render(deep, []) == "RecursionError: the stack is used up\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('def f(x: int) -> None:\n    assert x == 1, "one, or nothing"\n', ": one, or nothing"),
        ("def f(x: int) -> None:\n    assert x == 1\n", ""),
        ("\nthis is no longer Python", ""),
    ],
)
def test_a_failed_assertion_says_what_its_source_says(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "asserting.py").write_text(text)
    assert asserted(Place("asserting.py", 2, "f"), [tmp_path]) == said

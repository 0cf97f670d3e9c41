"""One image boots every board, says clearly why when it cannot, and is quick about it."""

from pathlib import Path

import pytest

from exokernel.abi.layout import EXPOSED
from exokernel.abi.names import FRAMES
from exokernel.abi.tables import MachineState
from exokernel.dialect import offset_of
from exokernel.host.machine import Board
from tests.boot.audit import audited
from tests.boot.guest import Computer, archive_of, mutated_kernel

pytestmark = pytest.mark.boot

PANIC = 35  # QEMU's status after the kernel stopped itself
FRAME_COUNT = (EXPOSED + offset_of(MachineState, "frame_count")) % 2**64
DEVICES = 0xC0000  # frames from here on are no memory on any board
BOOT_LIMIT = 5  # million instructions, firmware included
PROCESSOR = "qemu64,+smap,+smep,+umip"


@pytest.mark.parametrize("board", Board)
@pytest.mark.parametrize("memory", [64, 256, 2048])
def test_the_first_environment_runs_and_ends_the_machine(computer: Computer, board: Board, memory: int) -> None:
    ending = computer.run("halt $7", board=board, memory=memory << 20)
    assert ending.halted == 7
    assert ending.output == ending.error == b""


def test_boot_leaves_what_proofs_begin_with(computer: Computer) -> None:
    """Every invariant, counter and quota: nothing is called before the machine is halted."""
    ending, wrong = audited(computer, "halt $0")
    assert (ending.status, wrong) == (33, [])


WRONG = {  # what boot may get wrong, by what the audit then says
    "quota for": ("first.py", "quota = free + frames_of", "quota = free + 1 + frames_of"),
    "uses_of": ("first.py", "uses=0, region=0", "uses=1, region=0"),
    "frame_beyond_memory_is_reserved": ("memory.py", "frame_count = count", "frame_count = count - 1"),
}


@pytest.mark.parametrize("finding", WRONG)
def test_a_worse_boot_is_noticed(tmp_path: Path, finding: str) -> None:
    ending, wrong = audited(Computer(mutated_kernel(tmp_path / "kernel", [WRONG[finding]]), tmp_path), "halt $0")
    assert ending.status == 33
    assert any(each.startswith(finding) for each in wrong), wrong


@pytest.mark.parametrize("board", Board)
def test_memory_that_we_do_not_see_has_no_names(computer: Computer, board: Board) -> None:
    """What lies above 4 GiB, with registers of devices before it."""
    ending = computer.run(f"movabsq ${FRAME_COUNT}, %rax\n movl (%rax), %ebx\n shrl $12, %ebx\n halt %ebx", board=board, memory=4 << 30)
    assert ending.halted in range(1, (DEVICES >> 12) + 1), ending.reports


def first_from(frame: int) -> str:
    """A guest that takes the first frame from one on that it can get, and halts with its number in units of 16 MiB; 0 if with none."""
    return f"""
        movl ${frame}, %ebx
    8:  movl %ebx, %edi
        xorl %esi, %esi
        ask frame_alloc
        testl %edx, %edx
        jz 7f
        incl %ebx
        cmpl ${FRAMES}, %ebx
        jb 8b
        halt $0
    7:  shrl $12, %ebx
        halt %ebx
    """


@pytest.mark.parametrize("board", Board)
def test_no_register_of_a_device_is_a_frame_to_have(computer: Computer, board: Board) -> None:
    """However much memory there is."""
    assert computer.run(first_from(DEVICES), board=board, memory=4 << 30).halted == 0
    assert computer.run(first_from(1 << 15), board=board, memory=4 << 30).halted == 1 << 3


def test_writable_data_is_a_copy_and_the_rest_of_its_page_is_empty(computer: Computer) -> None:
    ending = computer.run("""
        movq word, %rax
        addq word + 8, %rax
        incq word
        addq word, %rax
        movl %eax, %ebx
        halt %ebx
    .data
    word: .quad 5
    """)
    assert ending.halted == 11


def test_boot_takes_few_instructions(computer: Computer) -> None:
    ending = computer.run("rdtsc\n shrl $20, %eax\n movl %eax, %ebx\n halt %ebx", memory=256 << 20)
    assert ending.halted is not None and ending.halted < BOOT_LIMIT


def test_without_an_archive_it_says_so(computer: Computer) -> None:
    ending = computer.boot(None)
    assert ending.status == PANIC
    assert ending.reports[-1].startswith("panic reason=no_archive ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nothing of the kind" * 1000, "no_archive"),
        (archive_of(b"no program"), "no_program"),
    ],
)
def test_a_bad_archive_is_refused(computer: Computer, content: bytes, reason: str) -> None:
    archive = computer.folder / "archive"
    archive.write_bytes(content)
    ending = computer.boot(archive)
    assert ending.status == PANIC
    assert ending.reports[-1].startswith(f"panic reason={reason} ")


@pytest.mark.parametrize("protection", ["smep", "smap", "umip", "nx"])
def test_it_does_not_run_without_a_protection(computer: Computer, protection: str) -> None:
    words = f"{PROCESSOR},-{protection}" if protection == "nx" else PROCESSOR.replace(f",+{protection}", "")
    ending = computer.run("halt $0", also=["-cpu", words])
    assert ending.status == PANIC
    assert ending.reports[-1].startswith(f"panic reason={protection.upper()} ")

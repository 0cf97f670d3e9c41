"""The machine's command line and the sizes it takes."""

import pytest

from exokernel.host.machine import MEBIBYTE, Board, Machine, Streams, memory_for, parse_size

STREAMS = Streams(10, 11, 12)


def test_the_command_says_only_what_was_asked() -> None:
    words = Machine("kernel.elf").command("qemu", STREAMS)
    assert words[0] == "qemu" and words[words.index("-kernel") + 1] == "kernel.elf"
    assert not {"-initrd", "-append", "-icount", "-gdb", "-S"} & set(words)
    assert {"-no-reboot", "-nodefaults", "-no-user-config"} <= set(words)


def test_each_option_has_its_words() -> None:
    machine = Machine("k", "a", 64 * MEBIBYTE, Board.Q35, "quiet", counted=True, debugger="/run/gdb")
    line = " ".join(machine.command("qemu", STREAMS))
    for words in ("-M q35", "-m 64M", "-initrd a", "-append quiet", "-icount shift=0,sleep=off", "-S -gdb unix:/run/gdb"):
        assert words in line


@pytest.mark.parametrize(("text", "size"), [("256M", 256), ("1G", 1024), ("65536K", 64), ("32", 32), ("2g", 2048)])
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size * MEBIBYTE


@pytest.mark.parametrize("text", ["", "M", "12X", "-5M", "0", "1K", "x"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError):
        parse_size(text)


def test_memory_leaves_room_beside_the_archive() -> None:
    assert memory_for(0) == 128 * MEBIBYTE
    assert memory_for(1) == 192 * MEBIBYTE
    assert memory_for(256 * MEBIBYTE) == 384 * MEBIBYTE
    assert memory_for(4096 * MEBIBYTE) == 2048 * MEBIBYTE
